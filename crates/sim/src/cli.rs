//! `bowsprit sim …`: serves a stand-in, and drives one that is being served.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args as ClapArgs, Subcommand};
use serde::Serialize;

use crate::client::{NewPr, Sim};
use crate::fault::FaultSpec;
use crate::seed::{DemoHook, Seed};
use crate::{Options, serve};

const JIRA: &str = "\
A Jira is served under /_jira of the stand-in's address, by REST api/2:
projects, issues, remote links. Its state is gone with the process. A seed
says what it has:
  jira:
    accounts:
      - {name: bowsprit, token: jira-token}
      - {name: other, password: s3cret, read_only: true}
    issues: [{key: ABC-123, summary: It fails}]

Examples:
  bowsprit sim seed jira.yaml
  bowsprit host --jira-endpoint http://127.0.0.1:8880/_jira \\
    --jira-bearer-token-file token …
  bowsprit sim jira";

const BUGZILLA: &str = "\
A Bugzilla is served under /_bugzilla of the stand-in's address: bugs and
comments by /rest, links to pull requests by /jsonrpc.cgi. Its state is gone
with the process. A seed says what it has:
  bugzilla:
    accounts:
      - {login: bowsprit@example.com, api_key: bugzilla-key, insider: true}
    # Where keys are looked for: bearer, query, header; else everywhere.
    key_in: [bearer]
    bugs: {5: {summary: It fails, target_release: [4.1.0]}}

Examples:
  bowsprit sim seed bugzilla.yaml
  bowsprit host --bugzilla-endpoint http://127.0.0.1:8880/_bugzilla \\
    --bugzilla-api-key-path key …
  bowsprit sim bugzilla";

/// A stand-in GitHub: serve one, or drive one that is being served.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  bowsprit sim serve --demo --webhook-secret s3cret \\
    --webhook-url http://127.0.0.1:8888/hook
  bowsprit sim pr open my-org/hello --as bob --file hello.txt=hi
  bowsprit sim comment my-org/hello 1 --as alice '/test all'
  bowsprit sim faults add '{\"times\": 2, \"fault\": \"500\"}'")]
pub struct Args {
    /// The stand-in to drive.
    #[arg(long, global = true, env = "BOWSPRIT_SIM_URL", default_value = "http://127.0.0.1:8880")]
    url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a stand-in until Ctrl-C.
    Serve(ServeArgs),
    /// Add what a document names: accounts, organisations, repositories, apps.
    #[command(after_help = "Examples:
  bowsprit sim seed world.yaml")]
    Seed {
        /// YAML or JSON.
        file: PathBuf,
    },
    /// Pull requests.
    #[command(
        subcommand,
        after_help = "Examples:
  bowsprit sim pr open my-org/hello --as bob --file hello.txt=hi
  bowsprit sim pr push my-org/hello 1 --as bob --file hello.txt=there
  bowsprit sim pr show my-org/hello 1"
    )]
    Pr(PrCommand),
    /// Comment on an issue or pull request.
    #[command(after_help = "Examples:
  bowsprit sim comment my-org/hello 1 --as alice '/test all'
  bowsprit sim comment my-org/hello 1 --as mallory 'Nice work!'")]
    Comment {
        /// owner/name.
        repo: String,
        /// Its number.
        number: u64,
        /// Markdown.
        text: String,
        /// Who does it.
        #[arg(long = "as", default_value = "alice")]
        login: String,
    },
    /// Put a label on, or take it off.
    #[command(after_help = "Examples:
  bowsprit sim label my-org/hello 1 bug
  bowsprit sim label my-org/hello 1 bug --remove")]
    Label {
        /// owner/name.
        repo: String,
        /// Its number.
        number: u64,
        /// The label's name.
        name: String,
        /// Take it off.
        #[arg(long)]
        remove: bool,
        /// Who does it.
        #[arg(long = "as", default_value = "alice")]
        login: String,
    },
    /// Merge a pull request.
    #[command(after_help = "Examples:
  bowsprit sim merge my-org/hello 1 --as alice")]
    Merge {
        /// owner/name.
        repo: String,
        /// Its number.
        number: u64,
        /// Who does it.
        #[arg(long = "as", default_value = "alice")]
        login: String,
    },
    /// Print everything it knows, as JSON.
    #[command(after_help = "Examples:
  bowsprit sim state | jq keys")]
    State,
    /// Print what the Jira beside it knows, as JSON.
    #[command(after_help = JIRA)]
    Jira,
    /// Print what the Bugzilla beside it knows, as JSON.
    #[command(after_help = BUGZILLA)]
    Bugzilla,
    /// Faults to play on requests.
    #[command(
        subcommand,
        after_help = "Examples:
  bowsprit sim faults add '{\"times\": 2, \"fault\": \"500\"}'
  bowsprit sim faults list
  bowsprit sim faults clear"
    )]
    Faults(FaultsCommand),
    /// Print the requests that were made of it.
    #[command(after_help = "Examples:
  bowsprit sim requests --since 40 | jq '.[].path'")]
    Requests {
        /// Only those with a higher number.
        #[arg(long, default_value_t = 0)]
        since: u64,
    },
    /// Print the log of webhook deliveries.
    #[command(after_help = "Examples:
  bowsprit sim deliveries | jq '.[] | [.id, .event, .status_code]'")]
    Deliveries,
    /// Send a delivery again, under its GUID.
    #[command(after_help = "Examples:
  bowsprit sim redeliver 12")]
    Redeliver {
        /// The delivery's id.
        id: u64,
    },
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  The demonstration's world, whose webhooks go to a host on this machine:
    bowsprit sim serve --demo --webhook-secret s3cret \\
      --webhook-url http://127.0.0.1:8888/hook
  A world of your own, kept in a directory:
    bowsprit sim serve --seed world.yaml --state-dir ./github")]
