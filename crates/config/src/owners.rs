//! OWNERS and OWNERS_ALIASES, read as Prow reads them: what cannot be read counts for nothing, and of a key that stands
//! twice the last counts; both are told beside what was read.

use prow::owners::{Aliases, Full, OwnersFile, Simple};
use prow::problem::KeyPath;

use crate::fault::Fault;
use crate::node::{Kind, Node};
use crate::yaml;

/// What was read, and what of it could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lenient<T> {
    /// What counts.
    pub value: T,
    /// Why the file does not say what its author meant; the value is then as much as could be had.
    pub fault: Option<Fault>,
}

/// Reads an OWNERS file; `file` is its name in faults.
///
/// Behaviour: Prow pkg/repoowners, `ParseSimpleConfig` and `ParseFullConfig`: the shape without filters comes first; where
/// it does not fit, or names nobody, the one with filters. Where neither is meant well the fault is about the former.
pub fn owners(file: &str, text: &str) -> Lenient<OwnersFile> {
    let (document, twice) = match yaml::parse_leniently(file, text) {
        Ok(read) => read,
        Err(fault) => return Lenient { value: OwnersFile::default(), fault: Some(fault) },
    };
    let read = in_either_shape(file, &document);
    Lenient { fault: read.fault.or(twice), ..read }
}

fn in_either_shape(file: &str, document: &Node) -> Lenient<OwnersFile> {
    let simple = match yaml::from_node::<Simple>(file, document) {
        Ok(simple) if !simple.is_empty() => return Lenient { value: simple.into(), fault: None },
        read => read,
    };
    match (yaml::from_node::<Full>(file, document), simple) {
        (Ok(full), Ok(_)) => Lenient { value: full.into(), fault: None },
        (Ok(full), Err(fault)) => {
            let fault = full.filters.is_empty().then_some(fault);
            Lenient { value: full.into(), fault }
        }
        // A text that fits the shape without filters but has none of its lists was meant to have filters.
        (Err(fault), Ok(_)) => Lenient { value: OwnersFile::default(), fault: Some(fault) },
        (Err(full), Err(simple)) => {
            let meant_filters = full.message.starts_with("`filters");
            Lenient { value: OwnersFile::default(), fault: Some(if meant_filters { full } else { simple }) }
        }
    }
}

/// Reads the header of a Markdown file: what stands between a first line `---` and the last such line. `None` if it has
/// no header, or one without owners.
pub fn markdown(file: &str, text: &str) -> Option<OwnersFile> {
    let header = text.strip_prefix("---\n")?;
    let end = header.rfind("\n---")?;
    // An inner `---` line begins a second document, of which nothing is read.
    let (document, _) = yaml::parse_leniently(file, &header[..end]).ok()?;
    let simple = yaml::from_node::<Simple>(file, &document).ok()?;
    (!simple.is_empty()).then(|| simple.into())
}

/// Reads OWNERS_ALIASES. A group is a list of logins, a mapping whose keys are the logins, or nothing; the first that is
/// something else ends the reading.
pub fn aliases(file: &str, text: &str) -> Lenient<Aliases> {
    let mut aliases = Aliases::default();
    let read = yaml::parse_leniently(file, text)
        .and_then(|(document, twice)| read_aliases(file, &document, &mut aliases).map(|()| twice));
    Lenient { value: aliases, fault: read.unwrap_or_else(Some) }
}

fn read_aliases(file: &str, document: &Node, aliases: &mut Aliases) -> Result<(), Fault> {
    let groups = match &document.kind {
        Kind::Null => return Ok(()),
        Kind::Map(entries) => entries.iter().find(|(key, _)| key.text == "aliases").map(|(_, value)| value),
        _ => return Err(unfit(file, document, &KeyPath::root(), "a mapping with the key `aliases` belongs here")),
    };
    let path = KeyPath::root().key("aliases");
    match groups.map(|groups| (&groups.kind, groups)) {
        None | Some((Kind::Null, _)) => Ok(()),
        Some((Kind::Map(groups), _)) => groups.iter().try_for_each(|(name, members)| {
            aliases.add(&name.text, logins(file, members, &path.key(&name.text))?);
            Ok(())
        }),
        Some((_, groups)) => {
            Err(unfit(file, groups, &path, "a mapping from a group's name to its members belongs here"))
        }
    }
}

