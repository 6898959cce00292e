//! What becomes of each plugin when a configuration is put in force, and when something changes. Pure.

/// How far a plugin has come when its configuration is put in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is loaded.
    Ready,
    /// It cannot be loaded.
    Failed,
    /// It is still being fetched, compiled or asked what it is.
    UnderWay,
}

/// What stood under its name, by the terms that it has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    /// All that it was granted is granted still.
    Granted,
    /// Some of it is not any more.
    Narrowed,
}

/// Which of its selves handles events from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    New,
    Old,
    /// The old one with what is left of its grants.
    OldNarrowed,
    Nothing,
}

/// What is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// All is well.
    None,
    /// Why it cannot be loaded.
    Failure,
    /// That it is not there yet.
    Coming,
    /// What was said before: it is not known yet whether that still holds.
    AsBefore,
}

/// A plugin that fails, or is slow, stays what it was, and no other waits for it. What was taken away from it is taken away
/// all the same: it goes on with what is left.
pub(super) fn put_in_force(progress: Progress, before: Before) -> (Stands, Fault) {
    let stays = match before {
        Before::Nothing => Stands::Nothing,
        Before::Granted => Stands::Old,
        Before::Narrowed => Stands::OldNarrowed,
    };
    match progress {
        Progress::Ready => (Stands::New, Fault::None),
        Progress::Failed => (stays, Fault::Failure),
        Progress::UnderWay if stays == Stands::Nothing => (stays, Fault::Coming),
        Progress::UnderWay => (stays, Fault::AsBefore),
    }
}

/// What is being loaded under a plugin's name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnderWay {
    Nothing,
    /// The very thing that is wanted.
    Same,
    /// What an earlier configuration wanted.
    Other,
}

/// Why plugins are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The configuration says what is wanted.
    Configuration,
    /// A file that it names is looked at for the first time: it may have changed since it was read.
    FirstLook,
    /// What it names has changed: a component, a pin, a key. What was read of it is out of date.
    Files,
    /// It failed, and may do better now.
    Retry,
}

/// What is done about a plugin's load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// It goes on: a configuration that changes often must not keep a slow plugin from ever being ready.
    GoesOn,
    /// It goes on, and when it has ended the files are read once more.
    GoesOnAndAgain,
    /// It begins, in place of what is under way.
    Begins,
}

pub(super) fn load(under_way: UnderWay, cause: Cause) -> Load {
    match (under_way, cause) {
        (UnderWay::Same, Cause::Configuration | Cause::Retry) => Load::GoesOn,
        (UnderWay::Same, Cause::FirstLook) => Load::GoesOnAndAgain,
        (UnderWay::Same, Cause::Files) | (UnderWay::Nothing | UnderWay::Other, _) => Load::Begins,
    }
}

/// Whether a host can start: not if plugins are configured, and every one of them failed. One that is still under way may do
/// better.
pub(super) fn can_start(loaded: usize, under_way: usize, faulty: usize) -> bool {
    loaded > 0 || under_way > 0 || faulty == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ready_takes_the_place_of_what_stands_and_what_was_taken_away_is_gone() {
        for (before, want) in [
            (Before::Nothing, [(Stands::Nothing, Fault::Failure), (Stands::Nothing, Fault::Coming)]),
            (Before::Granted, [(Stands::Old, Fault::Failure), (Stands::Old, Fault::AsBefore)]),
            (Before::Narrowed, [(Stands::OldNarrowed, Fault::Failure), (Stands::OldNarrowed, Fault::AsBefore)]),
        ] {
            assert_eq!(put_in_force(Progress::Ready, before), (Stands::New, Fault::None), "{before:?}");
            assert_eq!([Progress::Failed, Progress::UnderWay].map(|it| put_in_force(it, before)), want, "{before:?}");
        }
    }

    #[test]
    fn a_load_goes_on_while_it_is_what_is_wanted() {
        for (under_way, cause, want) in [
            (UnderWay::Nothing, Cause::Configuration, Load::Begins),
            (UnderWay::Nothing, Cause::FirstLook, Load::Begins),
            (UnderWay::Nothing, Cause::Files, Load::Begins),
            (UnderWay::Nothing, Cause::Retry, Load::Begins),
            (UnderWay::Same, Cause::Configuration, Load::GoesOn),
            (UnderWay::Same, Cause::FirstLook, Load::GoesOnAndAgain),
            (UnderWay::Same, Cause::Files, Load::Begins),
            (UnderWay::Same, Cause::Retry, Load::GoesOn),
            (UnderWay::Other, Cause::Configuration, Load::Begins),
            (UnderWay::Other, Cause::FirstLook, Load::Begins),
            (UnderWay::Other, Cause::Files, Load::Begins),
            (UnderWay::Other, Cause::Retry, Load::Begins),
        ] {
            assert_eq!(load(under_way, cause), want, "{under_way:?}, {cause:?}");
        }
    }

    #[test]
    fn a_host_starts_unless_every_plugin_has_failed() {
        for (loaded, under_way, faulty, want) in
            [(0, 0, 0, true), (1, 0, 0, true), (1, 0, 3, true), (0, 1, 0, true), (0, 1, 1, true), (0, 0, 1, false)]
        {
            assert_eq!(can_start(loaded, under_way, faulty), want, "{loaded} loaded, {under_way} on, {faulty} not");
        }
    }
}