struct ServeArgs {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8880)]
    port: u16,
    /// The address to listen on. It trusts whoever reaches it.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Where state is kept; left out, it goes with the process.
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// How the world calls it, in links.
    #[arg(long)]
    external_url: Option<String>,
    /// Requests an hour for a token.
    #[arg(long, default_value_t = crate::RATE_LIMIT)]
    rate_limit: u64,
    /// A document to apply at the start: YAML or JSON.
    #[arg(long)]
    seed: Option<PathBuf>,
    /// Start with the demonstration's world: my-org/hello, alice, bob, mallory, bowsprit-bot.
    #[arg(long)]
    demo: bool,
    /// Where the demonstration's webhooks go.
    #[arg(long, requires = "demo", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// What the demonstration's webhooks are signed with.
    #[arg(long, requires = "demo", env = "BOWSPRIT_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
}

#[derive(Debug, Subcommand)]
enum PrCommand {
    /// Commit on a new branch (of a fork, for who may not push) and open a pull request.
    #[command(after_help = "Examples:
  bowsprit sim pr open my-org/hello --as bob --file hello.txt=hi
  bowsprit sim pr open my-org/hello --as mallory --draft \\
    --title 'Not yet' --file a.txt=a --file b.txt=b")]
    Open {
        /// owner/name.
        repo: String,
        /// A file to write, PATH=CONTENT; may be given again.
        #[arg(long = "file", required = true, value_parser = file_change)]
        files: Vec<(String, String)>,
        /// The new branch; made up if left out.
        #[arg(long)]
        branch: Option<String>,
        /// The branch to merge into.
        #[arg(long, default_value = "main")]
        base: String,
        /// One line; made up if left out.
        #[arg(long)]
        title: Option<String>,
        /// Markdown.
        #[arg(long, default_value = "")]
        body: String,
        /// Not yet ready for review.
        #[arg(long)]
        draft: bool,
        /// Who does it.
        #[arg(long = "as", default_value = "bob")]
        login: String,
    },
    /// Push one more commit to a pull request.
    #[command(after_help = "Examples:
  bowsprit sim pr push my-org/hello 1 --as bob --file hello.txt=there")]
    Push {
        /// owner/name.
        repo: String,
        /// Its number.
        number: u64,
        /// A file to write, PATH=CONTENT; may be given again.
        #[arg(long = "file", required = true, value_parser = file_change)]
        files: Vec<(String, String)>,
        /// The commit's message.
        #[arg(long, default_value = "One more commit")]
        message: String,
        /// Who does it.
        #[arg(long = "as", default_value = "bob")]
        login: String,
    },
    /// Print a pull request.
    #[command(after_help = "Examples:
  bowsprit sim pr show my-org/hello 1 | jq .labels")]
    Show {
        /// owner/name.
        repo: String,
        /// Its number.
        number: u64,
    },
}

#[derive(Debug, Subcommand)]
enum FaultsCommand {
    /// Print those that are still to be played.
    #[command(after_help = "Examples:
  bowsprit sim faults list")]
    List,
    /// Add one: {"match": {…}, "times": N, "fault": …}.
    #[command(after_help = "Examples:
  bowsprit sim faults add '{\"times\": 2, \"fault\": \"500\"}'
  bowsprit sim faults add '{\"fault\": {\"delay_ms\": 500},
    \"match\": {\"method\": \"POST,PATCH\", \"path_prefix\": \"/repos\"}}'")]
    Add {
        /// JSON.
        spec: String,
    },
    /// Forget all.
    #[command(after_help = "Examples:
  bowsprit sim faults clear")]
    Clear,
}

