//! `bowsprit deliver`: signs a payload as GitHub would, and sends it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use host::hmac::Hmacs;
use serde_json::json;
use store::Scope;
use uuid::Uuid;

use crate::output::{self, ShowOutput, tame};
use crate::state::StateArgs;
use crate::up::{HMAC_FILE, read_record};

/// GitHub waits so long for an answer; a debugger may want longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sign a webhook payload and send it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  To the system that `bowsprit up` runs:
    bowsprit deliver --event pull_request opened.json
  To any other:
    bowsprit deliver --event ping --url http://127.0.0.1:8888/hook \\
      --hmac-secret-file hmac - < ping.json
  As a delivery that came before:
    bowsprit deliver --event push \\
      --guid 72d3162e-cc78-11e3-81ab-4c9367dc0958 push.json

Exits 0 if the answer is a success (2xx), else 1. A GUID that was handled
before is answered with success, and nothing happens again. So is, within ten
minutes, what tells of the same event under another GUID: the answer says
whose duplicate it is, and
  bowsprit deliveries replay GUID --again
has that one handled anew.")]
pub(crate) struct DeliverArgs {
    #[command(flatten)]
    state: StateArgs,
    /// The event's name, as `X-GitHub-Event` has it.
    #[arg(long, value_name = "EVENT")]
    event: String,
    /// Where to send it; if left out, the webhook of the system that runs on --state-dir.
    #[arg(long)]
    url: Option<String>,
    /// The secret, or a map of secrets as Prow has it; if left out, that of the system that runs on --state-dir.
    #[arg(long, value_name = "FILE")]
    hmac_secret_file: Option<PathBuf>,
    /// The delivery's GUID; a new one if left out.
    #[arg(long)]
    guid: Option<String>,
    /// Send it as this hook does (`X-GitHub-Hook-ID`): what one hook sends under two GUIDs is never a duplicate.
    #[arg(long, value_name = "ID")]
    hook_id: Option<u64>,
    /// Sign with this repository's (or organization's) secret instead of that of the payload's own.
    #[arg(long, value_name = "ORG/REPO")]
    repo: Option<String>,
    /// What to print: the answer as text, or as a JSON object.
    #[arg(long, short, value_enum, default_value_t = ShowOutput::Text)]
    output: ShowOutput,
    /// The payload; - is standard input.
    #[arg(value_name = "FILE|-")]
    payload: PathBuf,
}

pub(crate) async fn run(args: DeliverArgs) -> anyhow::Result<()> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => running_hook(&args.state)?,
    };
    if url.starts_with("https:") {
        bail!("{url}: webhooks are sent by plain HTTP only; send to the host itself, behind what ends TLS");
    }
    let payload = read_payload(&args.payload)?;
    let secrets = args.hmac_secret_file.clone().unwrap_or_else(|| args.state.state_dir.join(HMAC_FILE));
    let signature = sign(&secrets, args.repo.as_deref(), &payload)?;
    let guid = args.guid.clone().unwrap_or_else(|| Uuid::new_v4().to_string());

    let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy();
    let mut request = http
        .build()
        .context("cannot make an HTTP client")?
        .post(&url)
        .header("User-Agent", "GitHub-Hookshot/bowsprit")
        .header("Content-Type", "application/json")
        .header("X-GitHub-Event", &args.event)
        .header("X-GitHub-Delivery", &guid)
        .header("X-Hub-Signature-256", signature)
        .body(payload);
    if let Some(id) = args.hook_id {
        request = request.header("X-GitHub-Hook-ID", id);
    }
    let answer = request.send().await.with_context(|| format!("cannot deliver to {url} (does the host run?)"))?;
    let status = answer.status();
    let body = answer.text().await.with_context(|| format!("{url} answered {status} and broke off"))?;
    match args.output {
        ShowOutput::Text => {
            output::print(&format!("{guid}: {status}\n{}\n", output::tame_lines(&body)))?;
            if let Some(first) = duplicate_of(&body) {
                let again = format!("bowsprit deliveries replay {} --again", tame(first));
                output::print(&format!("Nothing runs for it. To have its event handled anew: {again}\n"))?;
            }
        }
        ShowOutput::Json => output::print_json(&json!({ "guid": guid, "status": status.as_u16(), "body": body }))?,
    }
    if !status.is_success() {
        bail!("the delivery was not accepted: {status}");
    }
    Ok(())
}

