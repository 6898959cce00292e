"""Talks to the stand-in Bugzilla with PyPI's `python-bugzilla`. Arguments: its URL, the number of a clone of bug 5."""

import sys

import bugzilla
from bugzilla.exceptions import BugzillaError

url, clone = sys.argv[1] + "/rest", int(sys.argv[2])


def client(kind, key):
    return kind(url, api_key=key, force_rest=True, use_creds=False, tokenfile=None, cookiefile=None)


def refused(code, call):
    try:
        call()
    except BugzillaError as error:
        assert error.code == code, error
        return
    raise AssertionError(f"expected {code}")


# The key in the query, and as Red Hat's server wants it.
theirs = client(bugzilla.Bugzilla, "bugzilla-key")
red_hat = client(bugzilla.RHBugzilla, "bugzilla-key")
for one in (theirs, red_hat):
    bug = one.getbug(5)
    assert (bug.id, bug.summary, bug.status, bug.severity) == (5, "It fails", "NEW", "high"), bug
    assert bug.target_release == ["4.1.0"] and clone in bug.blocks

assert [comment["text"] for comment in bug.getcomments()] == ["Always.", "Ours."]
links = red_hat.getbug(5, include_fields=["id", "external_bugs"]).external_bugs
assert [link["ext_bz_bug_id"] for link in links] == ["o/r/pull/7"]
assert theirs.getbug("a-clone").id == clone
assert theirs.getbug(clone).depends_on == [5]
found = theirs.query({"summary": "It fails"})
assert sorted(bug.id for bug in found) == [5, clone], found

theirs.update_bugs([5], theirs.build_update(comment="Theirs.", comment_private=True))
assert bug.getcomments()[-1]["is_private"]
theirs.update_bugs([5], theirs.build_update(status="CLOSED", resolution="NOTABUG"))
new = theirs.createbug(
    theirs.build_createbug(product="Product", component="component", summary="New", version="4.1", description="It is.")
)
assert theirs.getbug(new.id).summary == "New"
theirs.update_bugs([new.id], theirs.build_update(depends_on_add=[5]))
assert new.id in theirs.getbug(5).blocks

refused(101, lambda: theirs.getbug(999))
refused(102, lambda: theirs.getbug(7))
refused(51, lambda: theirs.update_bugs([5], theirs.build_update(status="NO_SUCH")))
refused(306, lambda: client(bugzilla.Bugzilla, "wrong").getbug(5))
