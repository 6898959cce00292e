//! Reads config.yaml, job files and plugins.yaml, and reads them again when they change.

pub mod check;
mod de;
pub mod fault;
mod flags;
pub mod in_repo;
pub mod load;
pub mod node;
pub mod owners;
mod parsed;
mod places;
mod pods;
mod scalar;
mod shapes;
mod shards;
pub mod source;
pub mod template;
pub mod watch;
pub mod yaml;

#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod watch_tests;

pub use de::Unread;
pub use fault::{Fault, LoadError, Position};
pub use flags::{ConfigFlags, ConfigShardFlags, PluginShardFlags};
pub use load::Loaded;
pub use shards::Shards;
pub use source::{Role, SourceFile, Sources};
pub use watch::{ConfigHandle, Status, WatchOptions};
