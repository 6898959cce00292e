//! The source of a job: the base, and each pull request merged into it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use prow::refs::{Pull, Refs};
use serde::{Deserialize, Serialize};

use crate::git::{Credentials, Git, Ran};
use crate::source;
use crate::userinfo;

/// How long to wait before each further try of a fetch.
pub const RETRIES: [Duration; 9] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// For how long a server that nobody can connect to is waited for, beyond the tries of a fetch: it may be about to start.
pub const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How often it is looked for.
const UNREACHABLE_POLL: Duration = Duration::from_secs(1);

/// What cloning one repository did. (The keys of Prow's `clone-records.json`; durations in nanoseconds.)
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What was to be cloned.
    pub refs: Refs,
    /// What was run, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandRecord>,
    /// Whether it failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// Why it failed, in one sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The commit that is checked out, merges included.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub final_sha: String,
    /// How long it took.
    #[serde(default)]
    pub duration: u64,
}

/// One command of a clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRecord {
    /// The command line, for people.
    pub command: String,
    /// Both of its streams.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// How it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// How long it took.
    #[serde(default)]
    pub duration: u64,
}

/// What a clone works with.
pub struct Cloner<'a> {
    /// The root above `src/`.
    pub root: &'a Path,
    /// git, in any folder and as nobody; each repository's folder and credentials take their place.
    pub git: Git<'a>,
    /// Who git is to whom.
    pub credentials: &'a [Credentials],
    /// The pauses before further tries of a fetch, usually [`RETRIES`].
    pub retries: &'a [Duration],
    /// How long a server that nobody can connect to is waited for, usually [`PATIENCE`].
    pub patience: Duration,
    /// Whether to give up. Asked before each command and during pauses.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Cloner<'_> {
    /// Clones all of them, one after the other, until one fails. The last record then says why.
    pub fn clone_all(&self, all: &[Refs]) -> Vec<Record> {
        if let (Err(why), Some(first)) = (source::check_all(all), all.first()) {
            let refs = Refs { clone_uri: userinfo::cut(&first.clone_uri), ..first.clone() };
            return vec![Record { refs, failed: true, reason: why, ..Record::default() }];
        }
        let mut records = Vec::new();
        for refs in all {
            let record = self.clone_one(refs);
            let failed = record.failed;
            records.push(record);
            if failed {
                break;
            }
        }
        records
    }

    fn clone_one(&self, refs: &Refs) -> Record {
        let begun = Instant::now();
        let folder = source::folder(self.root, refs);
        let uri = refs.clone_address();
        let credentials = self.credentials.iter().find(|credentials| credentials.address == uri);
        let mut one = One { cloner: self, refs, uri, credentials, folder: &folder, commands: Vec::new() };
        let outcome = one.run();
        let (final_sha, reason) = match outcome {
            Ok(sha) => (sha, String::new()),
            Err(reason) => (String::new(), reason),
        };
        Record {
            refs: Refs { clone_uri: userinfo::cut(&refs.clone_uri), ..refs.clone() },
            commands: one.commands,
            failed: !reason.is_empty(),
            reason,
            final_sha,
            duration: nanos(begun.elapsed()),
        }
    }
}

/// One repository while it is cloned.
struct One<'a> {
    cloner: &'a Cloner<'a>,
    refs: &'a Refs,
    uri: String,
    credentials: Option<&'a Credentials>,
    folder: &'a Path,
    commands: Vec<CommandRecord>,
}