fn file_change(text: &str) -> Result<(String, String), String> {
    let (path, content) = text.split_once('=').ok_or("write PATH=CONTENT")?;
    Ok((path.to_owned(), content.to_owned()))
}

/// Carries the command out; what it learns is printed as JSON.
///
/// # Errors
/// What the stand-in refused, or that none answers at the URL.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let sim = Sim::new(&args.url);
    match args.command {
        Command::Serve(serve) => return serve_until_interrupted(serve).await,
        Command::Seed { file } => print(&sim.seed(&read_seed(&file)?).await?)?,
        Command::Pr(command) => pr(&sim, command).await?,
        Command::Comment { repo, number, text, login } => {
            let id = sim.user(&login).await?.comment(&repo, number, &text).await?;
            print(&serde_json::json!({ "id": id }))?;
        }
        Command::Label { repo, number, name, remove, login } => {
            let actor = sim.user(&login).await?;
            if remove {
                actor.unlabel(&repo, number, &name).await?;
            } else {
                actor.label(&repo, number, &name).await?;
            }
            print(&sim.labels(&repo, number).await?)?;
        }
        Command::Merge { repo, number, login } => {
            let sha = sim.user(&login).await?.merge(&repo, number).await?;
            print(&serde_json::json!({ "sha": sha }))?;
        }
        Command::State => print(&sim.state().await?)?,
        Command::Jira => print(&sim.jira().await?)?,
        Command::Bugzilla => print(&sim.bugzilla().await?)?,
        Command::Faults(FaultsCommand::List) => print(&sim.faults().await?)?,
        Command::Faults(FaultsCommand::Clear) => sim.clear_faults().await?,
        Command::Faults(FaultsCommand::Add { spec }) => {
            let spec: FaultSpec = serde_json::from_str(&spec).context("the fault is not one")?;
            print(&serde_json::json!({ "id": sim.fault(&spec).await? }))?;
        }
        Command::Requests { since } => print(&sim.requests(since).await?)?,
        Command::Deliveries => print(&sim.deliveries().await?)?,
        Command::Redeliver { id } => sim.redeliver(id).await?,
    }
    Ok(())
}

async fn pr(sim: &Sim, command: PrCommand) -> anyhow::Result<()> {
    let changes = |files: Vec<(String, String)>| -> BTreeMap<String, Option<String>> {
        files.into_iter().map(|(path, content)| (path, Some(content))).collect()
    };
    match command {
        PrCommand::Open { repo, files, branch, base, title, body, draft, login } => {
            let branch =
                branch.unwrap_or_else(|| format!("change-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]));
            let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
            let title = title.unwrap_or_else(|| format!("Change {}", paths.join(", ")));
            let new = NewPr { title, body, branch, base, files: changes(files), draft };
            print(&sim.user(&login).await?.open_pr(&repo, &new).await?)
        }
        PrCommand::Push { repo, number, files, message, login } => {
            let sha = sim.user(&login).await?.push_to_pr(&repo, number, &message, &changes(files)).await?;
            print(&serde_json::json!({ "sha": sha }))
        }
        PrCommand::Show { repo, number } => print(&sim.pr(&repo, number).await?),
    }
}

async fn serve_until_interrupted(args: ServeArgs) -> anyhow::Result<()> {
    let seed = args.seed.as_deref().map(read_seed).transpose()?;
    let running = serve(Options {
        addr: (args.address, args.port).into(),
        state_dir: args.state_dir,
        external_url: args.external_url,
        rate_limit: Some(args.rate_limit),
    });
    let running = running.await?;
    if args.demo {
        let hook = args.webhook_url.zip(args.webhook_secret).map(|(url, secret)| DemoHook { url, secret });
        running.seed(Seed::demo(hook)).await?;
    }
    if let Some(seed) = seed {
        print(&running.seed(seed).await?)?;
    }
    eprintln!("a stand-in GitHub listens on {}", running.url);
    tokio::signal::ctrl_c().await.context("cannot listen for Ctrl-C")?;
    running.shutdown().await;
    Ok(())
}

fn read_seed(path: &std::path::Path) -> anyhow::Result<Seed> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Seed::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

fn print<T: Serialize>(value: &T) -> anyhow::Result<()> {
    use std::io::Write as _;
    // Not `println!`, which panics when whoever reads has seen enough (`| head`).
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(value)?)?)
}
