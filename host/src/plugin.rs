//! One plugin that is ready to be called: its component, compiled and linked with what it was granted and no more.

use std::collections::BTreeSet;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker, Resource};
use wasmtime::{Engine, Store};

use crate::agent::{ClientAgent, Grants};
use crate::capability::{self, Capability, Requests};
use crate::contract::version::{self, Minor};
use crate::contract::{self, previous, types};
use crate::guest::{self, GuestState};
use crate::limits::Limits;
use crate::trap::{self, Cause};
use crate::wasi;

/// The most bytes of a plugin's description, as JSON: it is held for as long as the plugin, and shown on `/status`.
const MAX_DESCRIPTION: usize = 64 << 10;

/// Why a component is not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It wants more than it was granted.
    #[error("plugin `{plugin}` imports {imports}, which its entry does not grant: add {lines} under `grants`")]
    NotGranted {
        /// The plugin's name.
        plugin: String,
        /// Its imports that are not covered, quoted.
        imports: String,
        /// What to add.
        lines: String,
    },
    /// It wants what no one can grant.
    #[error(
        "plugin `{plugin}` imports {imports}, which this host does not have (built for another version of the contract, or with WASI not stubbed?)"
    )]
    Unknown {
        /// The plugin's name.
        plugin: String,
        /// The imports, quoted.
        imports: String,
    },
    /// The component says that it is another plugin.
    #[error("plugin `{plugin}`: the component calls itself `{own}`; is it the wrong file?")]
    Name {
        /// Its name in plugins.yaml.
        plugin: String,
        /// Its own.
        own: String,
    },
    /// There was no room to ask it what it is.
    #[error("plugin `{plugin}` cannot be asked what it is now: {why}")]
    NoRoom {
        /// The plugin's name.
        plugin: String,
        /// What there is too little of.
        why: String,
    },
    /// It lacks an export of the contract's, or has another of that name.
    #[error("plugin `{plugin}` does not export what a plugin has to: {why}")]
    Exports {
        /// The plugin's name.
        plugin: String,
        /// Which, and how.
        why: String,
    },
    /// It failed before it was asked anything, or when it was asked what it is.
    #[error("plugin `{plugin}` cannot say what it is: {why}")]
    Describe {
        /// The plugin's name.
        plugin: String,
        /// How its call ended.
        why: String,
    },
    /// It cannot be linked.
    #[error("plugin `{plugin}` cannot be loaded: {why}")]
    Broken {
        /// The plugin's name.
        plugin: String,
        /// The whole chain of reasons.
        why: String,
    },
}

/// What messages call a component that has not said its name yet.
const UNNAMED: &str = "?";

/// A component that was loaded, linked and asked what it is.
pub struct Plugin {
    /// Its name in plugins.yaml.
    pub name: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// What it may do.
    pub grants: Grants,
    /// What one call may use.
    pub limits: Limits,
    /// What it says of itself.
    pub description: types::Description,
    /// The functions that it imports: the most it can do.
    pub functions: BTreeSet<String>,
    /// It imports WASI.
    pub wasi: bool,
    engine: Engine,
    pre: Pre,
}

/// The component, linked, by the version of the contract that it was built for.
#[derive(Clone)]
enum Pre {
    Previous(previous::EverythingPre<GuestState>),
    Today(contract::EverythingPre<GuestState>),
}

/// One instance, for one call.
pub enum Instance {
    /// Built for 0.1.
    Previous(previous::Everything),
    /// Built for 0.2.
    Today(contract::Everything),
}

impl Pre {
    async fn instantiate(&self, store: &mut Store<GuestState>) -> wasmtime::Result<Instance> {
        Ok(match self {
            Pre::Previous(pre) => Instance::Previous(pre.instantiate_async(store).await?),
            Pre::Today(pre) => Instance::Today(pre.instantiate_async(store).await?),
        })
    }
}

impl Instance {
    /// What it says of itself.
    ///
    /// # Errors
    /// If the guest traps, or is cut off.
    pub async fn describe(&self, store: &mut Store<GuestState>) -> wasmtime::Result<types::Description> {
        match self {
            Instance::Previous(plugin) => Ok(previous::over(&plugin.call_describe(store).await?)),
            Instance::Today(plugin) => plugin.call_describe(store).await,
        }
    }

