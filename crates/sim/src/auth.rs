//! Who asks: a personal token, an app's JWT, an installation token, or nobody.

use base64::Engine as _;
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::answer::Refusal;
use crate::world::{InstallationToken, Repo, World, key, now};

/// How far ahead a JWT may end, with a minute for clocks that differ.
const LONGEST_JWT: i64 = 600 + 60;

/// Whoever made a request.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// No credentials were given.
    Anonymous,
    /// A personal token of this login.
    User(String),
    /// An app by itself, with its JWT.
    App(u64),
    /// An app at an account.
    Installation {
        /// Whose token it is.
        app_id: u64,
        /// What it may do.
        token: InstallationToken,
    },
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
}

impl Who {
    /// Reads the `Authorization` header: `Bearer`, `token`, or `Basic` with the token as password (git's way).
    pub(crate) fn of(world: &World, headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(value) = headers.get(http::header::AUTHORIZATION) else { return Ok(Self::Anonymous) };
        let bad = || Refusal::new(http::StatusCode::UNAUTHORIZED, "Bad credentials");
        let (scheme, rest) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(bad)?;
        let token = match scheme.to_ascii_lowercase().as_str() {
            "bearer" | "token" => rest.trim().to_owned(),
            "basic" => password(rest.trim()).ok_or_else(bad)?,
            _ => return Err(bad()),
        };
        if token.split('.').count() == 3 {
            return app_of(world, &token);
        }
        if let Some(user) = world.users.values().find(|user| user.token.as_deref() == Some(&token)) {
            return Ok(Self::User(user.login.clone()));
        }
        let known = world.tokens.get(&token).filter(|known| known.expires_at > now()).ok_or_else(bad)?;
        let installation = world.installations.get(&known.installation).ok_or_else(bad)?;
        Ok(Self::Installation { app_id: installation.app_id, token: known.clone() })
    }

    /// The account under which it acts; none for nobody and for an app by itself.
    pub(crate) fn login(&self, world: &World) -> Option<String> {
        match self {
            Self::Anonymous | Self::App(_) => None,
            Self::User(login) => Some(login.clone()),
            Self::Installation { app_id, .. } => world.apps.get(app_id).map(|app| format!("{}[bot]", app.slug)),
        }
    }

    /// As the request log and the budgets call it.
    pub(crate) fn label(&self, world: &World) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::User(login) => login.clone(),
            Self::App(id) => format!("app:{}", world.apps.get(id).map_or("?", |app| &app.slug)),
            Self::Installation { token, .. } => format!("installation:{}", token.installation),
        }
    }

    /// Whether an installation token is the account's own; true for everyone who is not one.
    pub(crate) fn acts_for(&self, world: &World, account: &str) -> bool {
        let Self::Installation { token, .. } = self else { return true };
        let installation = world.installations.get(&token.installation);
        installation.is_some_and(|installation| installation.account.eq_ignore_ascii_case(account))
    }

    /// Whether an installation token reaches the repository; true for everyone who is not one.
    pub(crate) fn reaches(&self, world: &World, repo: &Repo) -> bool {
        let Self::Installation { token, .. } = self else { return true };
        let Some(installation) = world.installations.get(&token.installation) else { return false };
        let name = key(&repo.full_name());
        installation.account.eq_ignore_ascii_case(&repo.owner)
            && installation.repos.as_ref().is_none_or(|repos| repos.contains(&name))
            && token.repos.as_ref().is_none_or(|repos| repos.contains(&name))
    }
}

fn password(basic: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(basic).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // GitHub also takes a token as the user name, with no password.
    Some(if password.is_empty() { user } else { password }.to_owned())
}

fn app_of(world: &World, jwt: &str) -> Result<Who, Refusal> {
    let refused = |message: &str| Refusal::new(http::StatusCode::UNAUTHORIZED, message);
    let payload = jwt.split('.').nth(1).unwrap_or_default();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok();
    let claims: serde_json::Value = claims.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let issuer = claims["iss"].as_u64().or_else(|| claims["iss"].as_str()?.parse().ok());
    let app = issuer.and_then(|id| world.apps.get(&id)).ok_or_else(|| refused("Integration not found"))?;
    let key = DecodingKey::from_rsa_pem(app.public_key.as_bytes())
        .map_err(|_| refused("A JSON web token could not be decoded"))?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_required_spec_claims(&["exp"]);
    validation.leeway = 0;
    let claims = jsonwebtoken::decode::<Claims>(jwt, &key, &validation).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::ExpiredSignature => {
            refused("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
        }
        _ => refused("A JSON web token could not be decoded"),
    })?;
    if claims.claims.exp > now().as_second() + LONGEST_JWT {
        return Err(refused("'Expiration time' claim ('exp') is too far in the future"));
    }
    Ok(Who::App(app.id))
}
