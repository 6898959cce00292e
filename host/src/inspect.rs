//! What a component is and asks for, before anybody has granted it anything.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use config::Loaded;
use serde_json::Value;

use crate::capability::Requests;
use crate::compile::digest;
use crate::contract::types::Description;
use crate::contract::version;
use crate::limits::Limits;
use crate::loader::Loader;
use crate::plugin::{self, Plugin};
use crate::plugin_help;

/// What can be told of a component.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// SHA-256 of its bytes.
    pub digest: String,
    /// How many bytes it has.
    pub size: u64,
    /// The version of the contract that it was built for: a minor's first release.
    pub contract: &'static str,
    /// What it imports: the most that it can do.
    pub requests: Requests,
    /// What it says of itself.
    pub description: Description,
}

/// Compiles these bytes and asks the component what it is, as a host would, with limits and without any authority.
///
/// # Errors
/// If no host of this version would load it, whatever it was granted.
pub async fn inspect(loader: &Loader, bytes: &[u8]) -> anyhow::Result<Inspected> {
    let guests = loader.guests();
    let engine = guests.engine.clone();
    let component = loader.compiler().component(&engine, bytes).await?;
    let digest = digest(bytes);
    let imports: Vec<String> =
        component.component_type().imports(&engine).map(|(instance, _)| instance.to_owned()).collect();
    let contract = version::of(imports.iter().map(String::as_str)).map_err(anyhow::Error::msg)?.release();
    let requests = plugin::requests(&engine, &component);
    let (limits, of) = (Limits::default(), digest.clone());
    let look = async move { Plugin::look(&engine, of, &component, limits).await };
    let description = guests.handle().spawn(look).await??.description;
    Ok(Inspected { digest, size: bytes.len() as u64, contract, requests, description })
}

/// What the component of these bytes says of itself under this configuration, in the form of `/plugin-help`; it has no
/// authority meanwhile.
///
/// # Errors
/// If no host of this version would load it, or it fails.
pub async fn help(loader: &Loader, bytes: &[u8], loaded: Arc<Loaded>) -> anyhow::Result<Value> {
    let guests = loader.guests();
    let engine = guests.engine.clone();
    let component = loader.compiler().component(&engine, bytes).await?;
    let of = digest(bytes);
    let look = async move {
        let plugin = Plugin::look(&engine, of, &component, Limits::default()).await?;
        let help = plugin_help::said(&plugin, &loaded).await.map_err(|error| anyhow!("{error:#}"))?;
        anyhow::Ok(help.map(|help| plugin_help::shown(help, &plugin.description.events)))
    };
    guests.handle().spawn(look).await??.context("it says nothing of itself")
}