    async fn help(
        &self,
        store: &mut Store<GuestState>,
        settings: &str,
        repos: &[types::RepoRef],
    ) -> wasmtime::Result<types::PluginHelp> {
        match self {
            Instance::Previous(plugin) => {
                Ok(previous::over(&plugin.call_help(store, settings, &previous::over::<_, Vec<_>>(&repos)).await?))
            }
            Instance::Today(plugin) => plugin.call_help(store, settings, repos).await,
        }
    }

    /// One event.
    ///
    /// # Errors
    /// If the guest traps, or is cut off.
    pub async fn handle(
        &self,
        store: &mut Store<GuestState>,
        event: &types::Event,
        agent: Resource<ClientAgent>,
    ) -> wasmtime::Result<Result<types::Outcome, types::Failure>> {
        match self {
            Instance::Previous(plugin) => {
                let handled = plugin.call_handle(store, &previous::over(event), agent).await?;
                Ok(handled.map(|outcome| previous::over(&outcome)).map_err(|failure| previous::over(&failure)))
            }
            Instance::Today(plugin) => plugin.call_handle(store, event, agent).await,
        }
    }
}

impl Plugin {
    /// Links `component` with what is granted, and asks it what it is.
    ///
    /// # Errors
    /// If it imports what is not granted, or does not answer.
    pub async fn load(
        engine: &Engine,
        name: &str,
        digest: String,
        component: &Component,
        grants: Grants,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let plugin = Self::linked(engine, name, digest, component, grants, limits).await?;
        if plugin.description.name != name {
            return Err(LoadError::Name { plugin: name.to_owned(), own: plugin.description.name });
        }
        Ok(plugin)
    }

    /// The component as whatever it calls itself, with all that it asks for: to be looked at, not to be handed an event.
    ///
    /// # Errors
    /// If no grants would make it load.
    pub(crate) async fn look(
        engine: &Engine,
        digest: String,
        component: &Component,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let grants = Grants::answering(&requests(engine, component));
        let mut plugin = Self::linked(engine, UNNAMED, digest, component, grants, limits).await?;
        plugin.name = plugin.description.name.clone();
        Ok(plugin)
    }

    async fn linked(
        engine: &Engine,
        name: &str,
        digest: String,
        component: &Component,
        grants: Grants,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let broken = |error: wasmtime::Error| LoadError::Broken { plugin: name.to_owned(), why: format!("{error:#}") };
        let exports =
            |error: wasmtime::Error| LoadError::Exports { plugin: name.to_owned(), why: format!("{error:#}") };
        let component_type = component.component_type();
        let minor = version::of(component_type.imports(engine).map(|(instance, _)| instance))
            .map_err(|why| LoadError::Broken { plugin: name.to_owned(), why })?;
        let requests = requests(engine, component);
        if !requests.unknown.is_empty() {
            return Err(LoadError::Unknown { plugin: name.to_owned(), imports: quoted(&requests.unknown) });
        }
        covered(name, &requests, &grants)?;
        let linker = linker(engine, &grants, minor, &requests).map_err(broken)?;
        let wasi = requests.wasi || requests.http;
        let pre = linker.instantiate_pre(component).map_err(broken)?;
        let pre = match minor {
            Minor::Previous => previous::EverythingPre::new(pre).map(Pre::Previous),
            Minor::Today => contract::EverythingPre::new(pre).map(Pre::Today),
        };
        let pre = pre.map_err(exports)?;
        let mut store = guest::store(engine, GuestState::without_task(limits, wasi));
        let left = store.data().time_left();
        let described = async { pre.instantiate(&mut store).await?.describe(&mut store).await };
        let described = tokio::time::timeout(left, described).await;
        let described = described.unwrap_or_else(|_| Err(trap::OutOfTime.into()));
        let description = described.map_err(|error| undescribed(name, trap::cause(error, &limits)))?;
        let bytes = serde_json::to_vec(&description).map_or(usize::MAX, |json| json.len());
        if bytes > MAX_DESCRIPTION {
            let why = format!("its description has {bytes} bytes; {MAX_DESCRIPTION} are the most");
            return Err(LoadError::Describe { plugin: name.to_owned(), why });
        }
        let functions = requests.functions;
        let engine = engine.clone();
        let name = name.to_owned();
        Ok(Plugin { name, digest, grants, limits, description, functions, wasi, engine, pre })
    }

