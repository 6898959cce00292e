//! What a supervisor is to run.

use std::collections::BTreeMap;
use std::time::Duration;

use prow::refs::Refs;
use serde::{Deserialize, Serialize};

use crate::git::Credentials;
use crate::sandbox::Sandbox;

/// What a supervisor is to run. Holds no secret: a job may be able to read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The ProwJob's name.
    pub prowjob: String,
    /// The number of this run.
    pub build_id: String,
    /// Program and arguments; never empty. Run without a shell.
    pub command: Vec<String>,
    /// The whole environment of the command, but for `HOME` and `TMPDIR`.
    pub env: BTreeMap<String, String>,
    /// What is cloned before, in this order. The first, or the first with `workdir`, is where the command starts.
    pub refs: Vec<Refs>,
    /// How long the command may take.
    pub timeout: Duration,
    /// How long it has from the request to stop until it is killed.
    pub grace_period: Duration,
    /// The sandbox that it runs in; none: it has all rights of the supervisor.
    pub sandbox: Option<Sandbox>,
    /// How git shows who it is, to the servers of those `refs` that need it.
    pub credentials: Vec<Credentials>,
    /// Lines that stand at the top of the log.
    pub notes: Vec<String>,
}
