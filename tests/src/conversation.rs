//! The demo's conversation: people talk to the stand-in GitHub, and what follows is observed from outside, step by step.

mod commands;
mod crash;
mod deliveries;
mod merge;
mod opening;
mod outage;
mod ready;
mod replacing;

use anyhow::Context as _;

use crate::stage::Stage;

/// The pull requests that the steps are about, by number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prs {
    /// Opened by a member.
    pub alices: u64,
    /// Opened by an outsider.
    pub mallorys: u64,
    /// Opened by a member while the base branch is broken.
    pub bobs: u64,
}

/// Plays all steps in order.
///
/// # Errors
/// The first step that was not observed, by name, with what was seen instead.
pub async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let mut prs = Prs::default();
    for step in STEPS {
        let title = format!("({}) {}", step.letter, step.title);
        stage.timeline.title(&title);
        let outcome = match step.letter {
            'a' => opening::by_a_member(stage, &mut prs).await,
            'b' => opening::by_an_outsider(stage, &mut prs).await,
            'c' => commands::test_and_retest(stage, &mut prs).await,
            'd' => commands::new_push(stage, prs).await,
            'e' => commands::hold(stage, prs).await,
            'f' => deliveries::forged(stage, prs).await,
            'g' => deliveries::repeated(stage, prs).await,
            'h' => replacing::by_rename(stage, prs).await,
            'i' => merge::starts_a_postsubmit(stage, prs).await,
            'j' => crash::between_a_comment_and_its_effects(stage, prs).await,
            'k' => ready::through_three_owners_areas(stage).await,
            'l' => outage::is_caught_up_with(stage, prs).await,
            letter => unreachable!("step {letter} is in the list and not here"),
        };
        outcome.with_context(|| format!("step {title} was not observed"))?;
    }
    Ok(())
}

struct Step {
    letter: char,
    title: &'static str,
}

const STEPS: &[Step] = &[
    Step { letter: 'a', title: "A member opens a pull request: its jobs start, and its statuses turn green" },
    Step { letter: 'b', title: "An outsider's pull request waits for a member's /ok-to-test" },
    Step { letter: 'c', title: "/test all, /test NAME, /retest after a failure, and /test of what is not there" },
    Step { letter: 'd', title: "A new push aborts the older run" },
    Step { letter: 'e', title: "/hold and /hold cancel" },
    Step { letter: 'f', title: "A delivery with a wrong signature is refused, and nothing happens" },
    Step { letter: 'g', title: "The same delivery twice has one effect" },
    Step { letter: 'h', title: "A plugin is replaced while it runs" },
    Step { letter: 'i', title: "A merge starts a postsubmit" },
    Step { letter: 'j', title: "The host is killed between a comment and its effects, and they happen once" },
    Step { letter: 'k', title: "Reviewed and approved by the owners of three areas, a pull request is ready to merge" },
    Step {
        letter: 'l',
        title: "The host is killed through ten seconds of events, and asks GitHub for them when it is back",
    },
];