    /// The same with these grants, which are narrower than its own. What it is linked with is what it imports; each call is
    /// checked by the grants that the plugin has then, and denied where they do not cover it.
    pub(crate) fn narrowed(&self, grants: Grants) -> Self {
        Plugin {
            name: self.name.clone(),
            digest: self.digest.clone(),
            grants,
            limits: self.limits,
            description: self.description.clone(),
            functions: self.functions.clone(),
            wasi: self.wasi,
            engine: self.engine.clone(),
            pre: self.pre.clone(),
        }
    }

    /// A fresh store and instance for one call.
    ///
    /// # Errors
    /// If the pool has no room.
    pub async fn instantiate(&self, state: GuestState) -> wasmtime::Result<(Store<GuestState>, Instance)> {
        let mut store = guest::store(&self.engine, state);
        let instance = self.pre.instantiate(&mut store).await?;
        Ok((store, instance))
    }

    /// What `/plugin-help` shows of it.
    ///
    /// # Errors
    /// If the guest traps.
    pub async fn help(&self, settings: &str, repos: &[types::RepoRef]) -> wasmtime::Result<types::PluginHelp> {
        let state = GuestState::without_task(self.limits, self.wasi);
        // A guest that waits is not interrupted by what interrupts one that computes.
        let helped = tokio::time::timeout(state.time_left(), async {
            let (mut store, instance) = self.instantiate(state).await?;
            instance.help(&mut store, settings, repos).await
        });
        helped.await.unwrap_or_else(|_| Err(trap::OutOfTime.into()))
    }

    /// Whether it wants events of this family.
    pub fn wants(&self, kind: types::EventKind) -> bool {
        self.description.events.contains(&kind)
    }
}

/// Whether the grants answer all that a component asks for.
fn covered(name: &str, requests: &Requests, grants: &Grants) -> Result<(), LoadError> {
    let missing = capability::missing(requests, &[&grants.granted, &grants.optional]);
    let http = requests.http && grants.reach.granted.is_empty() && grants.optional.http.is_empty();
    if missing.is_empty() && !http {
        return Ok(());
    }
    let mut imports: Vec<_> = missing.iter().map(|c| c.interface).collect();
    let mut lines: Vec<_> = missing.iter().map(Capability::line).collect();
    if http {
        imports.push("wasi:http");
        lines.push("http: [HOST]".to_owned());
    }
    Err(LoadError::NotGranted { plugin: name.to_owned(), imports: quoted(&imports), lines: quoted(&lines) })
}

/// Why a plugin did not say what it is.
fn undescribed(name: &str, cause: Cause) -> LoadError {
    let plugin = name.to_owned();
    let why = match cause {
        Cause::NoRoom(why) => return LoadError::NoRoom { plugin, why },
        Cause::OutOfTime => "over its deadline".to_owned(),
        Cause::Over(which) => format!("over its limits: {which}"),
        Cause::Interrupted(interrupt) => interrupt.to_string(),
        Cause::Trapped(why) => format!("trapped: {why}"),
    };
    LoadError::Describe { plugin, why }
}

/// What the component asks for.
pub(crate) fn requests(engine: &Engine, component: &Component) -> Requests {
    capability::requests(imports(engine, component).iter().map(|(i, f)| (i.as_str(), f.as_str())))
}

/// Every function that a component imports, with the full name of the instance that it stands in. Instances from which
/// it takes only types are left out.
fn imports(engine: &Engine, component: &Component) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        match item.ty {
            ComponentItem::ComponentInstance(instance) => {
                for (function, item) in instance.exports(engine) {
                    if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                        found.push((name.to_owned(), function.to_owned()));
                    }
                }
            }
            // A type that the world itself names, like the agent's handle, is no authority.
            ComponentItem::Type(_) | ComponentItem::Resource(_) => {}
            _ => found.push((name.to_owned(), String::new())),
        }
    }
    found
}

