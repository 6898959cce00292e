use std::sync::Arc;

use git::{Error, Owners};
use prow::owners::{Denied, Names, Terms, Tree};

use crate::support::{World, repo};

fn names(list: &std::collections::BTreeSet<String>) -> String {
    list.iter().cloned().collect::<Vec<_>>().join(" ")
}

async fn on_terms(owners: &Owners, terms: &Terms, path: &str) -> String {
    names(&owners.of_branch(&repo(), "main", terms).await.unwrap().file_owners(path).approvers)
}

async fn approvers(owners: &Owners, branch: &str, path: &str) -> String {
    let tree = owners.of_branch(&repo(), branch, &Terms::default()).await.unwrap();
    names(&tree.file_owners(path).approvers)
}

#[tokio::test]
async fn owners_are_those_of_the_branch_as_it_is_now() {
    let world = World::new();
    let files = [
        ("OWNERS", Some("approvers: [Root]\nreviewers: [rita]\nlabels: [Kind/X]\n")),
        ("OWNERS_ALIASES", Some("aliases:\n  team: [anna, bob]\n  none:\n")),
        ("a/OWNERS", Some("options: {no_parent_owners: true}\nfilters:\n  '\\.go$': {approvers: [team]}\n")),
        ("b/OWNERS", Some("approvers: bob\n")),
        ("vendor/x/y/OWNERS", Some("approvers: [vendored]\n")),
        ("README.md", Some("---\napprovers: [mark]\n---\n")),
    ];
    let first = world.commit("main", &[], &files);
    world.commit("release", &[&first], &[("OWNERS", Some("approvers: [released]\n"))]);
    let owners = Owners::new(world.mirrors());
    assert_eq!(approvers(&owners, "main", "a/x.go").await, "anna bob");
    assert_eq!(approvers(&owners, "main", "a/x.md").await, "root");
    assert_eq!(approvers(&owners, "main", "b/x").await, "root");
    assert_eq!(approvers(&owners, "main", "vendor/x/y/z").await, "root");
    assert_eq!(approvers(&owners, "main", "README.md").await, "root");
    assert_eq!(approvers(&owners, "release", "x").await, "released");
    let usual = Terms::default();
    let tree = owners.of_branch(&repo(), "main", &usual).await.unwrap();
    let one = tree.file_owners("x");
    assert_eq!((names(&one.reviewers), names(&one.labels)), ("rita".to_owned(), "Kind/X".to_owned()));
    assert_eq!(names(&tree.whole().top_level_approvers()), "root");
    assert_eq!(names(&tree.whole().all_owners()), "anna bob rita root");
    let groups: Vec<_> = tree.aliases().iter().map(|(name, members)| (name, names(members))).collect();
    assert_eq!(groups, [("none", String::new()), ("team", "anna bob".to_owned())]);
    // What changes, changes; what goes, goes; what stays is not read again.
    let second = world.commit("main", &[&first], &[("x", Some("1\n"))]);
    let same = owners.of_commit(&repo(), &second, &usual).await.unwrap();
    assert!(Arc::ptr_eq(&same, &owners.of_branch(&repo(), "main", &usual).await.unwrap()));
    let third = world.commit("main", &[&second], &[("OWNERS_ALIASES", Some("aliases: {team: [carl]}\n"))]);
    assert_eq!(approvers(&owners, "main", "a/x.go").await, "carl");
    let fourth = world.commit("main", &[&third], &[("a/OWNERS", None)]);
    assert_eq!(approvers(&owners, "main", "a/x.go").await, "root");
    world.commit("main", &[&fourth], &[("b/c/OWNERS", Some("approvers: [carla]\n"))]);
    assert_eq!(approvers(&owners, "main", "b/c/d").await, "carla root");
    assert!(matches!(owners.of_branch(&repo(), "absent", &usual).await, Err(Error::NotFound(_))));
    assert!(matches!(owners.of_branch(&repo(), "../x", &usual).await, Err(Error::Invalid(_))));
}

/// What is the same tree was not read again.
#[track_caller]
fn check_reused(before: &Arc<Tree>, after: &Arc<Tree>, want: bool) {
    assert_eq!(Arc::ptr_eq(before, after), want);
}

