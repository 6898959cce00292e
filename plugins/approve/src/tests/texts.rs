//! The notification, word by word.

use super::world::{World, check, owned};

#[test]
fn a_pull_request_that_waits() {
    let world = World::changing(&["a/a.go", "c/c.go", "e/e.go"]).says("Alice", "/approve").needing_an_issue();
    let want = r#"[APPROVALNOTIFIER] This PR is **NOT APPROVED**

Approved by: *<a href="https://github.com/org/repo/pull/7#1" title="Approved">Alice</a>*

**As soon as it is reviewed** and labelled `lgtm`, please ask [spxtr](https://github.com/spxtr) for approval, and assign [cblecker](https://github.com/cblecker) for it too. [How reviews go](https://git.k8s.io/community/contributors/guide/owners.md#the-code-review-process).

*No issue*. Name one in the description, like `#123`, or let somebody who may approve say `/approve no-issue`.

[All commands](https://go.k8s.io/bot-commands?repo=org%2Frepo) of this bot.

<details open>

Somebody who may approve has to do so for each of:

- ~~[a/OWNERS](https://github.com/org/repo/blob/main/a/OWNERS)~~ [Alice]
- **[c/OWNERS](https://github.com/org/repo/blob/main/c/OWNERS)**
- **[e/OWNERS](https://github.com/org/repo/blob/main/e/OWNERS)**

Approve with a comment `/approve`.
Take an approval back with a comment `/approve cancel`.
</details>
<!-- META={"approvers":["cblecker","spxtr"]} -->"#;
    assert_eq!(world.comment(), want);
}

#[test]
fn a_pull_request_that_is_approved() {
    let world = World::changing(&["a/a.go", "root.go"]).with("", owned(&["root"])).says("root", "/approve");
    let world = world.says("bob", "/approve").set(|settings| {
        settings.command_help_link = "https://prow.example/help".to_owned();
        settings.pr_process_link = "https://example/process".to_owned();
    });
    let want = r#"[APPROVALNOTIFIER] This PR is **APPROVED**

Approved by: *<a href="https://github.com/org/repo/pull/7#2" title="Approved">bob</a>*, *<a href="https://github.com/org/repo/pull/7#1" title="Approved">root</a>*

[All commands](https://prow.example/help?repo=org%2Frepo) of this bot.

[How pull requests are reviewed](https://example/process).

<details>

Somebody who may approve has to do so for each of:

- ~~[OWNERS](https://github.com/org/repo/blob/main/OWNERS)~~ [root]

Approve with a comment `/approve`.
Take an approval back with a comment `/approve cancel`.
</details>
<!-- META={"approvers":[]} -->"#;
    assert_eq!(world.comment(), want);
}

#[test]
fn case_22_links_lead_to_the_branch_the_server_and_the_file() {
    let mut world = World::changing(&["c/c.go", "docs/a b.md"]).with("docs/a b.md", owned(&["writer"]));
    world.facts.pr.base.name = "dev".to_owned();
    world.facts.pr.html_url = "https://github.mycorp.com/org/repo/pull/7".to_owned();
    let comment = world.comment();
    for part in [
        "- **[c/OWNERS](https://github.mycorp.com/org/repo/blob/dev/c/OWNERS)**\n",
        "- **[docs/a b.md](https://github.mycorp.com/org/repo/blob/dev/docs/a%20b.md)**\n",
        "[writer](https://github.mycorp.com/writer)",
    ] {
        assert!(comment.contains(part), "{part:?} is not in:\n{comment}");
    }
    assert!(!comment.contains("https://github.com"), "{comment}");
}

/// As `owners.filenames` of plugins.yaml says.
#[test]
fn links_lead_to_what_owners_files_are_called() {
    #[track_caller]
    fn check_links(files: &[&'static str], want: &[&str]) {
        let mut world = World::changing(files).with("b.md", owned(&["writer"]));
        world.facts.owners_file = "CODE".to_owned();
        let comment = world.comment();
        let links: Vec<&str> = comment.lines().filter_map(|line| line.strip_prefix("- **")).collect();
        assert_eq!(links, want);
    }
    let (root, below) = (
        "[CODE](https://github.com/org/repo/blob/main/CODE)**",
        "[a/CODE](https://github.com/org/repo/blob/main/a/CODE)**",
    );
    check_links(&["a/a.go", "root.go"], &[root]);
    check_links(&["a/a.go", "b.md"], &[below, "[b.md](https://github.com/org/repo/blob/main/b.md)**"]);
}

#[test]
fn a_folder_that_is_approved_in_part() {
    let filters = super::world::Owns::default().filter(r"\.go$", &["gopher"]).filter(r"\.md$", &["writer"]);
    let world = World::changing(&["f/x.go", "f/x.md"]).with("f", filters).says("Gopher", "/approve");
    let comment = world.comment();
    assert!(comment.contains("/f/OWNERS)** [Gopher]; not yet for all of it\n"), "{comment}");
    assert!(comment.contains("please assign [writer]("), "{comment}");
}

#[test]
fn whoever_is_asked_alone() {
    let comment = World::changing(&["e/e.go"]).comment();
    assert!(comment.contains("please ask [spxtr](https://github.com/spxtr) for approval. ["), "{comment}");
    // Without owners there is nobody to ask.
    let comment = World::changing(&["x"]).comment();
    assert!(!comment.contains("please"), "{comment}");
    assert!(comment.contains("Nobody has approved this pull request."), "{comment}");
}

#[test]
fn a_very_long_list_is_cut() {
    let files: Vec<&'static str> = (0..2000).map(|at| &*format!("folder-{at}/x").leak()).collect();
    let mut world = World::changing(&files);
    for file in &files {
        world = world.with(file.trim_end_matches("/x"), owned(&["alice"]));
    }
    let comment = world.comment();
    assert!(comment.len() < 60_000 && comment.contains("- … and "), "{}", comment.len());
    check(world.says("alice", "/approve").notified_of_this().labelled(), &[]);
}

/// Every list is longer than a comment could be.
#[test]
fn the_longest_fits_in_a_comment_and_says_how_much_is_missing() {
    const MARKER: usize = 100;
    let text = |prefix: &str, at: usize| -> &'static str { format!("{prefix}-{at:04}-{}", "x".repeat(80)).leak() };
    let files: Vec<&'static str> = (0..1000).map(|at| &*format!("{}/x", text("folder", at)).leak()).collect();
    let mut world = World::changing(&files).needing_an_issue();
    for (at, file) in files.iter().enumerate() {
        let folder = file.trim_end_matches("/x");
        world = world.with(folder, owned(&[text("owner", at)]));
        world = world.says(text("fan", at), "/approve");
        if at % 2 == 0 {
            world.facts.pr.assignees.push(text("owner", at).to_owned());
        }
    }
    let open = world.comment();
    let approving = (0..1000).map(|at| text("owner", at));
    let approved = approving.fold(world, |world, owner| world.says(owner, "/approve no-issue")).comment();
    for comment in [&open, &approved] {
        assert!(comment.len() + MARKER <= 65_536, "{} bytes", comment.len());
        let (_, meta) = comment.split_once("</details>\n<!-- META=").expect("it is whole");
        let meta = meta.strip_suffix(" -->").expect("it has its end");
        assert!(serde_json::from_str::<serde_json::Value>(meta).unwrap()["approvers"].is_array());
    }
    let cut = |comment: &str| comment.matches("… and ").count();
    assert_eq!((cut(&open), cut(&approved)), (4, 3));
    let listed = open.matches("\n- **[").count();
    assert!(open.contains(&format!("\n- … and {} more\n", 1000 - listed)), "{listed}");
    // One file that all of them own.
    let all: Vec<&str> = (0..1000).map(|at| text("owner", at)).collect();
    let shared = World::changing(&["shared/x"]).with("shared", owned(&all));
    let shared = all.iter().fold(shared, |world, owner| world.says(owner, "/approve")).comment();
    assert!(shared.len() + MARKER <= 65_536 && cut(&shared) == 2, "{} bytes", shared.len());
}

#[test]
fn no_line_of_it_is_a_command() {
    let world = World::changing(&["a/a.go"]).needing_an_issue();
    for comment in [world.comment(), world.labelled_by_hand().comment()] {
        assert!(!comment.is_empty() && comment.lines().all(|line| !line.starts_with('/')), "{comment}");
    }
}
