//! What was refused, so that nobody compiles or asks it again: the same component on the same terms would fare no better, and
//! finding that out may take minutes of processor time.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::compile::CompileError;
use crate::plugin::LoadError;
use crate::source::Terms;

/// How many are remembered, the latest.
const MOST: usize = 256;

/// A component that was refused, and is again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(Arc<str>);

/// The refusals since the start: by the engine of this process, within its limits.
#[derive(Default)]
pub(super) struct Refusals(VecDeque<(Of, Refused)>);

/// What a refusal is of.
#[derive(Debug, PartialEq)]
enum Of {
    /// A component, whoever's it is.
    Component(String),
    /// A component as this plugin, on these terms.
    Plugin { digest: String, name: String, terms: Box<Terms> },
}

impl Refusals {
    /// Why this was refused, if it was.
    pub(super) fn find(&self, digest: &str, name: &str, terms: &Terms) -> Option<Refused> {
        let is_it = |of: &Of| match of {
            Of::Component(own) => own == digest,
            Of::Plugin { digest: own, name: its, terms: on } => own == digest && its == name && **on == *terms,
        };
        self.0.iter().find(|(of, _)| is_it(of)).map(|(_, refused)| refused.clone())
    }

    /// Remembers a failure, if it is the component's own. A compiler that was stopped, or a machine without room, may do
    /// better another time.
    pub(super) fn remember(&mut self, digest: &str, name: &str, terms: &Terms, error: &anyhow::Error) {
        let digest = digest.to_owned();
        let of = match (error.downcast_ref::<CompileError>(), error.downcast_ref::<LoadError>()) {
            (Some(CompileError::Refused(_) | CompileError::Unfit(_) | CompileError::TooLarge { .. }), _) => {
                Of::Component(digest)
            }
            (Some(CompileError::Stopped(_)), _) | (None, Some(LoadError::NoRoom { .. }) | None) => return,
            (None, Some(_)) => Of::Plugin { digest, name: name.to_owned(), terms: Box::new(terms.clone()) },
        };
        if self.0.iter().any(|(known, _)| *known == of) {
            return;
        }
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((of, Refused(format!("{error:#}").into())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(effects: u32) -> Terms {
        let mut terms = Terms::default();
        terms.limits.effects = effects;
        terms
    }

    /// What is known of other components, plugins and terms after this failure of `d`, as `a`, on terms of one effect.
    #[track_caller]
    fn check(error: impl Into<anyhow::Error>, want: [bool; 4]) {
        let (error, mut refusals) = (error.into(), Refusals::default());
        refusals.remember("d", "a", &terms(1), &error);
        let asked = [("d", "a", 1), ("d", "a", 2), ("d", "b", 1), ("e", "a", 1)];
        let found = asked.map(|(digest, name, effects)| refusals.find(digest, name, &terms(effects)));
        assert_eq!(found.each_ref().map(Option::is_some), want, "{error:#}");
        let text = format!("{error:#}");
        assert!(found.into_iter().flatten().all(|refused| refused.to_string() == text));
    }

    #[test]
    fn a_refusal_is_remembered_until_something_of_it_changes() {
        check(CompileError::Refused("it took over 120 s".into()), [true, true, true, false]);
        check(CompileError::Unfit("too many memories".into()), [true, true, true, false]);
        check(CompileError::Stopped("signal: 9".into()), [false; 4]);
        let plugin = || "a".to_owned();
        check(LoadError::Describe { plugin: plugin(), why: "over its deadline".into() }, [true, false, false, false]);
        check(LoadError::Name { plugin: plugin(), own: "b".into() }, [true, false, false, false]);
        check(LoadError::NoRoom { plugin: plugin(), why: "pool".into() }, [false; 4]);
        check(anyhow::anyhow!("a secret cannot be read"), [false; 4]);
    }

    #[test]
    fn the_latest_are_remembered() {
        let mut refusals = Refusals::default();
        let error = anyhow::Error::from(CompileError::Refused("no component".into()));
        for digest in 0..=MOST {
            refusals.remember(&digest.to_string(), "a", &terms(1), &error);
            refusals.remember(&digest.to_string(), "a", &terms(1), &error);
        }
        assert_eq!(refusals.find("0", "a", &terms(1)), None);
        assert!(refusals.find("1", "a", &terms(1)).is_some() && refusals.0.len() == MOST);
    }
}
