use super::world::{AUTHOR, BOT, FREE, OTHER_TREE, TREE, World, check};
use crate::known::Question;
use crate::messages::record;

const LOST: [&str; 3] = ["-lgtm", "notice", "request carol"];

fn labelled() -> World {
    World::new().labelled()
}

#[test]
fn case_23_the_label_goes_with_a_notice() {
    check(&labelled().push(None), &LOST);
    check(&labelled().without_tree_hash().push(None), &["-lgtm", "notice"]);
    check(&World::new().push(None), &[]);
}

#[test]
fn case_24_an_author_whose_lgtm_sticks() {
    check(&labelled().sticky_for(&[AUTHOR]).push(None), &[]);
    check(&labelled().without_tree_hash().sticky_for(&[AUTHOR]).push(None), &[]);
    check(&labelled().sticky_for(&[FREE, "Author"]).push(None), &LOST);
    // A team that cannot be read has no members.
    check(&labelled().sticky_for(&[]).push(None), &LOST);
}

#[test]
fn case_25_the_files_are_as_they_were() {
    check(&labelled().said(BOT, &record(TREE)).push(None), &[]);
    // Whatever the base is at by now.
    let rebased = labelled().said(BOT, &record(TREE)).with(|it| it.pr.base.sha = "another".to_owned());
    check(&rebased.push(None), &[]);
    check(&labelled().said(BOT, &record(OTHER_TREE)).push(None), &LOST);
    let unused = labelled().said(BOT, &record(TREE)).without_tree_hash();
    check(&unused.push(None), &["-lgtm", "notice"]);
}

#[test]
fn case_27_the_newest_record_counts() {
    check(&labelled().said(BOT, &record(OTHER_TREE)).said(BOT, &record(TREE)).push(None), &[]);
    check(&labelled().said(BOT, &record(TREE)).said(BOT, &record(OTHER_TREE)).push(None), &LOST);
    let among_others = labelled().said(BOT, &record(TREE)).said(BOT, "@x: no.").said(AUTHOR, "done");
    check(&among_others.push(None), &[]);
}

#[test]
fn case_28_no_assignees_or_another_action() {
    let alone = || labelled().with(|it| it.pr.assignees.clear());
    check(&alone().push(None), &["-lgtm", "notice"]);
    for action in ["assigned", "opened", "edited", "closed", "reopened", ""] {
        check(&labelled().event(action, None), &[]);
    }
}

#[test]
fn nothing_is_lost_after_a_merge() {
    check(&labelled().with(|it| it.pr.merged = true).push(None), &[]);
}

#[test]
fn only_the_bot_s_records_count() {
    check(&labelled().said(AUTHOR, &record(TREE)).push(None), &LOST);
    check(&labelled().said("ci-two", &record(TREE)).push(None), &LOST);
    check(&labelled().said(BOT, &record(OTHER_TREE)).said(AUTHOR, &record(TREE)).push(None), &LOST);
}

/// Pushed between `/lgtm` and the label: the record is of the push itself.
#[test]
fn a_push_that_changed_the_files_loses_the_label_even_where_it_was_recorded() {
    let from = |tree| labelled().said(BOT, &record(TREE)).with(|it| it.trees.push(("before", tree)));
    check(&from(TREE).push(Some("before")), &[]);
    check(&from(OTHER_TREE).push(Some("before")), &LOST);
    // What is gone cannot vouch for anything.
    check(&labelled().said(BOT, &record(TREE)).push(Some("before")), &LOST);
}

#[test]
fn a_head_that_cannot_be_read_loses_the_label() {
    check(&labelled().said(BOT, &record(TREE)).with(|it| it.trees.clear()).push(None), &LOST);
}

#[test]
fn only_what_the_outcome_hangs_on_is_asked() {
    let asked = |world: World| world.push(Some("before")).asked.into_iter().collect::<Vec<_>>();
    let tree = |commit: &str| Question::Tree(commit.to_owned());
    let in_team = Question::InTeam { team: "Leads".to_owned(), login: AUTHOR.to_owned() };
    assert_eq!(asked(World::new().sticky_for(&[AUTHOR])), [Question::Labels]);
    assert_eq!(asked(labelled().without_tree_hash()), [Question::Labels]);
    assert_eq!(asked(labelled().sticky_for(&[AUTHOR])), [Question::Labels, in_team]);
    let unrecorded = [Question::BotLogin, Question::Labels, Question::Comments];
    assert_eq!(asked(labelled()), unrecorded);
    let with_trees = |trees: &[Question]| [&unrecorded[..], trees].concat();
    assert_eq!(asked(labelled().said(BOT, &record(OTHER_TREE))), with_trees(&[tree("headsha")]));
    assert_eq!(asked(labelled().said(BOT, &record(TREE))), with_trees(&[tree("before"), tree("headsha")]));
    assert!(World::new().event("opened", None).asked.is_empty());
}
