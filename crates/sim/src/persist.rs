//! The snapshot of the world: one JSON file, replaced as a whole.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::world::World;

/// How long changes gather before they are written.
const GATHER: Duration = Duration::from_millis(20);

/// Reads the snapshot; an empty world if there is none.
pub(crate) fn load(dir: &Path) -> anyhow::Result<World> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make the state directory {}", dir.display()))?;
    let path = dir.join("world.json");
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
            format!("{} is not a snapshot of this version; move it away to start anew", path.display())
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(World::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes the snapshot beside the old one and renames it over.
pub(crate) fn save(hub: &Hub) -> std::io::Result<()> {
    let bytes = hub.read(serde_json::to_vec)?;
    let mut file = tempfile::NamedTempFile::new_in(hub.dir())?;
    file.write_all(&bytes)?;
    file.as_file().sync_data()?;
    file.persist(hub.dir().join("world.json"))?;
    Ok(())
}

/// Saves after every change until `stop`, and once more then.
pub(crate) async fn keep_saved(hub: Arc<Hub>, stop: CancellationToken) {
    let mut revisions = hub.revisions();
    loop {
        let ended = tokio::select! {
            () = stop.cancelled() => true,
            changed = revisions.changed() => changed.is_err(),
        };
        if !ended {
            // What changes meanwhile is in the same snapshot.
            tokio::time::sleep(GATHER).await;
        }
        revisions.mark_unchanged();
        let saving = hub.clone();
        match tokio::task::spawn_blocking(move || save(&saving)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the snapshot cannot be written"),
            Err(error) => tracing::error!(%error, "the snapshot cannot be made"),
        }
        if ended {
            return;
        }
    }
}