#[tokio::test]
async fn case_02_a_branch_has_its_own_owners() {
    let world = World::new();
    let first = world.commit("main", &[], &[("OWNERS", Some("approvers: [root]\n"))]);
    world.commit("release-1.10", &[&first], &[("OWNERS", Some("approvers: [keeper]\n"))]);
    let owners = Owners::new(world.mirrors());
    assert_eq!(approvers(&owners, "main", "x").await, "root");
    assert_eq!(approvers(&owners, "release-1.10", "x").await, "keeper");
}

#[tokio::test]
async fn case_09_what_ordinary_files_change_is_not_read_again() {
    let world = World::new();
    // Also without a file of aliases, where Prow reads all of it again.
    let first = world.commit("main", &[], &[("OWNERS", Some("approvers: [root]\n"))]);
    let (owners, terms) = (Owners::new(world.mirrors()), Terms::default());
    let before = owners.of_branch(&repo(), "main", &terms).await.unwrap();
    check_reused(&before, &owners.of_branch(&repo(), "main", &terms).await.unwrap(), true);
    world.commit("main", &[&first], &[("x.go", Some("1\n")), ("notes.md", Some("---\napprovers: [mark]\n---\n"))]);
    check_reused(&before, &owners.of_branch(&repo(), "main", &terms).await.unwrap(), true);
}

#[tokio::test]
async fn case_10_what_owners_and_aliases_change_and_other_terms_is_read() {
    let world = World::new();
    let first = world.commit("main", &[], &[("OWNERS", Some("approvers: [team]\n"))]);
    let (owners, terms) = (Owners::new(world.mirrors()), Terms::default());
    let before = owners.of_branch(&repo(), "main", &terms).await.unwrap();
    let second = world.commit("main", &[&first], &[("OWNERS_ALIASES", Some("aliases: {team: [anna]}\n"))]);
    let aliased = owners.of_branch(&repo(), "main", &terms).await.unwrap();
    check_reused(&before, &aliased, false);
    world.commit("main", &[&second], &[("a/OWNERS", Some("approvers: [bob]\n"))]);
    let two = owners.of_branch(&repo(), "main", &terms).await.unwrap();
    check_reused(&aliased, &two, false);
    assert_eq!(approvers(&owners, "main", "a/x").await, "anna bob");
    let markdown = Terms { names: Names { markdown: true, ..Names::default() }, denied: Denied::default() };
    check_reused(&two, &owners.of_branch(&repo(), "main", &markdown).await.unwrap(), false);
    let denied = Denied { patterns: vec!["^a$".to_owned()], ..Denied::default() };
    assert_eq!(on_terms(&owners, &Terms { denied, ..terms }, "a/x").await, "anna");
}

#[tokio::test]
async fn case_11_markdown_matters_where_it_is_configured() {
    let world = World::new();
    let first = world.commit("main", &[], &[("OWNERS", Some("approvers: [root]\n")), ("a.md", Some("# A\n"))]);
    let (owners, plain) = (Owners::new(world.mirrors()), Terms::default());
    let markdown = Terms { names: Names { markdown: true, ..Names::default() }, denied: Denied::default() };
    let (off, on) = (
        owners.of_branch(&repo(), "main", &plain).await.unwrap(),
        owners.of_branch(&repo(), "main", &markdown).await.unwrap(),
    );
    world.commit("main", &[&first], &[("a.md", Some("---\napprovers: [mark]\n---\n# A\n"))]);
    check_reused(&off, &owners.of_branch(&repo(), "main", &plain).await.unwrap(), true);
    check_reused(&on, &owners.of_branch(&repo(), "main", &markdown).await.unwrap(), false);
    assert_eq!(on_terms(&owners, &markdown, "a.md").await, "mark root");
}

