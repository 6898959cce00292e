//! What is logged, where, and in which shape.

use std::io::{self, IsTerminal as _};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people.
    Human,
    /// A JSON object a line.
    Json,
}

impl LogFormat {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct LogArgs {
    /// How log lines look; they go to standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Human, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

/// Starts logging to standard error, `info` and above unless `RUST_LOG` says otherwise.
pub(crate) fn start(args: &LogArgs) -> anyhow::Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.is_empty() => EnvFilter::try_new(&directives).with_context(|| {
            format!("RUST_LOG={directives} is no filter; try RUST_LOG=debug or RUST_LOG=host=debug,info")
        })?,
        _ => EnvFilter::new("info"),
    };
    // A line that cannot be written is lost. To complain about that on standard error, as is the default, would panic
    // where nobody reads it any more: in the middle of a shutdown because `up` was killed, of all places.
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    match args.log_format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Human => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
            lines.with_ansi(io::stderr().is_terminal() && !plain).init();
        }
    }
    Ok(())
}
