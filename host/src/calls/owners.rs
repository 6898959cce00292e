//! What OWNERS files say.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::git::Repo;
use config::Loaded;
use prow::grants::{Access, Permission};
use prow::owners::{Terms, Tree, View};
use wasmtime::component::Resource;

use super::git::git_fault;
use super::{Answer, fault, granted};
use crate::agent::ClientAgent;
use crate::contract::owners;
use crate::contract::owners::{FileOwners, OwnersGroup, OwnersNames, OwnersSection};
use crate::contract::types::{ErrorKind, RepoRef};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::Fault;

/// How many paths one call asks about.
const MAX_PATHS: usize = 10_000;
/// How long one may be: as Linux has it.
const MAX_PATH: usize = 4096;

/// A repository's OWNERS files, about to be read as the configuration of this task says.
struct Reading {
    owners: ::git::Owners,
    repo: Arc<RepoRef>,
    terms: Terms,
    /// Who lists the collaborators; nobody, where they do not matter.
    collaborators: Option<(::github::Api, ::github::RepoName)>,
}

/// What the files of a branch say, and to whom it applies.
struct Read {
    tree: Arc<Tree>,
    collaborators: Option<BTreeSet<String>>,
}

impl GuestState {
    fn reading(&mut self, repo: Arc<RepoRef>) -> Reading {
        let facts = self.task().facts.clone();
        let skips = facts.loaded.plugins.owners(&repo.org, &repo.name).skip_collaborators;
        let collaborators = (!skips).then(|| self.github(&repo));
        let terms = terms(&facts.loaded, &repo);
        Reading { owners: facts.clients.owners.clone(), repo, terms, collaborators }
    }
}

/// What the configuration says of a repository's OWNERS files.
fn terms(loaded: &Loaded, repo: &RepoRef) -> Terms {
    Terms {
        names: loaded.plugins.owners_names(&repo.org, &repo.name),
        denied: loaded.config.core.owners_dir_denylist.of(&repo.org, &repo.name),
    }
}

impl Reading {
    async fn tree(&self, branch: &str) -> Result<Arc<Tree>, Fault> {
        let repo = Repo::new(&self.repo.org, &self.repo.name).map_err(git_fault)?;
        self.owners.of_branch(&repo, branch, &self.terms).await.map_err(git_fault)
    }

    async fn read(&self, branch: &str) -> Result<Read, Fault> {
        Ok(Read { tree: self.tree(branch).await?, collaborators: self.collaborators().await? })
    }

    /// What the files of a branch say of these paths.
    async fn of_files<T: Send + 'static>(
        &self,
        branch: &str,
        paths: &[String],
        answer: impl FnOnce(View<'_>, &[String]) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        if paths.len() > MAX_PATHS {
            let why = format!("{} paths are more than {MAX_PATHS}", paths.len());
            return Err(Fault::answer(ErrorKind::Invalid, why));
        }
        if let Some(path) = paths.iter().find(|path| path.len() > MAX_PATH) {
            let why = format!("a path has {} bytes, over {MAX_PATH}", path.len());
            return Err(Fault::answer(ErrorKind::Invalid, why));
        }
        let (read, asked) = (self.read(branch).await?, paths.to_vec());
        let tree = Arc::clone(&read.tree);
        let answer = aside(move || answer(read.view(), &asked)).await?;
        for why in tree.faults() {
            let repo = format!("{}/{}", self.repo.org, self.repo.name);
            tracing::warn!(repo, why, "a filter of an OWNERS file is about no file");
        }
        Ok(answer)
    }

    /// In lower case. Behaviour: where they cannot be listed, everybody counts, as in Prow; but what passes with time is
    /// waited for.
    async fn collaborators(&self) -> Result<Option<BTreeSet<String>>, Fault> {
        let Some((api, name)) = &self.collaborators else { return Ok(None) };
        match api.list_collaborators(name).await.map(convert::fetched_logins).map_err(fault) {
            Ok(logins) => Ok(Some(logins.iter().map(|login| login.to_lowercase()).collect())),
            Err(Fault::Answer(error)) => {
                let (repo, why) = (format!("{}/{}", self.repo.org, self.repo.name), error.message);
                tracing::warn!(
                    repo,
                    why,
                    "OWNERS files are not compared with the collaborators, which cannot be listed"
                );
                Ok(None)
            }
            Err(later) => Err(later),
        }
    }
}

impl Read {
    fn view(&self) -> View<'_> {
        match &self.collaborators {
            Some(people) => self.tree.among(people),
            None => self.tree.whole(),
        }
    }
}

/// Runs what computes on what a guest has given where it holds up no guest, and on a stack of its own: that of a host call is
/// what the guest has left of its.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Fault::answer(ErrorKind::Other, format!("the host failed at it: {error}")))
}

