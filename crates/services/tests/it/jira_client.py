"""Talks to the stand-in Jira with PyPI's `jira`. Argument: its URL."""

import sys

from jira import JIRA
from jira.exceptions import JIRAError

url = sys.argv[1]
options = {"max_retries": 0}


def refused(status, call):
    try:
        call()
    except JIRAError as error:
        assert error.status_code == status, (error.status_code, error.text)
        return error.text
    raise AssertionError(f"expected {status}")


theirs = JIRA(url, basic_auth=("bot", "jira-password"), **options)
assert theirs.myself()["name"] == "bot"
assert sorted(project.key for project in theirs.projects()) == ["ABC", "DEF", "EMPTY"]

issue = theirs.issue("ABC-123")
assert (issue.key, issue.fields.summary, issue.fields.status.name) == ("ABC-123", "It fails", "To Do")
assert theirs.issue(issue.id).key == "ABC-123"
assert refused(404, lambda: theirs.issue("ABC-999")) == "Issue Does Not Exist"

# The link that our client made, its icon and global id included.
page = "https://github.com/o/r/pull/1"
(link,) = theirs.remote_links(issue)
assert (link.object.url, link.object.title, link.globalId) == (page, "o/r#1: ours", page)
assert link.object.icon.url16x16 == "https://github.com/favicon.ico"
link.update({"url": page, "title": "o/r#1: theirs"}, globalId=page)
assert theirs.remote_link(issue, link.id).object.title == "o/r#1: theirs"

theirs.add_simple_link(issue, {"url": "https://github.com/o/r/pull/2", "title": "o/r#2: new"})
gone = theirs.add_simple_link(issue, {"url": "https://github.com/o/r/pull/3", "title": "o/r#3"})
assert len(theirs.remote_links(issue)) == 3
theirs.remote_link(issue, gone.id).delete()
assert len(theirs.remote_links(issue)) == 2

new = theirs.create_issue(project="EMPTY", summary="One more", issuetype={"name": "Bug"})
assert new.key == "EMPTY-1" and new.fields.summary == "One more"

reader = JIRA(url, token_auth="reader-token", **options)
assert reader.issue("DEF-1").fields.status.name == "Done"
refused(403, lambda: reader.add_simple_link(issue, {"url": page, "title": "no"}))
wrong = JIRA(url, token_auth="wrong", get_server_info=False, **options)
refused(401, lambda: wrong.issue("ABC-123"))