#[tokio::test]
async fn markdown_other_names_and_denied_folders_are_a_matter_of_configuration() {
    let world = World::new();
    let files = [
        ("CODE", Some("approvers: [root]\n")),
        ("a/CODE", Some("approvers: [anna]\n")),
        ("a/b.md", Some("---\napprovers: [mark]\n---\n# B\n")),
        ("vendor/x/y/CODE", Some("approvers: [vendored]\n")),
    ];
    world.commit("main", &[], &files);
    let names = Names { owners: "CODE".to_owned(), aliases: "GROUPS".to_owned(), markdown: true };
    let denied = Denied { patterns: vec!["^a$".to_owned()], ignore_preconfigured_defaults: true };
    // One client, on any terms: what was read on others is not mistaken for what is asked.
    let owners = Owners::new(world.mirrors());
    let other = Terms { names, denied };
    assert_eq!(on_terms(&owners, &Terms::default(), "a/x").await, "");
    assert_eq!(on_terms(&owners, &other, "a/x").await, "root");
    assert_eq!(on_terms(&owners, &other, "vendor/x/y/z").await, "root vendored");
    let undenied = Terms { names: other.names.clone(), denied: Denied::default() };
    assert_eq!(on_terms(&owners, &undenied, "a/b.md").await, "anna mark root");
    let markdown = Terms { names: Names { markdown: true, ..Names::default() }, denied: Denied::default() };
    assert_eq!(on_terms(&owners, &markdown, "a/b.md").await, "mark");
    assert_eq!(on_terms(&owners, &other, "a/b.md").await, "root");
}

#[tokio::test]
async fn files_of_more_than_64_mib_are_refused_and_markdown_counts_where_it_is_read() {
    let world = World::new();
    let long = "x".repeat(33 << 20);
    let files = [("OWNERS", Some("approvers: [root]\n")), ("a.md", Some(long.as_str())), ("b.md", Some(long.as_str()))];
    let first = world.commit("main", &[], &files);
    let owners = Owners::new(world.mirrors());
    let markdown = Terms { names: Names { markdown: true, ..Names::default() }, denied: Denied::default() };
    assert_eq!(on_terms(&owners, &Terms::default(), "x").await, "root");
    let refused = owners.of_branch(&repo(), "main", &markdown).await.unwrap_err().to_string();
    assert!(refused.contains("Markdown") && refused.contains("over 64 MiB together"), "{refused}");
    // With one of them denied, or gone, there is room.
    let denied = Denied { patterns: vec!["^b$".to_owned()], ..Denied::default() };
    world.commit("main", &[&first], &[("b.md", None), ("b/b.md", Some(long.as_str()))]);
    assert_eq!(on_terms(&owners, &Terms { denied, ..markdown }, "x").await, "root");
}

#[test]
fn a_text_is_parsed_or_refused_with_its_place() {
    let sections = Owners::parse("filters:\n  '.*': {approvers: [Anna]}\n  '\\.go$': {labels: [go]}\n").unwrap();
    let shown: Vec<_> =
        sections.iter().map(|one| (one.pattern.as_str(), names(&one.approvers), names(&one.labels))).collect();
    assert_eq!(shown, [(".*", "anna".to_owned(), String::new()), ("\\.go$", String::new(), "go".to_owned())]);
    let refused = Owners::parse("approvers:\n- anna\nreviewers: bob\n").unwrap_err().to_string();
    assert_eq!(refused, "OWNERS:3:12: `reviewers`: found the text `bob`, where a list belongs");
}

#[tokio::test]
async fn a_link_that_stays_in_the_repository_is_followed() {
    let world = World::new();
    let files = [
        ("OWNERS", Some("approvers: [root]\n")),
        ("common/OWNERS", Some("approvers: [team]\n")),
        ("common/GROUPS", Some("aliases: {team: [anna]}\n")),
    ];
    let links = [
        ("OWNERS_ALIASES", "common/GROUPS"),
        ("a/OWNERS", "../common/OWNERS"),
        ("b/OWNERS", "/etc/passwd"),
        ("c/OWNERS", "../../OWNERS"),
        ("d/OWNERS", "OWNERS"),
        ("e", "common"),
    ];
    let first = world.commit_with_links("main", &[], &files, &links);
    let owners = Owners::new(world.mirrors());
    assert_eq!(approvers(&owners, "main", "a/x").await, "anna root");
    for passed_over in ["b/x", "c/x", "d/x"] {
        assert_eq!(approvers(&owners, "main", passed_over).await, "root");
    }
    // Nobody walks into a folder that is a link; what it shows is at its own place.
    assert_eq!(approvers(&owners, "main", "e/x").await, "root");
    // What it leads to changes, and the link does not.
    world.commit("main", &[&first], &[("common/OWNERS", Some("approvers: [bob]\n"))]);
    assert_eq!(approvers(&owners, "main", "a/x").await, "bob root");
}