/// What a plugin with these grants can name at all.
fn linker(engine: &Engine, grants: &Grants, minor: Minor, requests: &Requests) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    if requests.wasi || requests.http {
        wasi::add(&mut linker, requests.http)?;
    }
    match minor {
        Minor::Previous => previous::add_free(&mut linker)?,
        Minor::Today => add_free(&mut linker)?,
    }
    for capability in &capability::CAPABILITIES {
        // What is optional and not granted is linked, too, for the component to load: each call passes a guard first, which
        // answers `denied` and names the grant.
        let linked = capability.is_granted(&grants.granted) || capability.is_granted(&grants.optional);
        let added = match (linked, minor) {
            (false, _) => false,
            (true, Minor::Previous) => previous::add(&mut linker, capability.interface)?,
            (true, Minor::Today) => add(&mut linker, capability).map(|()| true)?,
        };
        if !added {
            // Others may take types from it; an instance without functions carries no authority.
            linker.instance(&format!("bowsprit:plugin/{}@{minor}", capability.interface))?;
        }
    }
    Ok(linker)
}

fn add_free(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    type Own = HasSelf<GuestState>;
    contract::types::add_to_linker::<_, Own>(linker, |s| s)?;
    contract::github_types::add_to_linker::<_, Own>(linker, |s| s)?;
    contract::cluster_types::add_to_linker::<_, Own>(linker, |s| s)?;
    contract::agent::add_to_linker::<_, Own>(linker, |s| s)?;
    contract::log::add_to_linker::<_, Own>(linker, |s| s)
}

fn add(linker: &mut Linker<GuestState>, capability: &Capability) -> wasmtime::Result<()> {
    type Own = HasSelf<GuestState>;
    match capability.interface {
        "github-metadata-read" => contract::github_metadata_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-members-read" => contract::github_members_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-contents-read" => contract::github_contents_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-contents-write" => contract::github_contents_write::add_to_linker::<_, Own>(linker, |s| s),
        "github-statuses-read" => contract::github_statuses_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-statuses-write" => contract::github_statuses_write::add_to_linker::<_, Own>(linker, |s| s),
        "github-checks-read" => contract::github_checks_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-checks-write" => contract::github_checks_write::add_to_linker::<_, Own>(linker, |s| s),
        "github-actions-read" => contract::github_actions_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-actions-write" => contract::github_actions_write::add_to_linker::<_, Own>(linker, |s| s),
        "github-administration-read" => contract::github_administration_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-issues-read" => contract::github_issues_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-issues-write" => contract::github_issues_write::add_to_linker::<_, Own>(linker, |s| s),
        "github-pull-requests-read" => contract::github_pull_requests_read::add_to_linker::<_, Own>(linker, |s| s),
        "github-pull-requests-write" => contract::github_pull_requests_write::add_to_linker::<_, Own>(linker, |s| s),
        "job-config" => contract::job_config::add_to_linker::<_, Own>(linker, |s| s),
        "prowjobs-read" => contract::prowjobs_read::add_to_linker::<_, Own>(linker, |s| s),
        "prowjobs-write" => contract::prowjobs_write::add_to_linker::<_, Own>(linker, |s| s),
        "git-read" => contract::git_read::add_to_linker::<_, Own>(linker, |s| s),
        "git-write" => contract::git_write::add_to_linker::<_, Own>(linker, |s| s),
        "owners" => contract::owners::add_to_linker::<_, Own>(linker, |s| s),
        "kubernetes-read" => contract::kubernetes_read::add_to_linker::<_, Own>(linker, |s| s),
        "kubernetes-write" => contract::kubernetes_write::add_to_linker::<_, Own>(linker, |s| s),
        "build-cluster-read" => contract::build_cluster_read::add_to_linker::<_, Own>(linker, |s| s),
        "build-cluster-write" => contract::build_cluster_write::add_to_linker::<_, Own>(linker, |s| s),
        "slack" => contract::slack::add_to_linker::<_, Own>(linker, |s| s),
        "jira-read" => contract::jira_read::add_to_linker::<_, Own>(linker, |s| s),
        "jira-write" => contract::jira_write::add_to_linker::<_, Own>(linker, |s| s),
        "bugzilla-read" => contract::bugzilla_read::add_to_linker::<_, Own>(linker, |s| s),
        "bugzilla-write" => contract::bugzilla_write::add_to_linker::<_, Own>(linker, |s| s),
        other => unreachable!("`{other}` is in the table of capabilities and not here"),
    }
}

fn quoted<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|n| format!("`{}`", n.as_ref())).collect::<Vec<_>>().join(", ")
}