/// Whose duplicate the host took it for.
fn duplicate_of(answer: &str) -> Option<&str> {
    let (_, rest) = answer.split_once("a duplicate of ")?;
    rest.split([',', ' ', '\n']).next().filter(|guid| !guid.is_empty())
}

fn running_hook(state: &StateArgs) -> anyhow::Result<String> {
    let record = read_record(&state.state_dir)?.filter(|record| record.pid.is_some());
    let hook = record.map(|record| record.urls.hook);
    hook.with_context(|| {
        format!("no system runs on {}: give --url, or start one with `bowsprit up`", state.state_dir.display())
    })
}

fn read_payload(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut payload = Vec::new();
        std::io::stdin().read_to_end(&mut payload).context("cannot read the payload from standard input")?;
        return Ok(payload);
    }
    std::fs::read(path).with_context(|| format!("cannot read the payload {}", path.display()))
}

/// The signature header. Whose secret it is made with, the payload says, read just as the host reads it.
fn sign(secrets: &Path, repo: Option<&str>, payload: &[u8]) -> anyhow::Result<String> {
    let scope = match repo {
        Some(name) if name.contains('/') => Scope::Repo(name.to_owned()),
        Some(name) => Scope::Org(name.to_owned()),
        None => host::scan::scan(payload).map_err(|error| anyhow!("{error}: say whose secret to use with --repo"))?,
    };
    let signed = Hmacs::open(secrets)?.sign(&scope, payload);
    signed.with_context(|| format!("{} has no secret to sign with", secrets.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = r#"
my-org/hello:
- value: "It's a Secret to Everybody"
my-org:
- value: other
"#;

    #[track_caller]
    fn check(file: &str, repo: Option<&str>, payload: &str, want: Result<&str, &str>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hmac");
        std::fs::write(&path, file).unwrap();
        match (sign(&path, repo, payload.as_bytes()), want) {
            (Ok(signature), Ok(want)) => assert_eq!(signature, want),
            (Err(error), Err(part)) => assert!(format!("{error:#}").contains(part), "{error:#}"),
            (got, want) => panic!("{repo:?} {payload}: {got:?}, want {want:?}"),
        }
    }

    /// The pair that GitHub publishes to check an implementation with.
    const PUBLISHED: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn the_signature_is_githubs() {
        check("It's a Secret to Everybody\n", None, "Hello, World!", Ok(PUBLISHED));
    }

    #[test]
    fn the_payload_or_the_flag_says_whose_secret_it_is() {
        check(KEYS, Some("my-org/hello"), "Hello, World!", Ok(PUBLISHED));
        // Made with `openssl dgst -sha256 -hmac` of the same keys.
        check(KEYS, Some("my-org"), "Hello, World!", Ok(OTHER));
        check(KEYS, Some("my-org/else"), "Hello, World!", Ok(OTHER));
        check(KEYS, None, r#"{"repository":{"full_name":"my-org/hello"}}"#, Ok(OF_REPO));
        check(KEYS, None, r#"{"organization":{"login":"nobody"}}"#, Err("no secret to sign with"));
        check(KEYS, None, r#"{"repository":{},"repository":{}}"#, Err("--repo"));
        check("", None, "{}", Err("empty"));
    }

    #[test]
    fn a_duplicate_is_told_from_the_answer() {
        let answer =
            "200 OK: delivery kept as a duplicate of g-1, which tells of the same event: nothing is done twice\n";
        assert_eq!(duplicate_of(answer), Some("g-1"));
        assert_eq!(duplicate_of("200 OK: delivery kept\n"), None);
    }

    const OTHER: &str = "sha256=e2e4673b90b0c9f18d447e2dd642c73bf2b9f5291fe5c510ff354257672c87fa";
    const OF_REPO: &str = "sha256=ed56a0eb25dd042e7618610d03813c5a69f8f27301502b81e61e833d71a9377e";
}
