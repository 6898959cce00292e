use kit::ActorKind;

use super::world::World;
use crate::known::Question;

fn outsiders() -> World {
    let mut world = World::of_events().by("u");
    world.settings.join_org_url = "https://join.example".to_owned();
    world
}

/// The greeting, which must say these things and not those.
#[track_caller]
fn check(world: &World, has: &[&str], lacks: &[&str]) {
    let seen = world.event("opened", None, false, "u");
    let [text] = &seen.comments[..] else { panic!("one greeting, not {:?}", seen.effects) };
    for it in has {
        assert!(text.contains(it), "no {it:?} in {text}");
    }
    for it in lacks {
        assert!(!text.contains(it), "{it:?} in {text}");
    }
}

#[test]
fn a_greeting_says_who_may_say_what_and_where_help_is() {
    let has = [
        "Hi @u",
        "[org](https://github.com/orgs/org/people)",
        "`/ok-to-test`",
        "`needs-ok-to-test`",
        "https://go.k8s.io/bot-commands?repo=org%2Frepo",
        "https://join.example",
    ];
    check(&outsiders(), &has, &["**"]);
}

#[test]
fn without_a_link_to_join_the_page_of_people_is_given() {
    let mut world = outsiders();
    world.settings.join_org_url.clear();
    check(&world, &["[join the organisation](https://github.com/orgs/org/people)"], &[]);
}

#[test]
fn a_second_trusted_organisation_is_named_if_it_is_another() {
    let mut world = outsiders();
    world.settings.trusted_org = "friends".to_owned();
    check(&world, &["or [friends](https://github.com/orgs/friends/people)"], &[]);
    world.settings.trusted_org = "org".to_owned();
    check(&world, &[], &["](https://github.com/orgs/org/people) or "]);
}

#[test]
fn who_contributed_before_is_invited() {
    let mut world = outsiders();
    for (merged, invited) in [(Some(2), false), (Some(3), true), (Some(30), true), (None, false)] {
        world.merged = merged;
        let invitation = ["**You have contributed here before"];
        if invited { check(&world, &invitation, &[]) } else { check(&world, &[], &invitation) }
    }
}

#[test]
fn the_invitation_may_be_ones_own() {
    let mut world = outsiders();
    world.merged = Some(5);
    world.settings.org_invite.prominent.message = "Come in: {join_org_url} ({join_org_url})".to_owned();
    check(&world, &["Come in: https://join.example (https://join.example)"], &["**"]);
}

#[test]
fn the_invitation_may_be_off_or_for_everyone() {
    let searches = |world: &World| {
        let asked = world.event("opened", None, false, "u").asked;
        asked.iter().any(|it| matches!(it, Question::Merged(_)))
    };
    let mut world = outsiders();
    world.merged = Some(30);
    assert!(searches(&world));
    world.settings.org_invite.prominent.disabled = true;
    check(&world, &[], &["**"]);
    assert!(!searches(&world));

    world.settings.org_invite.prominent.disabled = false;
    world.settings.org_invite.prominent.merged_pr_threshold = 0;
    world.merged = None;
    check(&world, &["**You have contributed"], &[]);
}

#[test]
fn a_bot_is_not_invited() {
    let mut world = outsiders();
    world.merged = Some(30);
    world.pr.author.kind = ActorKind::Bot;
    check(&world, &[], &["**"]);
}

#[test]
fn where_ok_to_test_is_not_in_use_there_is_another_greeting_and_no_label() {
    let mut world = outsiders();
    world.settings.ignore_ok_to_test = true;
    check(&world, &["Hi @u", "`/test all`"], &["/ok-to-test", "needs-ok-to-test"]);
    assert_eq!(world.event("opened", None, false, "u").effects, ["welcome"]);
}
