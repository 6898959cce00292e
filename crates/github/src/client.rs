//! The client, and the handle on it that knows for whom it asks.

use std::fmt;
use std::sync::Arc;

use http::header::HeaderValue;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::call::{Answer, Call};
use crate::error::{ApiError, ApiErrorKind};
use crate::identity::Bot;
use crate::options::{Options, SetupError};
use crate::policy::READ_AFTER_WRITE;
use crate::redirect::Within;
use crate::repos::RepoName;
use crate::scope::Scope;
use crate::token::{Credential, Tokens};
use crate::transport::Transport;

/// A connection to GitHub with one identity. Cheap to clone; clones share tokens, cache and limits.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Transport,
    tokens: Tokens,
    component: String,
    user_agent: HeaderValue,
    dry_run: bool,
    bot: OnceCell<Bot>,
}

/// What can be asked of GitHub in one scope. Its methods stand with the permission that they need: [`Self::get_issue`],
/// [`Self::list_labels`], [`Self::create_comment`], [`Self::get_pull_request`], [`Self::combined_status`], …
#[derive(Clone)]
pub struct Api {
    client: Client,
    who: Who,
    user_agent: HeaderValue,
    retry_not_found: bool,
    within: Option<Within>,
}

#[derive(Clone)]
enum Who {
    /// The App, or whoever the personal token belongs to.
    Itself,
    Scope(Arc<Scope>),
}

