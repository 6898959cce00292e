//! `POST /graphql`. Not a GraphQL engine: a table of operations that clients of this project make, known by their name.
//! Each checks what the token may do in every repository that it touches, and answers with at least the fields that its
//! document asks for. What is not in the table is refused as GitHub refuses an operation that a document does not have.

mod issues;
mod people;
mod pulls;

use std::cell::RefCell;
use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::auth::Who;
use crate::fence::Asked as Question;
use crate::hub::Hub;
use crate::rest::Incoming;
use crate::roles::role_of;
use crate::world::{Level, Repo, Role, World};

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// An app's permission; none for what every token may.
    pub(crate) app: Option<(&'static str, Level)>,
    /// A person's role in each repository that it touches.
    pub(crate) person: Role,
}

/// One operation.
pub(crate) struct Operation {
    /// Its name in the document.
    pub(crate) name: &'static str,
    /// The one field of `query` or `mutation` that it selects.
    pub(crate) field: &'static str,
    /// Who may.
    pub(crate) need: Need,
    /// Gives the value of the field.
    pub(crate) run: fn(&Arc<Hub>, &Ask) -> Result<Value, Trouble>,
}

const READ_ISSUES: Need = Need { app: Some(("issues", Level::Read)), person: Role::Read };
const WRITE_ISSUES: Need = Need { app: Some(("issues", Level::Write)), person: Role::Write };
const PUBLIC: Need = Need { app: None, person: Role::None };
const READ_PULLS: Need = Need { app: Some(("pull_requests", Level::Read)), person: Role::Read };

/// How these are told from requests to the REST API where decisions are written down.
const METHOD: &str = "GRAPHQL";

/// The table.
const OPERATIONS: &[Operation] = &[
    Operation { name: "TransferIssue", field: "transferIssue", need: WRITE_ISSUES, run: issues::transfer },
    Operation { name: "PinIssue", field: "pinIssue", need: WRITE_ISSUES, run: issues::pin },
    Operation { name: "UnpinIssue", field: "unpinIssue", need: WRITE_ISSUES, run: issues::unpin },
    Operation { name: "IssueIsPinned", field: "node", need: READ_ISSUES, run: issues::is_pinned },
    Operation { name: "MergeStates", field: "repository", need: READ_PULLS, run: pulls::merge_states },
    Operation { name: "UserIsBusy", field: "user", need: PUBLIC, run: people::is_busy },
    Operation { name: "UsersByEmail", field: "search", need: PUBLIC, run: people::find },
];

/// One request for an operation of the table.
pub(crate) struct Ask {
    /// Who asks.
    pub(crate) who: Who,
    need: Need,
    variables: Value,
    /// The repositories that were come to so far, and whether the caller may there.
    reached: RefCell<Vec<(String, bool)>>,
}

/// GitHub's way of saying no in GraphQL.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// `NOT_FOUND` and so on; none for a fault in the request itself.
    pub(crate) kind: Option<&'static str>,
    /// One sentence.
    pub(crate) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    query: Option<String>,
    operation_name: Option<String>,
    #[serde(default)]
    variables: Value,
}

impl Asked {
    /// The operation that is asked for by its name, or by being the only one.
    fn name(&self) -> String {
        let in_document = || name_in(self.query.as_deref().unwrap_or_default());
        self.operation_name.clone().or_else(in_document).unwrap_or_default()
    }

    /// The same in the table.
    fn operation(&self) -> Option<&'static Operation> {
        let (name, document) = (self.name(), self.query.as_deref()?);
        OPERATIONS.iter().find(|operation| {
            operation.name == name && name_in(document).as_deref() == Some(&name) && document.contains(operation.field)
        })
    }
}

/// Answers a request to `/graphql`.
pub(crate) fn answer(hub: &Arc<Hub>, request: &Incoming, who: Who) -> Reply {
    let asked = serde_json::from_slice::<Asked>(&request.body);
    let operation = asked.as_ref().ok().and_then(Asked::operation);
    if matches!(who, Who::Anonymous | Who::App(_)) {
        if let Some(operation) = operation {
            note(hub, request, operation, &who, None, false);
        }
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "This endpoint requires you to be authenticated."));
    }
    let asked = asked.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))?;
    if asked.query.is_none() {
        let message = "A query attribute must be specified and must be a string.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    }
    let Some(operation) = operation else {
        let message = format!("No operation named \"{}\"", asked.name());
        return Ok(Answer::ok(&json!({ "errors": [{ "message": message }] })));
    };
    let ask = Ask { who, need: operation.need, variables: asked.variables, reached: RefCell::default() };
    let permitted = ask.check_token();
    let may = permitted.is_ok();
    let result = permitted.and_then(|()| (operation.run)(hub, &ask));
    let reached = ask.reached.take();
    if reached.is_empty() {
        note(hub, request, operation, &ask.who, None, may);
    }
    for (repo, may) in reached {
        note(hub, request, operation, &ask.who, Some(repo), may);
    }
    let mut body = json!({ "data": { operation.field: result.as_ref().ok() } });
    if let Err(trouble) = result {
        let mut error = json!({ "path": [operation.field], "message": trouble.message });
        if let Some(kind) = trouble.kind {
            error["type"] = json!(kind);
        }
        body["errors"] = json!([error]);
    }
    Ok(Answer::ok(&body))
}

