//! Repositories by git: a bare mirror of each, below one folder, and the operations that the contract's `git-read`,
//! `git-write` and `owners` name; and the jobs that repositories define themselves.
//!
//! What callers may rely on:
//! - no name that comes from outside reaches git unchecked, and none as an option;
//! - no hook, filter, submodule, helper or configuration of this machine or of the repository is run or read;
//! - a token is in the environment of the one command that needs it, and nowhere else;
//! - a mirror outlives the death of any command, and of this program, at any instruction.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use git::{Mirrors, Options, Owners, Repo};
//! let mirrors = Mirrors::open(Options::new("/var/lib/bowsprit/mirrors", "https://github.com"))?;
//! let repo = Repo::new("my-org", "hello")?;
//! let head = mirrors.repository(&repo).fetch("refs/heads/main").await?;
//! println!("{}", mirrors.repository(&repo).list_files(head.as_str(), "docs").await?.len());
//! let owners = Owners::new(mirrors).of_branch(&repo, "main", &Default::default()).await?;
//! println!("{:?}", owners.file_owners("docs/index.md"));
//! # Ok(())
//! # }
//! ```

mod address;
mod blame;
mod command;
mod credentials;
mod diff;
mod error;
mod fetch;
mod files;
mod in_repo;
mod keep;
mod leftovers;
mod links;
mod merge;
mod mirror;
mod mirrors;
mod names;
mod objects;
mod owners;
mod pick;
mod push;
mod recent;
mod repository;
mod run;
mod said;

pub use address::clone_url;
pub use blame::BlamedLine;
pub use credentials::{Access, Anonymous, CredentialSource, Credentials};
pub use diff::{ChangeKind, PathChange};
pub use error::{Error, Result};
pub use in_repo::{InRepo, InRepoError};
pub use merge::MergeCheck;
pub use mirrors::{Limits, Mirrors, Options, SetupError};
pub use names::{Repo, Sha};
pub use owners::Owners;
pub use pick::{Committer, Pick};
pub use repository::Repository;