impl One<'_> {
    /// Returns the commit that is checked out in the end.
    fn run(&mut self) -> Result<String, String> {
        fs::create_dir_all(self.folder).map_err(|e| format!("{} cannot be created: {e}", self.folder.display()))?;
        self.git(&["init", "--quiet"])?;
        if self.is_sparse() {
            self.git(&["sparse-checkout", "init"])?;
        }
        self.check_out_base()?;
        let begun_at = self.base_time();
        for (i, pull) in self.refs.pulls.iter().enumerate() {
            self.merge(pull, begun_at + 1 + i as i64)?;
        }
        if !self.refs.skip_submodules {
            // Where they come from is written in what is cloned, by whoever opened the pull request: nobody's token goes
            // there.
            self.credentials = None;
            self.fetch_with_retries(&[vec!["submodule", "update", "--init", "--recursive"]])?;
        }
        self.head("HEAD")
    }

    fn check_out_base(&mut self) -> Result<(), String> {
        let Refs { base_ref, base_sha, .. } = self.refs;
        let uri = self.uri.clone();
        let mut options = self.fetch_options();
        let depth = format!("--depth={}", self.refs.clone_depth);
        if self.refs.clone_depth > 0 {
            options.push(&depth);
        }
        if !self.refs.skip_fetch_head && !self.is_sparse() {
            let all = [&["fetch"], &options[..], &["--tags", "--prune", "--end-of-options", &uri]].concat();
            self.fetch_with_retries(&[all])?;
        }
        if self.is_sparse() {
            options.push("--no-tags");
        }
        let wanted = if base_sha.is_empty() { base_ref } else { base_sha };
        let base = [&["fetch"], &options[..], &["--end-of-options", &uri, wanted]].concat();
        self.fetch_with_retries(&[base])?;
        if self.is_sparse() {
            let files = self.refs.sparse_checkout_files.iter().map(String::as_str);
            let set: Vec<&str> = ["sparse-checkout", "set", "--no-cone"].into_iter().chain(files).collect();
            self.git(&set)?;
        }
        let sha = self.head("FETCH_HEAD")?;
        if !base_sha.is_empty() && !sha.starts_with(base_sha.as_str()) {
            return Err(format!("the server gave {sha} for {base_sha}"));
        }
        self.git(&["checkout", "--quiet", "--detach", &sha])?;
        self.git(&["branch", "--force", base_ref, &sha])?;
        self.git(&["checkout", "--quiet", base_ref, "--"])
    }

    /// Fetches a pull request's head, makes sure that it is the pinned commit, and merges it. `time` (seconds) becomes
    /// the date of the merge, so that its commit is the same whenever and wherever it is made.
    fn merge(&mut self, pull: &Pull, time: i64) -> Result<(), String> {
        let Pull { number, sha, git_ref, .. } = pull;
        let uri = self.uri.clone();
        let head = format!("refs/pull/{number}/head");
        // A server need not give out a commit by its name; it does give out the ref, and then the name is compared.
        let sources: Vec<&str> = match (git_ref.as_str(), sha.as_str()) {
            ("", "") => vec![&head],
            ("", sha) => vec![sha, &head],
            (git_ref, _) => vec![git_ref],
        };
        let options = self.fetch_options();
        let fetches: Vec<Vec<&str>> = sources
            .iter()
            .map(|source| [&["fetch"], &options[..], &["--end-of-options", &uri, source]].concat())
            .collect();
        self.fetch_with_retries(&fetches)?;
        let fetched = self.head("FETCH_HEAD")?;
        if !sha.is_empty() && !fetched.starts_with(sha.as_str()) {
            return Err(format!(
                "the head of #{number} is {fetched} by now, and {sha} was to be tested: it was pushed to meanwhile"
            ));
        }
        let date = format!("{time} +0000");
        let dates = [("GIT_AUTHOR_DATE", date.as_str()), ("GIT_COMMITTER_DATE", date.as_str())];
        let message = format!("Merge #{number} ({fetched}) into {}", self.refs.base_ref);
        let merge = ["merge", "--no-ff", "--no-stat", "--no-verify", "-m", &message, &fetched];
        match self.command(&merge, &dates).result {
            Ok(()) => Ok(()),
            Err(how) => Err(self.conflict(*number, &fetched, &how)),
        }
    }

    /// Why a merge failed: the files in conflict, else what git said.
    fn conflict(&mut self, number: u64, sha: &str, how: &str) -> String {
        let said = self.commands.last().map(|command| command.output.trim().to_owned()).unwrap_or_default();
        let files = self.command(&["diff", "--name-only", "--diff-filter=U"], &[]);
        let files: Vec<&str> = files.output.lines().collect();
        let base = &self.refs.base_ref;
        if files.is_empty() {
            format!("#{number} ({sha}) cannot be merged into {base} ({how}): {said}")
        } else {
            format!("#{number} ({sha}) conflicts with {base} in {}: rebase or merge it", files.join(", "))
        }
    }

    /// When the base was committed, in seconds; now where that cannot be read.
    fn base_time(&mut self) -> i64 {
        let shown = self.command(&["show", "--no-patch", "--format=format:%ct", "HEAD"], &[]);
        shown.output.trim().parse().unwrap_or_else(|_| jiff::Timestamp::now().as_second())
    }

    fn head(&mut self, name: &str) -> Result<String, String> {
        let shown = self.command(&["rev-parse", "--verify", "--quiet", name], &[]);
        shown.result.map_err(|how| format!("{name} cannot be read: {how}"))?;
        Ok(shown.output.trim().to_owned())
    }

    fn is_sparse(&self) -> bool {
        !self.refs.sparse_checkout_files.is_empty()
    }

    fn fetch_options(&self) -> Vec<&'static str> {
        let blobless = self.is_sparse() || self.refs.blobless_fetch == Some(true);
        if blobless { vec!["--filter=blob:none"] } else { Vec::new() }
    }

    /// Tries each of the commands, and all of them again after each pause, until one succeeds. While nobody can connect to
    /// the server, no try is used up, for as long as there is patience.
    fn fetch_with_retries(&mut self, commands: &[Vec<&str>]) -> Result<(), String> {
        let end = Instant::now() + self.cloner.patience;
        let mut pauses = self.cloner.retries.iter();
        loop {
            let tried = self.commands.len();
            let mut failure = String::new();
            for command in commands {
                match self.git(command) {
                    Ok(()) => return Ok(()),
                    Err(why) => failure = why,
                }
            }
            if is_unreachable(&failure) && Instant::now() < end {
                if !self.waited(UNREACHABLE_POLL) {
                    return Err(failure);
                }
                // Hundreds of them would say no more than the last.
                self.commands.truncate(tried);
                continue;
            }
            match pauses.next() {
                Some(pause) if self.waited(*pause) => (),
                Some(_) | None => return Err(failure),
            }
        }
    }

    /// False: it was told to stop meanwhile.
    fn waited(&self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        while Instant::now() < end {
            if (self.cloner.stop)() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20).min(pause));
        }
        true
    }

    fn git(&mut self, args: &[&str]) -> Result<(), String> {
        let ran = self.command(args, &[]);
        ran.result.map_err(|how| format!("`{}` failed ({how}): {}", shown(args), ran.output.trim()))
    }

    fn command(&mut self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        if (self.cloner.stop)() {
            return Ran { output: String::new(), result: Err("asked to stop".into()), took: Duration::ZERO };
        }
        let ran = Git { folder: self.folder, credentials: self.credentials, ..self.cloner.git.clone() }.run(args, env);
        self.commands.push(CommandRecord {
            command: shown(args),
            output: ran.output.clone(),
            error: ran.result.clone().err().unwrap_or_default(),
            duration: nanos(ran.took),
        });
        ran
    }
}

/// Whether git says of the server that no connection came about.
fn is_unreachable(failure: &str) -> bool {
    ["Failed to connect to", "Couldn't connect to server", "Connection refused"]
        .iter()
        .any(|said| failure.contains(said))
}

/// A command line for people.
fn shown(args: &[&str]) -> String {
    userinfo::cut(&format!("git {}", args.join(" ")))
}

/// The records as text for people.
pub fn text(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        text.push_str(&format!("# Cloning {} at {}\n", record.refs.full_name(), record.refs.text()));
        for command in &record.commands {
            text.push_str(&format!("$ {}\n{}", command.command, command.output));
            if !command.output.is_empty() && !command.output.ends_with('\n') {
                text.push('\n');
            }
            if !command.error.is_empty() {
                text.push_str(&format!("# {}\n", command.error));
            }
        }
        if record.failed {
            text.push_str(&format!("# Failed: {}\n", record.reason));
        } else {
            text.push_str(&format!("# At {} after {:.1?}\n", record.final_sha, Duration::from_nanos(record.duration)));
        }
    }
    text
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "clone_tests.rs"]
mod tests;
