//! Killed at any moment, by `kill -9`.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use git::{Mirrors, Options, Pick};

use crate::support::{World, bot, git_in, repo, text};

/// Where the far side and the mirrors of a process that is to be killed are.
const FOLDER: &str = "GIT_TEST_FOLDER";

/// The arguments of the processes on this machine that have `needle` among them.
pub(crate) fn processes(needle: &str) -> Vec<String> {
    let lines = numbers().filter_map(|pid| std::fs::read(format!("/proc/{pid}/cmdline")).ok());
    let lines = lines.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    lines.filter(|line| !line.is_empty() && line.contains(needle)).collect()
}

fn numbers() -> impl Iterator<Item = i32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A branch of many commits, each of which needs a merge of its own to be picked.
fn many(world: &World) -> (String, Vec<String>) {
    let mut tip = world.commit("main", &[], &[("f", Some(&text(60, 0, "")))]);
    let release = world.commit("release", &[&tip], &[("f", Some(&text(60, 1, "release")))]);
    let commits = (0..12).map(|at| {
        let (line, new) = (40 + at, format!("n{at}\n"));
        tip = world.commit("main", &[&tip], &[("f", Some(&text(60, line, "fix"))), ("new", Some(&new))]);
        tip.clone()
    });
    (release, commits.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pick_whose_git_is_killed_fails_and_can_be_made_again() {
    let world = World::new();
    let (release, commits) = many(&world);
    let repository = world.repository();
    let want = repository.cherry_pick(&release, &commits, "", &bot()).await.unwrap();
    let me = std::process::id();
    let mut killed = 0;
    for _ in 0..5 {
        let pick = tokio::spawn({
            let (repository, release, commits) = (repository.clone(), release.clone(), commits.clone());
            async move { repository.cherry_pick(&release, &commits, "x", &bot()).await }
        });
        // Only what this test started: our own children, at work in this mirror.
        let mirror = std::fs::canonicalize(world.mirror()).unwrap();
        while !pick.is_finished() {
            let ours = numbers().find(|pid| {
                std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == mirror)
                    && parent(*pid) == Some(me)
            });
            if let Some(pid) = ours.and_then(rustix::process::Pid::from_raw) {
                killed += usize::from(rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok());
                break;
            }
        }
        let _ = pick.await.unwrap();
    }
    assert!(killed > 0, "nothing was killed");
    assert_eq!(repository.cherry_pick(&release, &commits, "", &bot()).await.unwrap(), want);
    git_in(&world.mirror(), &["fsck", "--full"], "");
}

fn parent(pid: i32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Not a test, but the program that the next one kills: it picks the same commits for ever.
#[tokio::test(flavor = "multi_thread")]
async fn picks_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(std::path::PathBuf::from) else { return };
    let mut options = Options::new(folder.join("mirrors"), format!("file://{}", folder.join("far").display()));
    options.local_files = true;
    let repository = Mirrors::open(options).unwrap().repository(&repo());
    let shas = std::env::var("GIT_TEST_COMMITS").unwrap();
    let commits: Vec<String> = shas.split(' ').map(str::to_owned).collect();
    for round in 0_u64.. {
        println!("picks");
        repository.cherry_pick(&commits[0], &commits[1..], &format!("{round}"), &bot()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_while_it_picks_leaves_a_good_mirror() {
    let world = World::new();
    let (release, commits) = many(&world);
    let want = world.repository().cherry_pick(&release, &commits, "", &bot()).await.unwrap();
    for rounds in 1..=4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::picks_until_it_is_killed", "--exact", "--nocapture"])
            .env(FOLDER, world.folder.path())
            .env("GIT_TEST_COMMITS", format!("{release} {}", commits.join(" ")))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert_eq!(lines.filter(|line| line.ends_with("picks")).take(rounds).count(), rounds);
        child.kill().unwrap();
        child.wait().unwrap();
        let again = world.repository().cherry_pick(&release, &commits, "", &bot()).await.unwrap();
        assert_eq!(again, want);
        assert!(matches!(again, Pick::Picked(_)));
    }
    git_in(&world.mirror(), &["fsck", "--full"], "");
}
