use git::Error;

use crate::support::{World, text};

#[tokio::test]
async fn a_merge_is_a_tree_or_the_paths_in_conflict() {
    let world = World::new();
    let base = world.commit("main", &[], &[("f", Some(&text(20, 0, ""))), ("g", Some("g\n")), ("h i", Some("h\n"))]);
    let top = world.commit("top", &[&base], &[("f", Some(&text(20, 1, "top"))), ("g", Some("top\n")), ("h i", None)]);
    let end = world.commit("end", &[&base], &[("f", Some(&text(20, 20, "end")))]);
    let clash =
        world.commit("clash", &[&base], &[("g", Some("clash\n")), ("h i", Some("clash\n")), ("new", Some("n\n"))]);
    let repository = world.repository();
    let merged = repository.check_merge(&top, &end).await.unwrap();
    assert_eq!(merged.conflicts, [""; 0]);
    let tree = merged.tree.unwrap();
    let file = repository.read_file(tree.as_str(), "f").await.unwrap();
    assert!(file.starts_with(b"top\n") && file.ends_with(b"end\n"));
    let clashed = repository.check_merge(&top, &clash).await.unwrap();
    assert_eq!((clashed.tree, clashed.conflicts), (None, vec!["g".to_owned(), "h i".to_owned()]));
    // What is merged already changes nothing.
    let same = repository.check_merge(&top, &base).await.unwrap().tree.unwrap();
    assert_eq!(same.as_str(), world.git(&["rev-parse", "top^{tree}"]));
    let other = world.commit("other", &[], &[("x", Some("x\n"))]);
    assert!(matches!(repository.check_merge(&top, &other).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn merges_between_two_commits_are_seen() {
    let world = World::new();
    let base = world.commit("main", &[], &[("f", Some("1\n"))]);
    let side = world.commit("side", &[&base], &[("g", Some("1\n"))]);
    let plain = world.commit("plain", &[&base], &[("h", Some("1\n"))]);
    let merge = world.commit("merge", &[&plain, &side], &[("g", Some("1\n"))]);
    let after = world.commit("after", &[&merge], &[("f", Some("2\n"))]);
    let repository = world.repository();
    for (from, to, want) in
        [(&base, &plain, false), (&base, &merge, true), (&base, &after, true), (&merge, &after, false)]
    {
        assert_eq!(repository.has_merge_commits(from, to).await.unwrap(), want, "{from}..{to}");
    }
    assert!(!repository.has_merge_commits(&after, &base).await.unwrap());
}
