//! What a registry is made of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::compile::Compiler;
use crate::engine::Guests;
use crate::gate::Gate;
use crate::kept::Kept;
use crate::metrics::Metrics;
use crate::origins::Origins;

/// What a registry is made of.
pub struct Setup {
    /// Where guests run.
    pub guests: Arc<Guests>,
    /// What compiles components.
    pub compiler: Compiler,
    /// Where the bundled components and their catalogue are.
    pub catalogue_dir: Option<PathBuf>,
    /// Where the components of registries come from.
    pub origins: Arc<Origins>,
    /// Where components are kept for unfinished tasks.
    pub components: Kept,
    /// Where configurations are kept for unfinished tasks.
    pub configs: Kept,
    /// Who is told what is in force.
    pub gate: Arc<Gate>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How long it is waited for plugins that are not ready.
    pub patience: Patience,
}

/// How long it is waited for plugins that are not ready, before what is ready is put in force without them. Each is in force
/// later, as soon as it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// At the start, when nothing stands that could handle their events.
    pub start: Duration,
    /// When something has changed: so that what is quick changes all at once.
    pub reload: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { start: Duration::from_secs(20), reload: Duration::from_millis(250) }
    }
}