impl Client {
    /// A client that has not yet spoken to GitHub: an unreachable or refusing one shows at the first call.
    ///
    /// # Errors
    /// An endpoint that is none, a token or key that cannot be read, metrics that are registered already.
    ///
    /// # Panics
    /// Outside a tokio runtime, which carries the connections.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        let user_agent = agent(&options.user_agent).ok_or_else(|| SetupError::UserAgent(options.user_agent.clone()))?;
        Ok(Self(Arc::new(Inner {
            transport: Transport::new(&options)?,
            tokens: Tokens::new(&options.auth)?,
            component: options.user_agent,
            user_agent,
            dry_run: options.dry_run,
            bot: OnceCell::new(),
        })))
    }

    /// The API in `scope`. Costs nothing: a token is looked for at the first call.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> Api {
        let user_agent = scope
            .plugin
            .as_deref()
            // A plugin's name comes from a config file; one that no header can hold is left out.
            .and_then(|plugin| agent(&format!("{}.{plugin}", self.0.component)))
            .unwrap_or_else(|| self.0.user_agent.clone());
        Api { client: self.clone(), who: Who::Scope(Arc::new(scope)), user_agent, retry_not_found: false, within: None }
    }

    /// The API with all that the client may do in `org`.
    #[must_use]
    pub fn for_org(&self, org: &str) -> Api {
        self.scoped(Scope::org(org))
    }

    /// Whether the client is a GitHub App, whose tokens can be narrowed, or holds a personal token, which cannot.
    #[must_use]
    pub fn uses_app_auth(&self) -> bool {
        self.0.tokens.uses_app_auth()
    }

    /// Whether writes are only told of and not made.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.0.dry_run
    }

    pub(crate) fn as_itself(&self) -> Api {
        let user_agent = self.0.user_agent.clone();
        Api { client: self.clone(), who: Who::Itself, user_agent, retry_not_found: false, within: None }
    }

    /// Tells the metrics whose the personal token is.
    pub(crate) fn count_user(&self, login: &str, email: &str) {
        if let Ok(credential) = self.0.tokens.for_self() {
            self.0.transport.count(|metrics| metrics.user(&credential.budget, login, email));
        }
    }

    pub(crate) fn bot_cell(&self) -> &OnceCell<Bot> {
        &self.0.bot
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("user_agent", &self.0.user_agent)
            .field("app", &self.uses_app_auth())
            .field("dry_run", &self.0.dry_run)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// The same in `repo`, too, where it is narrowed to repositories at all.
    #[must_use]
    pub fn also_in(&self, repo: &RepoName) -> Self {
        let who = match &self.who {
            Who::Scope(scope) if scope.repositories.is_some() => {
                Who::Scope(Arc::new(Scope::clone(scope).with_repositories([repo.clone()])))
            }
            who => who.clone(),
        };
        Self { who, ..self.clone() }
    }

    /// The same, for reading what was written a moment ago: a read that finds nothing is made again once, half a second
    /// later.
    #[must_use]
    pub fn expecting_to_find(self) -> Self {
        Self { retry_not_found: true, ..self }
    }

    /// The same, in the name of someone who may see these repositories, besides the one that each call names: what was moved
    /// to another is refused, whatever the token may see. A new name of the same repository is followed, where its owner is the
    /// same.
    #[must_use]
    pub fn answered_within(self, within: impl Fn(&RepoName) -> bool + Send + Sync + 'static) -> Self {
        Self { within: Some(Arc::new(within)), ..self }
    }

    /// The client behind it.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// One read.
    pub(crate) async fn get<T: DeserializeOwned>(&self, call: Call) -> Result<T, ApiError> {
        let answer = match self.call(call.clone()).await {
            Err(error) if error.is_not_found() && self.retry_not_found => {
                tokio::time::sleep(READ_AFTER_WRITE).await;
                self.call(call.clone()).await
            }
            result => result,
        }?;
        self.transport().read(&call, &answer)
    }

    /// Every page of a list, one after the other; a page that fails fails the whole.
    pub(crate) async fn pages<T: DeserializeOwned>(&self, call: Call) -> Result<Vec<T>, ApiError> {
        let mut pages = Vec::new();
        let mut next = Some(call.with_query("per_page", "100"));
        while let Some(call) = next {
            let (page, behind) = self.page(call).await?;
            pages.push(page);
            next = behind;
        }
        Ok(pages)
    }

    /// One page of a list, and the call for the one behind it.
    pub(crate) async fn page<T: DeserializeOwned>(&self, call: Call) -> Result<(T, Option<Call>), ApiError> {
        let answer = self.call(call.clone()).await?;
        Ok((self.transport().read(&call, &answer)?, self.transport().next_page(&call, &answer)?))
    }

    /// A list, all its pages in one.
    pub(crate) async fn list<T: DeserializeOwned>(&self, call: Call) -> Result<Vec<T>, ApiError> {
        Ok(self.pages::<Vec<T>>(call).await?.into_iter().flatten().collect())
    }

    /// A write whose answer does not matter. `intent` completes the dry run's sentence "would …".
    pub(crate) async fn send(&self, call: Call, intent: &str) -> Result<(), ApiError> {
        if self.only_tells(&call, intent) {
            return Ok(());
        }
        self.call(call).await.map(|_| ())
    }

    /// A write and what it made; in a dry run, an empty one.
    pub(crate) async fn send_for<T>(&self, call: Call, intent: &str) -> Result<T, ApiError>
    where
        T: DeserializeOwned + Default,
    {
        if self.only_tells(&call, intent) {
            return Ok(T::default());
        }
        self.read_answer(call).await
    }

    /// A write and what it made; `None` in a dry run, for those who look at the answer.
    pub(crate) async fn send_and_look<T: DeserializeOwned>(
        &self,
        call: Call,
        intent: &str,
    ) -> Result<Option<T>, ApiError> {
        if self.only_tells(&call, intent) {
            return Ok(None);
        }
        self.read_answer(call).await.map(Some)
    }

    /// A call and its answer's JSON.
    pub(crate) async fn read_answer<T: DeserializeOwned>(&self, call: Call) -> Result<T, ApiError> {
        let answer = self.call(call.clone()).await?;
        self.transport().read(&call, &answer)
    }

    /// Makes the call with the scope's token; a token that GitHub no longer takes is replaced once, if there is another.
    pub(crate) async fn call(&self, call: Call) -> Result<Answer, ApiError> {
        if self.client.is_dry_run() && !call.is_read() {
            return Err(ApiError::other(call.method_name(), &call.path, "a dry run makes no writes"));
        }
        let credential = self.credential().await?;
        let within = self.within.as_ref();
        match self.transport().call(call.clone(), &credential, &self.user_agent, within).await {
            Err(error) if error.kind == ApiErrorKind::Unauthorized && self.inner().tokens.refused(&credential) => {
                let credential = self.credential().await?;
                self.transport().call(call, &credential, &self.user_agent, within).await
            }
            result => result,
        }
    }

    pub(crate) async fn credential(&self) -> Result<Arc<Credential>, ApiError> {
        match &self.who {
            Who::Itself => self.inner().tokens.for_self(),
            Who::Scope(scope) => self.inner().tokens.for_scope(scope, self.transport()).await,
        }
    }

    pub(crate) fn only_tells(&self, call: &Call, intent: &str) -> bool {
        if self.client.is_dry_run() {
            tracing::info!(method = call.method_name(), path = %call.path, "dry run: would {intent}");
        }
        self.client.is_dry_run()
    }

    fn inner(&self) -> &Inner {
        &self.client.0
    }

    fn transport(&self) -> &Transport {
        &self.inner().transport
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = match &self.who {
            Who::Itself => None,
            Who::Scope(scope) => Some(scope),
        };
        f.debug_struct("Api").field("scope", &scope).finish_non_exhaustive()
    }
}

fn agent(name: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}/{}", env!("CARGO_PKG_VERSION"))).ok().filter(|value| value.to_str().is_ok())
}
