//! What makes a plugin of a component: it is compiled, in a process of its own, linked with what it is granted, and asked what
//! it is, where guests run. Every plugin comes through here.

use std::sync::Arc;

use crate::agent::Grants;
use crate::compile::Compiler;
use crate::engine::Guests;
use crate::limits::Limits;
use crate::plugin::Plugin;

/// Where components are compiled and guests run.
#[derive(Clone)]
pub struct Loader {
    guests: Arc<Guests>,
    compiler: Compiler,
}

/// What a component is to be loaded as.
pub struct Wanted {
    /// The plugin's name in plugins.yaml.
    pub name: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// What it may do.
    pub grants: Grants,
    /// What one call may use.
    pub limits: Limits,
}

impl Loader {
    /// Compiles with `compiler`, and asks where `guests` run.
    pub fn new(guests: Arc<Guests>, compiler: Compiler) -> Self {
        Loader { guests, compiler }
    }

    /// Where guests run.
    pub fn guests(&self) -> &Guests {
        &self.guests
    }

    /// What compiles.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// A plugin of these bytes.
    ///
    /// # Errors
    /// A [`CompileError`](crate::compile::CompileError) or a [`LoadError`](crate::plugin::LoadError) if the component is at
    /// fault; others if the machine is.
    pub async fn load(&self, bytes: &[u8], wanted: Wanted) -> anyhow::Result<Arc<Plugin>> {
        let engine = self.guests.engine.clone();
        let component = self.compiler.component(&engine, bytes).await?;
        // It is asked what it is: that, too, runs where guests run.
        let room = self.guests.aside().await;
        let load = async move {
            let _room = room;
            let Wanted { name, digest, grants, limits } = wanted;
            Plugin::load(&engine, &name, digest, &component, grants, limits).await
        };
        Ok(Arc::new(self.guests.handle().spawn(load).await??))
    }
}