fn logins<'a>(file: &str, members: &'a Node, path: &KeyPath) -> Result<Vec<&'a str>, Fault> {
    match &members.kind {
        Kind::Null => Ok(Vec::new()),
        Kind::Map(entries) => Ok(entries.iter().map(|(key, _)| key.text.as_str()).collect()),
        Kind::List(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| match &item.kind {
                Kind::Text(text) => Ok(text.as_str()),
                _ => Err(unfit(file, item, &path.index(index), "a login belongs here: quote it, if it is one")),
            })
            .collect(),
        _ => {
            Err(unfit(file, members, path, "a list of logins belongs here: write each on a line of its own, with `- `"))
        }
    }
}

fn unfit(file: &str, node: &Node, path: &KeyPath, wanted: &str) -> Fault {
    let place = if path.0.is_empty() { String::new() } else { format!("`{path}`: ") };
    Fault { file: file.to_owned(), at: node.at, message: format!("{place}{wanted}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pattern: approvers; reviewers; required reviewers; labels`, a line a section, and the options that are set.
    fn shown(file: &OwnersFile) -> String {
        let mut text = String::new();
        for section in &file.sections {
            let lists = [&section.approvers, &section.reviewers, &section.required_reviewers, &section.labels];
            let lists = lists.map(|list| list.iter().cloned().collect::<Vec<_>>().join(" "));
            text.push_str(&format!("{}: {}\n", section.pattern, lists.join("; ")));
        }
        text.push_str(if file.options.no_parent_owners { "alone\n" } else { "" });
        text.push_str(if file.options.auto_approve_unowned_subfolders { "auto\n" } else { "" });
        text
    }

    #[track_caller]
    fn check(text: &str, want: &str, fault: Option<&str>) {
        let read = owners("a/OWNERS", text);
        assert_eq!(
            (shown(&read.value).as_str(), read.fault.map(|f| f.to_string()).as_deref()),
            (want, fault),
            "{text:?}"
        );
    }

    #[test]
    fn owners_files_come_in_two_shapes() {
        check("approvers:\n- Bob\n- '@alice'\nreviewers: [carl]\n", ".*: alice bob; carl; ; \n", None);
        check("required_reviewers: [x]\nlabels: [Sig/Y]\n", ".*: ; ; x; Sig/Y\n", None);
        check(
            "options: {no_parent_owners: true}\nfilters:\n  \".*\": {approvers: [a]}\n  '\\.go$': {labels: [go]}\n",
            ".*: a; ; ; \n\\.go$: ; ; ; go\nalone\n",
            None,
        );
        check("options:\n  auto_approve_unowned_subfolders: true\n", "auto\n", None);
        check("emeritus_approvers: [old]\nsecurity_contacts: [x]\napprovers: [a]\n", ".*: a; ; ; \n", None);
        check("approvers: [a]\nfilters: {\"x\": {approvers: [b]}}\n", ".*: a; ; ; \n", None);
        check("approvers: [12, on]\n", ".*: 12 true; ; ; \n", None);
        check("approvers:\nfilters:\n", "", None);
        check("", "", None);
    }

    #[test]
    fn what_is_no_owners_file_is_told_with_its_place() {
        check(
            "approvers: alice\n",
            "",
            Some("a/OWNERS:1:12: `approvers`: found the text `alice`, where a list belongs"),
        );
        check("approvers: alice\nfilters: {x: {approvers: [b]}}\n", "x: b; ; ; \n", None);
        check(
            "filters:\n  x:\n    approvers: bob\n",
            "",
            Some("a/OWNERS:3:16: `filters.x.approvers`: found the text `bob`, where a list belongs"),
        );
        check("- a\n", "", Some("a/OWNERS:1:1: found a list, where a mapping belongs"));
        let read = owners("a/OWNERS", "approvers:\n- a\n b: [\n");
        assert!(read.fault.unwrap().to_string().starts_with("a/OWNERS:3:"));
        let both = owners("OWNERS", "options: {no_parent_owners: true}\napprovers: alice\n");
        assert!(both.value.options.no_parent_owners && both.fault.is_some());
    }

    #[test]
    fn of_a_key_that_stands_twice_the_last_counts_and_a_warning_says_so() {
        let twice = |at: &str, key: &str| format!("{at}: the key `{key}` stands here a second time: remove one");
        let second = twice("a/OWNERS:3:1", "approvers");
        check("approvers: [a]\nreviewers: [r]\napprovers: [b]\n", ".*: b; r; ; \n", Some(&second));
        let nested = twice("a/OWNERS:3:3", "x");
        check("filters:\n  x: {labels: [a]}\n  x: {labels: [b]}\n", "x: ; ; ; b\n", Some(&nested));
        // What cannot be read weighs more than what stands twice.
        check(
            "approvers: [a]\napprovers: b\n",
            "",
            Some("a/OWNERS:2:12: `approvers`: found the text `b`, where a list belongs"),
        );
        check_aliases(
            "aliases:\n  t: [a]\n  u: [c]\n  t: [b]\n",
            "t: b; u: c",
            Some(&twice("OWNERS_ALIASES:4:3", "t")),
        );
        check_aliases("aliases: {t: [a]}\naliases: {u: [b]}\n", "u: b", Some(&twice("OWNERS_ALIASES:2:1", "aliases")));
        check_markdown("---\napprovers: [a]\napprovers: [b]\n---\n", Some(".*: b; ; ; \n"));
    }

    #[track_caller]
    fn check_aliases(text: &str, want: &str, fault: Option<&str>) {
        let read = aliases("OWNERS_ALIASES", text);
        let groups = read
            .value
            .iter()
            .map(|(name, members)| format!("{name}: {}", members.iter().cloned().collect::<Vec<_>>().join(" ")));
        let groups = groups.collect::<Vec<_>>().join("; ");
        assert_eq!((groups.as_str(), read.fault.map(|f| f.to_string()).as_deref()), (want, fault), "{text:?}");
    }

    #[test]
    fn case_14_a_group_is_a_list_or_empty() {
        let no_list = "a list of logins belongs here: write each on a line of its own, with `- `";
        let fault = |at: &str| format!("OWNERS_ALIASES:{at}: `aliases.team`: {no_list}");
        check_aliases("aliases:\n  team: anna\n", "", Some(&fault("2:9")));
        // The dashes begin another line of the same text: the indentation is wrong.
        check_aliases("aliases:\n  team: anna\n    - bob\n", "", Some(&fault("2:9")));
        check_aliases("aliases:\n  team:\n  - anna\n  none:\n  nobody: {}\n", "nobody: ; none: ; team: anna", None);
    }

    #[test]
    fn groups_come_in_three_shapes() {
        check_aliases(
            "aliases:\n  A:\n  - Bob\n  - '@x'\n  b: {c, d}\n  e:\n  f: {}\n",
            "a: bob x; b: c d; e: ; f: ",
            None,
        );
        check_aliases("", "", None);
        check_aliases("other: 1\n", "", None);
        check_aliases("aliases:\n", "", None);
        check_aliases(
            "aliases:\n  a: [x]\n  b: y\n  c: [z]\n",
            "a: x",
            Some(
                "OWNERS_ALIASES:3:6: `aliases.b`: a list of logins belongs here: write each on a line of its own, with `- `",
            ),
        );
        check_aliases(
            "aliases:\n  a:\n  - x\n  - 7\n",
            "",
            Some("OWNERS_ALIASES:4:5: `aliases.a[1]`: a login belongs here: quote it, if it is one"),
        );
        check_aliases("- a\n", "", Some("OWNERS_ALIASES:1:1: a mapping with the key `aliases` belongs here"));
    }

    #[track_caller]
    fn check_markdown(text: &str, want: Option<&str>) {
        assert_eq!(markdown("a.md", text).map(|file| shown(&file)).as_deref(), want, "{text:?}");
    }

    #[test]
    fn a_markdown_header_runs_to_the_last_line_of_dashes() {
        check_markdown("---\napprovers: [a]\n---\n# Title\n", Some(".*: a; ; ; \n"));
        check_markdown("---\ntitle: x\n---\n", None);
        check_markdown("# Title\n---\napprovers: [a]\n---\n", None);
        check_markdown("---\napprovers: [a]\n", None);
        check_markdown("---\napprovers: [a]\n---\ntext: [\n---\n", Some(".*: a; ; ; \n"));
    }
}
