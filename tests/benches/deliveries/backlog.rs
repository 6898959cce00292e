//! Inboxes as a host leaves them that was killed under load.

use std::path::Path;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use store::{Dispatch, Inbox, NewDelivery, NewTask, Scope};
use uuid::Uuid;

use crate::body::{Bodies, REPO};
use crate::load;
use crate::rig::Rig;

/// Pieces of work that the inbox is given at once: it writes them in groups.
const AT_ONCE: usize = 256;
/// How many bodies are held at once.
const BATCH: usize = 5_000;

/// What a host writes of a delivery that it dispatched.
pub(crate) struct Model {
    dispatch: Dispatch,
}

impl Model {
    pub(crate) async fn of(rig: &mut Rig) -> Self {
        load::first(&rig.hook()).await;
        rig.settled().await;
        let inbox = rig.inbox().await;
        let summary = inbox.list(&store::Filter::default()).await.unwrap().remove(0);
        let report = inbox.show(&summary.guid).await.unwrap().unwrap();
        let mut tasks = Vec::new();
        for task in &report.reports {
            let task = inbox.task(task.id).await.unwrap().unwrap();
            let component_digest = task.component_digest.unwrap();
            tasks.push(NewTask { plugin: task.plugin, kind: task.kind, lane: task.lane, component_digest });
        }
        let (config_revision, key) = (report.config_revision.unwrap(), summary.key);
        Model { dispatch: Dispatch { config_revision, key, considered: report.considered, tasks } }
    }
}

/// Adds deliveries that nobody has looked at.
pub(crate) async fn undispatched(file: &Path, count: usize, bytes: usize) {
    let inbox = Inbox::open(file).await.unwrap();
    add(&inbox, count, bytes, None).await;
}

/// Adds deliveries whose tasks have not begun.
pub(crate) async fn dispatched(file: &Path, count: usize, bytes: usize, model: &Model) {
    let inbox = Inbox::open(file).await.unwrap();
    add(&inbox, count, bytes, Some(model)).await;
}

async fn add(inbox: &Inbox, count: usize, bytes: usize, model: Option<&Model>) {
    for begin in (0..count).step_by(BATCH) {
        let bodies = Bodies::new(bytes).take(BATCH.min(count - begin));
        stream::iter(bodies)
            .for_each_concurrent(AT_ONCE, async |signed| {
                let guid = Uuid::new_v4().to_string();
                let delivery = NewDelivery {
                    guid: guid.clone(),
                    event: "issue_comment".into(),
                    scope: Scope::Repo(REPO.into()),
                    key_level: "plain".into(),
                    payload: signed.body,
                    headers: Vec::new(),
                    likeness: None,
                    received_at: Timestamp::now(),
                };
                inbox.accept(delivery).await.unwrap();
                if let Some(Model { dispatch }) = model {
                    inbox.dispatch(&guid, dispatch.clone()).await.unwrap();
                }
            })
            .await;
    }
}