/// Writes down who was let through: once for each repository that the operation came to, else once.
fn note(hub: &Hub, request: &Incoming, operation: &Operation, who: &Who, repo: Option<String>, may: bool) {
    let user_agent = request.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let label = hub.read(|world| who.label(world));
    let user_agent = user_agent.unwrap_or_default();
    let asked = Question { method: METHOD, endpoint: operation.name, repo, org: None, label, user_agent };
    hub.decisions.add(who, asked, may);
}

/// Which operation needs what, as the table of all endpoints has it.
pub(crate) fn rules() -> impl Iterator<Item = (&'static str, &'static str, Option<(&'static str, Level)>)> {
    OPERATIONS.iter().map(|operation| (METHOD, operation.name, operation.need.app))
}

/// What GitHub answers, with status 200, once the hour's points are used up.
pub(crate) fn used_up(who: &str) -> Answer {
    let message = format!("API rate limit already exceeded for {who}.");
    Answer::ok(&json!({ "errors": [{ "type": "RATE_LIMITED", "message": message }] }))
}

/// The name behind the document's first `query` or `mutation`.
fn name_in(document: &str) -> Option<String> {
    let rest = document.trim_start();
    let rest = rest.strip_prefix("query").or_else(|| rest.strip_prefix("mutation"))?.trim_start();
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

impl Ask {
    /// A variable that must be a text.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Trouble> {
        let invalid = || Trouble { kind: None, message: format!("Variable ${name} was provided invalid value") };
        self.variables[name].as_str().ok_or_else(invalid)
    }

    /// A variable that may be left out.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.variables[name].as_str()
    }

    /// The login under which the caller acts.
    pub(crate) fn login(&self, world: &World) -> String {
        self.who.login(world).unwrap_or_default()
    }

    /// Whether an app's token has the permission at all, wherever that is.
    fn check_token(&self) -> Result<(), Trouble> {
        let (Who::Installation { token, .. }, Some((name, level))) = (&self.who, self.need.app) else { return Ok(()) };
        let granted = token.permissions.get(name).is_some_and(|granted| *granted >= level);
        if granted { Ok(()) } else { Err(by_integration()) }
    }

    /// Whether the caller may do in `repo` what the operation does; `unseen` is said of a repository that it does not
    /// see.
    ///
    /// # Errors
    /// `unseen`, or `FORBIDDEN`.
    pub(crate) fn permit(&self, world: &World, repo: &Repo, unseen: Trouble) -> Result<(), Trouble> {
        let permitted = self.may(world, repo, unseen);
        self.reached.borrow_mut().push((repo.full_name(), permitted.is_ok()));
        permitted
    }

    fn may(&self, world: &World, repo: &Repo, unseen: Trouble) -> Result<(), Trouble> {
        if let Who::Installation { .. } = &self.who {
            let reached = self.who.reaches(world, repo);
            return match (reached, repo.private) {
                (true, _) => self.check_token(),
                (false, true) => Err(unseen),
                (false, false) => Err(by_integration()),
            };
        }
        let login = self.login(world);
        let role = role_of(world, repo, Some(&login));
        if role < Role::Read {
            return Err(unseen);
        }
        let message = || format!("{login} does not have the correct permissions to execute this operation");
        if role >= self.need.person { Ok(()) } else { Err(Trouble { kind: Some("FORBIDDEN"), message: message() }) }
    }
}

impl Trouble {
    /// The node of that id is not there, or of another kind.
    pub(crate) fn no_node(kind: &str, id: &str) -> Self {
        let message = format!("Could not resolve to {kind} node with the global id of '{id}'");
        Self { kind: Some("NOT_FOUND"), message }
    }

    /// The repository is not there, or hidden.
    pub(crate) fn no_repo(name: &str) -> Self {
        let message = format!("Could not resolve to a Repository with the name '{name}'.");
        Self { kind: Some("NOT_FOUND"), message }
    }

    /// There is no such user.
    pub(crate) fn no_user(login: &str) -> Self {
        let message = format!("Could not resolve to a User with the login of '{login}'.");
        Self { kind: Some("NOT_FOUND"), message }
    }

    /// Understood and refused.
    pub(crate) fn unprocessable(message: &str) -> Self {
        Self { kind: Some("UNPROCESSABLE"), message: message.to_owned() }
    }
}

fn by_integration() -> Trouble {
    Trouble { kind: Some("FORBIDDEN"), message: "Resource not accessible by integration".to_owned() }
}

impl From<Refusal> for Trouble {
    /// What breaks inside is GitHub's "something went wrong".
    fn from(refusal: Refusal) -> Self {
        let message = format!("Something went wrong while executing your query. ({})", refusal.message);
        Self { kind: None, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_its_operation() {
        let check = |document: &str, want: Option<&str>| assert_eq!(name_in(document).as_deref(), want, "{document}");
        check("query One($a: ID!) { x }", Some("One"));
        check("\n mutation Two{ x }", Some("Two"));
        check("query($a: ID!) { x }", None);
        check("{ x }", None);
    }

    #[test]
    fn every_operation_has_one_name() {
        for operation in OPERATIONS {
            let same = OPERATIONS.iter().filter(|other| other.name == operation.name);
            assert_eq!(same.count(), 1, "{}", operation.name);
        }
    }
}
