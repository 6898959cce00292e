//! Writes a component to a registry, in the layout that other tools read.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::LOCATION;
use jiff::Timestamp;
use prow::component::{Digest, Reference, Version};
use serde::Serialize;

use crate::MOST_COMPONENT_BYTES;
use crate::body::Upload;
use crate::call::{Access, Call};
use crate::digest::digest_of;
use crate::error::OciError;
use crate::manifest::{CONFIG_TYPE, Descriptor, LAYER_TYPE, MANIFEST_TYPE, Manifest};
use crate::registries::Registries;
use crate::url::{follow, in_repository};

/// The header in which registries say what digest they found.
const CONTENT_DIGEST: &str = "docker-content-digest";

/// What its config says of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The instances and functions that it exports, as the component model names them.
    pub exports: Vec<String>,
    /// Those that it imports.
    pub imports: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Annotations of the manifest, such as `org.opencontainers.image.source`.
    pub annotations: BTreeMap<String, String>,
}

/// How far a push has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes of so many of the component have been sent.
    Sent(u64, u64),
    /// The registry had the component already.
    Known,
    /// The manifest is being written.
    Manifest,
}

/// CNCF's config of a WebAssembly artifact.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    created: Timestamp,
    architecture: &'a str,
    /// `wasip2` for any component, whether it imports WASI or not: the layout knows only that and `wasip1`.
    os: &'a str,
    layer_digests: [&'a str; 1],
    component: ConfigComponent<'a>,
}

#[derive(Serialize)]
struct ConfigComponent<'a> {
    exports: &'a [String],
    imports: &'a [String],
}

/// Pushes `component` and lets `to`, which must be a tag, stand for it. Returns the digest of its manifest.
///
/// # Errors
/// If it is too large, or the registry does not take it.
pub async fn push(
    registries: &Registries,
    to: &Reference,
    component: Bytes,
    about: &About,
    tell: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Digest, OciError> {
    let size = component.len() as u64;
    if size > MOST_COMPONENT_BYTES {
        return Err(OciError::TooLarge { what: "the component".to_owned(), bytes: size, most: MOST_COMPONENT_BYTES });
    }
    let Version::Tag(tag) = &to.version else {
        let why = "it is pushed to a tag, `oci://HOST/NAME:TAG`; its digest comes of what it is".to_owned();
        return Err(OciError::Answer { host: to.host.clone(), what: to.to_string(), why });
    };
    let tell = Arc::new(tell);
    let layer = digest_of(&component);
    let config = Config {
        created: about.created,
        architecture: "wasm",
        os: "wasip2",
        layer_digests: [layer.as_str()],
        component: ConfigComponent { exports: &about.exports, imports: &about.imports },
    };
    let config = Bytes::from(serde_json::to_vec(&config).expect("texts are JSON"));
    let describe = |media_type: &str, digest: &Digest, size: u64| Descriptor {
        media_type: media_type.to_owned(),
        digest: digest.to_string(),
        size,
        annotations: BTreeMap::new(),
    };
    let config_digest = digest_of(&config);
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST_TYPE.to_owned()),
        config: Some(describe(CONFIG_TYPE, &config_digest, config.len() as u64)),
        layers: vec![describe(LAYER_TYPE, &layer, size)],
        annotations: about.annotations.clone(),
    };
    let manifest = Bytes::from(serde_json::to_vec(&manifest).expect("texts are JSON"));

    let sent = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = {
        let (tell, sent) = (tell.clone(), sent.clone());
        move |bytes: usize| {
            let so_far = sent.fetch_add(bytes as u64, std::sync::atomic::Ordering::Relaxed) + bytes as u64;
            tell(Progress::Sent(so_far.min(size), size));
        }
    };
    let upload = Upload::new(component).telling(Some(Arc::new(count)));
    if !upload_blob(registries, to, &layer, upload).await? {
        tell(Progress::Known);
    }
    upload_blob(registries, to, &config_digest, Upload::new(config)).await?;
    tell(Progress::Manifest);
    let digest = digest_of(&manifest);
    let url = in_repository(to, &format!("manifests/{tag}"));
    let call = Call::write(to, Method::PUT, url, Upload::new(manifest), to.to_string()).content_type(MANIFEST_TYPE);
    let answer = registries.ask_well(&call).await?;
    let theirs = answer.headers.get(CONTENT_DIGEST).and_then(|digest| digest.to_str().ok());
    match theirs.filter(|theirs| *theirs != digest.as_str()) {
        Some(theirs) => Err(call.answer_error(format!("it keeps the manifest as {theirs} and not as {digest}"))),
        None => Ok(digest),
    }
}

/// Sends a blob, unless it is there. True if it was sent.
async fn upload_blob(
    registries: &Registries,
    to: &Reference,
    digest: &Digest,
    bytes: Upload,
) -> Result<bool, OciError> {
    let what = format!("the blob {digest} of {}", to.repository());
    let there = Call {
        access: Access::Push,
        method: Method::HEAD,
        ..Call::get(to, in_repository(to, &format!("blobs/{digest}")), None, u64::MAX, what.clone())
    };
    // Not reading the answer's length as a body's: it announces the blob.
    if registries.ask(&there).await?.status.is_success() {
        return Ok(false);
    }
    let begin = Call::write(to, Method::POST, in_repository(to, "blobs/uploads/"), Upload::default(), what.clone());
    let begun = registries.ask_well(&begin).await?;
    let location = begun.headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let location = location.ok_or_else(|| begin.answer_error("it takes an upload and does not say where"))?;
    let base = begin.url.parse().map_err(|_| begin.answer_error("no URL can be made of it"))?;
    let url = follow(&base, location, to).map_err(|why| begin.answer_error(why))?.to_string();
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}digest={digest}");
    let send = Call::write(to, Method::PUT, url, bytes, what).content_type("application/octet-stream");
    registries.ask_well(&send).await.map(|_| true)
}
