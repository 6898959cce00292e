//! Between the contract's exports and a plugin.

use std::marker::PhantomData;
use std::panic;

use crate::bindings::Guest;
use crate::bindings::bowsprit::plugin::log::{self, Level};
use crate::{ClientAgent, Description, Event, Failure, Outcome, PluginHelp, RepoRef};

/// What every plugin does. Nothing is kept in memory between two calls.
pub trait Plugin {
    /// What the plugin is and wants; static.
    fn describe() -> Description;

    /// What `/plugin-help` says, for these settings (JSON) and the repositories that the plugin is enabled for.
    fn help(settings: String, repos: Vec<RepoRef>) -> PluginHelp;

    /// One event.
    ///
    /// # Errors
    /// When something could not be done; whether it is tried again is the host's decision.
    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure>;
}

/// What [`export!`] exports for a plugin; not for use by hand.
pub struct Exported<P>(PhantomData<P>);

impl<P: Plugin> Guest for Exported<P> {
    fn describe() -> Description {
        report_panics();
        P::describe()
    }

    fn help(settings: String, repos: Vec<RepoRef>) -> PluginHelp {
        report_panics();
        P::help(settings, repos)
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        report_panics();
        P::handle(event, agent)
    }
}

/// A panic ends in a trap, whose message says nothing; this target has no stderr to say more on.
fn report_panics() {
    panic::set_hook(Box::new(|panic| log::write(Level::Error, &panic.to_string())));
}

/// Makes the crate's plugin the component's: `kit::export!(Greeter);`.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        type ExportedPlugin = $crate::Exported<$plugin>;
        $crate::bindings::export_everything!(ExportedPlugin with_types_in $crate::bindings);
    };
}
