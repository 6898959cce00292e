//! A disk that is full, and has room again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use counterparts::{skip, this_test};
use tests::stage::Stage;
use tests::world::{World, seen};

use super::{HELD, SOON, all_done, guid, open, options, post};

/// A file system in memory, of its own size; goes when it is dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn at(dir: &Path, mebibytes: u32) -> Result<Self, String> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m,mode=0700"), "bowsprit-test"]).arg(dir);
        let output = mount.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        Ok(Self(dir.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // The host may still be there, and holds on to its files to its end.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Takes all the room but for so many bytes.
fn fill(dir: &Path, but_for: u64) -> PathBuf {
    let path = dir.join("filler");
    let mut file = File::create(&path).unwrap();
    let block = vec![0; 64 << 10];
    for part in [&block[..], &block[..512]] {
        loop {
            match file.write_all(part) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
    let filled = file.metadata().unwrap().len();
    file.set_len(filled - but_for).unwrap();
    path
}

#[tokio::test]
async fn a_full_disk_is_503_and_what_was_acknowledged_is_done_when_it_has_room_again() {
    let world = World::start(options()).await.unwrap();
    let state = world.path("state");
    let compiled = fs::read_dir(state.join("compiled")).unwrap();
    let compiled: Vec<_> =
        compiled.map(|file| file.unwrap().path()).map(|it| (it.clone(), fs::read(it).unwrap())).collect();
    let mounted = match Mounted::at(&state, 192) {
        Ok(mounted) => mounted,
        Err(why) => return skip(&this_test(), &format!("kernel: no file system can be mounted: {why}")),
    };
    restore(&state, compiled);
    let mut world = world;
    world.start_host().unwrap();
    world.ready().await.unwrap();
    let mut stage = Stage::new(world, std::time::Instant::now()).await.unwrap();
    let number = open(&mut stage, 1).await[0];
    let pid = stage.world.host().unwrap().pid();

    // The last of what it takes is still to be handled, in a journal that is on the same disk.
    let filler = fill(&state, 400 << 10);
    let mut acknowledged = Vec::new();
    let mut refused = Vec::new();
    for at in 0..5000 {
        let text = format!("/hold\n{}", "Just words. ".repeat(1000));
        match post(&stage.world, &guid(at), number, &text).await {
            Some(200) => acknowledged.push(guid(at)),
            Some(503) => refused.push(guid(at)),
            other => panic!("answered with {other:?}"),
        }
        if refused.len() == 20 {
            break;
        }
    }
    println!("{} acknowledged and {} refused on a full disk", acknowledged.len(), refused.len());
    assert_eq!(refused.len(), 20, "the disk was never full");
    assert!(!acknowledged.is_empty(), "there was no room at all");

    fs::remove_file(filler).unwrap();
    // GitHub, or who clicks there, sends them again.
    let (url, world) = (refused, &mut stage.world);
    for guid in url {
        let again = world.wait("a delivery to be taken again", SOON, async |world| {
            match post(world, &guid, number, "/hold").await {
                Some(200) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        again.await.unwrap();
        acknowledged.push(guid);
    }
    all_done(&mut stage, &acknowledged).await;
    stage.labels(number, &[HELD], &[]).await.unwrap();
    assert_eq!(stage.world.host().unwrap().pid(), pid, "the same host");
    assert!(stage.world.host().unwrap().ended().is_none());
    let counts = seen(stage.world.inbox().await.unwrap().counts().await).unwrap();
    assert_eq!((counts.failed, counts.dead, counts.unknown), (0, 0, 0));
    drop(mounted);
}

/// What spares the host compiling its plugins.
fn restore(state: &Path, compiled: Vec<(PathBuf, Vec<u8>)>) {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(state.join("compiled")).unwrap();
    for (path, bytes) in compiled {
        fs::write(path, bytes).unwrap();
    }
}