impl owners::Host for GuestState {
    async fn for_files(
        &mut self,
        agent: Resource<ClientAgent>,
        branch: String,
        paths: Vec<String>,
    ) -> Answer<Vec<FileOwners>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let reading = self.reading(repo.clone());
        let found = reading.of_files(&branch, &paths, |view, paths| {
            paths.iter().map(|path| convert::file_owners(view.file_owners(path))).collect()
        });
        Ok(self.task().journal.read("owners.for-files", &(&*repo, &branch, &paths), found).await?)
    }

    async fn group_files(
        &mut self,
        agent: Resource<ClientAgent>,
        branch: String,
        paths: Vec<String>,
    ) -> Answer<Vec<OwnersGroup>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let reading = self.reading(repo.clone());
        let found = reading.of_files(&branch, &paths, |view, paths| {
            view.groups(paths).into_iter().map(convert::owners_group).collect()
        });
        Ok(self.task().journal.read("owners.group-files", &(&*repo, &branch, &paths), found).await?)
    }

    async fn top_level_approvers(&mut self, agent: Resource<ClientAgent>, branch: String) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let reading = self.reading(repo.clone());
        let found = async { Ok(convert::list(reading.read(&branch).await?.view().top_level_approvers())) };
        Ok(self.task().journal.read("owners.top-level-approvers", &(&*repo, &branch), found).await?)
    }

    async fn all_owners(&mut self, agent: Resource<ClientAgent>, branch: String) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let reading = self.reading(repo.clone());
        let found = async { Ok(convert::list(reading.read(&branch).await?.view().all_owners())) };
        Ok(self.task().journal.read("owners.all-owners", &(&*repo, &branch), found).await?)
    }

    async fn aliases(&mut self, agent: Resource<ClientAgent>, branch: String) -> Answer<Vec<(String, Vec<String>)>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let reading = self.reading(repo.clone());
        let found = async {
            let tree = reading.tree(&branch).await?;
            let group = |(name, members): (&str, &BTreeSet<String>)| (name.to_owned(), convert::list(members.clone()));
            Ok(tree.aliases().iter().map(group).collect())
        };
        Ok(self.task().journal.read("owners.aliases", &(&*repo, &branch), found).await?)
    }

    async fn filenames(&mut self, agent: Resource<ClientAgent>) -> Answer<OwnersNames> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let names = self.task().facts.loaded.plugins.owners_names(&repo.org, &repo.name);
        let found = async { Ok(OwnersNames { owners: names.owners, aliases: names.aliases }) };
        Ok(self.task().journal.read("owners.filenames", &*repo, found).await?)
    }

    async fn parse(&mut self, agent: Resource<ClientAgent>, text: String) -> Answer<Vec<OwnersSection>> {
        let _ = granted!(self, agent, Permission::Owners, Access::Read);
        let asked = text.clone();
        let found = async {
            let sections = aside(move || ::git::Owners::parse(&asked)).await?;
            let sections = sections.map_err(|fault| Fault::answer(ErrorKind::Invalid, fault.to_string()))?;
            Ok(sections.into_iter().map(convert::owners_section).collect())
        };
        Ok(self.task().journal.read("owners.parse", &text, found).await?)
    }
}

#[cfg(test)]
mod tests {
    use config::{Role, SourceFile};
    use prow::owners::{Denied, Names};

    use super::*;

    const CONFIG: &str = "
owners_dir_denylist:
  default: [^generated$]
  repos:
    o: [third_party]
    o/r: [^docs$]
  ignore_preconfigured_defaults: true
";
    const PLUGINS: &str = "
plugins: {o: {plugins: [approve]}}
owners:
  mdyamlrepos: [o/r]
  filenames:
    o: {owners: CODE, owners_aliases: GROUPS}
";

    #[track_caller]
    fn check(config: &str, plugins: &str, repo: &str, names: (&str, &str, bool), patterns: &[&str]) {
        let file = |role, name: &str, text: &str| SourceFile { role, path: name.into(), bytes: text.into() };
        let files = vec![file(Role::Core, "config.yaml", config), file(Role::Plugins, "plugins.yaml", plugins)];
        let loaded = Loaded::from_files(files).unwrap();
        assert_eq!(loaded.warnings, Vec::<String>::new());
        let (owners, aliases, markdown) = names;
        let names = Names { owners: owners.to_owned(), aliases: aliases.to_owned(), markdown };
        let patterns = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let denied = Denied { patterns, ignore_preconfigured_defaults: !config.is_empty() };
        let repo = RepoRef { org: "o".to_owned(), name: repo.to_owned() };
        assert_eq!(terms(&loaded, &repo), Terms { names, denied });
    }

    #[test]
    fn owners_files_are_read_as_plugins_yaml_and_config_yaml_say() {
        check("", "plugins: {o: {plugins: [approve]}}\n", "r", ("OWNERS", "OWNERS_ALIASES", false), &[]);
        check(CONFIG, PLUGINS, "r", ("CODE", "GROUPS", true), &["^generated$", "third_party", "^docs$"]);
        check(CONFIG, PLUGINS, "s", ("CODE", "GROUPS", false), &["^generated$", "third_party"]);
    }
}
