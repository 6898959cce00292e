//! The world that the stand-in GitHub is given at the first start, and what later starts see to.

use std::path::Path;

use anyhow::{Context as _, bail};
use reqwest::Method;
use serde_json::{Value, json};
use sim::client::{Actor, Sim};
use sim::seed::{DemoHook, Seed};

use super::plan::Plan;
use super::secret::{self, TOKEN_FILE};

const ORG_OWNER: &str = "alice";
const BOT: &str = "bowsprit-bot";
pub(super) const REPO: &str = "my-org/hello";

/// Holds the webhook's address that GitHub has. There: the world was made.
const MARKER: &str = "github-hook";

/// Makes the demonstration's world if there is none yet, and the bot's token file. Where the webhook's port is another
/// than last time, GitHub is told.
pub(super) async fn furnish(plan: &Plan, hmac: &str) -> anyhow::Result<()> {
    let sim = Sim::new(&plan.github());
    let (marker, hook) = (plan.state_dir.join(MARKER), plan.hook());
    match known_hook(&marker)? {
        None => {
            let demo = Seed::demo(Some(DemoHook { url: hook.clone(), secret: hmac.to_owned() }));
            sim.seed(&demo).await?;
            // What the host could not take is in the webhook's log.
            sim.seed(&Seed::administrator(REPO, BOT)).await?;
        }
        Some(known) if known != hook => move_hook(&sim.user(ORG_OWNER).await?, &known, &hook, hmac).await?,
        Some(_) => {}
    }
    let token = plan.state_dir.join(TOKEN_FILE);
    if !token.exists() {
        secret::write(&token, sim.user(BOT).await?.token())?;
    }
    // Last: a start that was cut off before is begun anew, and seeding twice does no harm.
    secret::write(&marker, &hook)
}

fn known_hook(marker: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(marker) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", marker.display())),
    }
}

/// Changes the address of the webhook that goes to `from`.
async fn move_hook(owner: &Actor, from: &str, to: &str, secret: &str) -> anyhow::Result<()> {
    let hooks = owner.call(Method::GET, &format!("/repos/{REPO}/hooks?per_page=100"), None).await?;
    let all = hooks.as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(id) = all.iter().find(|hook| hook["config"]["url"] == from).and_then(|hook| hook["id"].as_u64()) else {
        bail!(
            "{REPO} has no webhook to {from}, which the last start made: add one to {to} with the secret in the state directory"
        );
    };
    // GitHub replaces the whole config.
    let config: Value = json!({ "config": { "url": to, "content_type": "json", "secret": secret } });
    owner.call(Method::PATCH, &format!("/repos/{REPO}/hooks/{id}"), Some(config)).await?;
    tracing::info!("the webhook of {REPO} goes to {to} now");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::up::plan::example;
    use std::os::unix::fs::PermissionsExt as _;

    async fn hook_urls(sim: &Sim) -> Vec<String> {
        let owner = sim.user(ORG_OWNER).await.unwrap();
        let hooks = owner.call(Method::GET, &format!("/repos/{REPO}/hooks"), None).await.unwrap();
        hooks.as_array().unwrap().iter().map(|hook| hook["config"]["url"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn the_world_is_made_once_and_its_webhook_follows_the_port() {
        let dir = tempfile::tempdir().unwrap();
        let github = sim::serve(sim::Options::default()).await.unwrap();
        let mut plan = example();
        plan.state_dir = dir.path().to_owned();
        plan.ports.sim = github.addr.port();
        let sim = Sim::new(&plan.github());

        furnish(&plan, "secret").await.unwrap();
        assert_eq!(hook_urls(&sim).await, [plan.hook()]);
        let token = dir.path().join(TOKEN_FILE);
        assert_eq!(std::fs::read_to_string(&token).unwrap().trim(), sim.user(BOT).await.unwrap().token());
        assert_eq!(std::fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o600);

        // What people changed stays changed.
        std::fs::write(&token, "another\n").unwrap();
        let owner = sim.user(ORG_OWNER).await.unwrap();
        plan.ports.hook += 1;
        furnish(&plan, "secret").await.unwrap();
        assert_eq!(hook_urls(&sim).await, [plan.hook()]);
        assert_eq!(std::fs::read_to_string(&token).unwrap(), "another\n");

        let hooks = owner.call(Method::GET, &format!("/repos/{REPO}/hooks"), None).await.unwrap();
        owner.call(Method::DELETE, &format!("/repos/{REPO}/hooks/{}", hooks[0]["id"]), None).await.unwrap();
        furnish(&plan, "secret").await.unwrap();
        assert_eq!(hook_urls(&sim).await, Vec::<String>::new());
        github.shutdown().await;
    }
}
