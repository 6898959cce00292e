//! What a component is and asks for, before anybody has granted it anything.

use crate::capability::Requests;
use crate::compile::digest;
use crate::contract::types::Description;
use crate::contract::version;
use crate::limits::Limits;
use crate::loader::Loader;
use crate::plugin::{self, Plugin};

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
