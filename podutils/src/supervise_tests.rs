use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use prow::step::Run;
use rustix::process::Signal;

use super::*;
use crate::sandbox::Sandbox;

/// Not a test of its own: the supervisor of the others, in a process of its own.
#[test]
fn supervisor_process() {
    if let Some(dir) = std::env::var_os("TEST_SUPERVISE") {
        main(&JobDir::new(PathBuf::from(dir))).unwrap();
    }
}

struct World {
    folder: tempfile::TempDir,
    options: Options,
}

impl World {
    /// A run of a shell script, without a sandbox.
    fn new(script: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            options: Options {
                prowjob: "pj".into(),
                build_id: "1".into(),
                command: vec!["sh".into(), "-c".into(), script.into()],
                env: BTreeMap::from([("PATH".into(), std::env::var("PATH").unwrap())]),
                refs: Vec::new(),
                timeout: Duration::from_secs(60),
                grace_period: Duration::from_secs(10),
                sandbox: None,
                credentials: Vec::new(),
                notes: Vec::new(),
            },
        }
    }

    fn dir(&self) -> JobDir {
        JobDir::new(self.folder.path().canonicalize().unwrap())
    }

    fn start(&self) -> Child {
        file::replace(&self.dir().options(), &serde_json::to_vec(&self.options).unwrap()).unwrap();
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "supervise::tests::supervisor_process"])
            .env("TEST_SUPERVISE", self.dir().path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Runs it to its end.
    fn run(&self) -> ExitMarker {
        assert!(self.start().wait().unwrap().success(), "{}", self.supervisor_log());
        ExitMarker::read(&self.dir()).unwrap().expect("a supervisor that ends well leaves a marker")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir().log()).unwrap_or_default()
    }

    fn supervisor_log(&self) -> String {
        fs::read_to_string(self.dir().supervisor_log()).unwrap_or_default()
    }

    #[track_caller]
    fn wait_for_log(&self, text: &str) {
        until(|| self.log().contains(text), || format!("`{text}` in the log: {}", self.log()));
    }
}

#[track_caller]
fn until(condition: impl Fn() -> bool, what: impl Fn() -> String) {
    let end = std::time::Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(std::time::Instant::now() < end, "never came: {}", what());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.trim_start().starts_with('Z'))
}

#[test]
fn d26_exit_code_and_output_are_kept() {
    for (script, code, output) in [("echo out; echo err >&2", 0, "out\nerr\n"), ("printf x; exit 12", 12, "x")] {
        let world = World::new(script);
        assert_eq!(world.run().exit(), Exit::Code(code));
        assert_eq!(world.log(), output);
    }
}

#[test]
fn d32_a_missing_program_is_told_in_the_log() {
    for name in ["no-such-program-anywhere", "./not-here", "/no/such/file"] {
        let mut world = World::new("");
        world.options.command = vec![name.into()];
        let marker = world.run();
        assert_eq!((marker.code, marker.how), (127, crate::exit_marker::How::NotStarted));
        assert!(world.log().contains(name), "{}", world.log());
    }
}

#[test]
fn a_signal_of_its_own_is_minus_one() {
    let marker = World::new("kill -KILL $$").run();
    assert_eq!((marker.code, marker.exit()), (-1, Exit::Signal(9)));
}

#[test]
fn d27_a_timeout_is_127_and_the_log_says_whether_it_went_in_peace() {
    let mut world = World::new("trap 'exit 3' INT; sleep 600 & wait");
    world.options.timeout = Duration::from_secs(1);
    let marker = world.run();
    assert_eq!((marker.code, marker.exit()), (127, Exit::TimedOut("1s".into())));
    assert!(world.log().contains("Process did not finish before 1s timeout"), "{}", world.log());
    assert!(world.log().contains("Process gracefully exited before 10s grace period"), "{}", world.log());

    let mut world = World::new("trap '' INT TERM; while :; do sleep 0.05; done");
    world.options.timeout = Duration::from_millis(500);
    world.options.grace_period = Duration::from_millis(300);
    assert_eq!(world.run().code, 127);
    assert!(world.log().contains("Process did not exit before 300ms grace period"), "{}", world.log());
}

/// A tree that does its best to outlive its root: a daemon in a session of its own, and one that ignores signals.
const TREE: &str = r#"
    setsid sh -c 'echo $$ > daemon; trap "" INT TERM HUP; while :; do sleep 0.1; done' &
    (trap "" INT TERM; echo $BASHPID > stubborn; while :; do sleep 0.1; done) &
    while [ ! -s daemon ] || [ ! -e stubborn ]; do sleep 0.01; done
    echo ready
"#;

fn daemon(world: &World) -> String {
    fs::read_to_string(world.dir().work().join("daemon")).unwrap()
}

#[test]
fn a_stop_request_kills_the_whole_tree_and_its_reason_stands() {
    let mut world = World::new(&format!("{TREE}\nsleep 600"));
    world.options.grace_period = Duration::from_millis(300);
    let mut child = world.start();
    world.wait_for_log("ready");
    let daemon = daemon(&world);
    assert!(is_alive(&daemon));
    assert!(matches!(observe::observe(&world.dir()).unwrap(), Run::Running { .. }));
    observe::request_stop(&world.dir(), "a newer run", Timestamp::now()).unwrap();
    child.wait().unwrap();
    let marker = ExitMarker::read(&world.dir()).unwrap().unwrap();
    assert_eq!((marker.code, marker.exit()), (130, Exit::Stopped("a newer run".into())));
    assert!(!is_alive(&daemon), "the daemon lives");
}

#[test]
fn d31_a_signal_to_the_supervisor_stops_the_run() {
    let world = World::new("echo ready; sleep 600");
    let mut child = world.start();
    world.wait_for_log("ready");
    process::send(child.id() as i32, Signal::TERM);
    child.wait().unwrap();
    assert_eq!(ExitMarker::read(&world.dir()).unwrap().unwrap().code, 130);
}

#[test]
fn what_a_job_leaves_behind_dies_with_it() {
    let world = World::new(TREE);
    assert_eq!(world.run().exit(), Exit::Code(0));
    assert!(!is_alive(&daemon(&world)), "the daemon lives");
}

#[test]
fn of_several_supervisors_one_runs_the_job() {
    let world = World::new("echo once >> runs");
    let children: Vec<Child> = (0..4).map(|_| world.start()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    until(|| world.dir().exit().exists(), || "the marker".into());
    assert_eq!(fs::read_to_string(world.dir().work().join("runs")).unwrap(), "once\n");
    assert!(world.start().wait().unwrap().success());
    assert_eq!(fs::read_to_string(world.dir().work().join("runs")).unwrap(), "once\n", "and none later");
}

#[test]
fn a_killed_supervisor_is_seen_as_lost_and_its_tree_can_be_killed() {
    let world = World::new(&format!("{TREE}\nsleep 600"));
    let mut child = world.start();
    world.wait_for_log("ready");
    let daemon = daemon(&world);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(observe::observe(&world.dir()).unwrap(), Run::Lost);
    assert!(is_alive(&daemon));
    assert!(observe::kill(&world.dir(), Duration::from_secs(20)).unwrap());
    assert!(!is_alive(&daemon), "the daemon lives");
}

/// A supervisor that ended long ago, in this world's folder, whose number `pid` is another's by now.
fn long_gone(world: &World, pid: u32) {
    let me = process::Process::current(Timestamp::now()).unwrap();
    let record = process::Process { pid: pid as i32, start_ticks: 1, ..me };
    file::replace(&world.dir().supervisor(), &serde_json::to_vec(&record).unwrap()).unwrap();
}

#[test]
fn a_stranger_who_has_the_number_of_a_supervisor_that_is_gone_is_left_alone() {
    let world = World::new("true");
    let mut stranger = Command::new("setsid");
    let stranger = stranger.args(["sh", "-c", "echo ready; exec sleep 600"]).stdout(Stdio::piped());
    let mut stranger = stranger.spawn().unwrap();
    stranger.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
    long_gone(&world, stranger.id());
    assert!(observe::kill(&world.dir(), Duration::from_secs(20)).unwrap());
    assert!(is_alive(&stranger.id().to_string()));
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_supervisor_that_wrote_its_marker_has_no_session_that_could_be_a_stranger_s() {
    let world = World::new("true");
    let leader = Command::new("setsid").args(["sh", "-c", "sleep 600 >&- & echo $!"]).stdout(Stdio::piped()).spawn();
    let leader = leader.unwrap();
    let number = leader.id();
    let child = String::from_utf8(leader.wait_with_output().unwrap().stdout).unwrap();
    long_gone(&world, number);
    ExitMarker::of(&Exit::Code(0), Timestamp::now(), String::new()).write(&world.dir()).unwrap();
    assert!(observe::kill(&world.dir(), Duration::from_secs(20)).unwrap());
    assert!(is_alive(&child));
    process::send(child.trim().parse().unwrap(), Signal::KILL);
}

/// The sandbox of this machine; where there is none, the skip is noted.
fn sandbox(test: &str, empty: Vec<PathBuf>, blank: Vec<PathBuf>) -> Option<Sandbox> {
    match Sandbox::probe(empty, blank) {
        Ok(sandbox) => Some(sandbox),
        Err(why) => {
            counterparts::skip(test, &format!("kernel: {why}"));
            None
        }
    }
}

#[test]
fn a_sandboxed_job_changes_its_own_tree_and_sees_no_secret() {
    let test = "a_sandboxed_job_changes_its_own_tree_and_sees_no_secret";
    let outside = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR").to_owned() + "/..").unwrap();
    let secret = outside.path().canonicalize().unwrap().join("token");
    fs::write(&secret, "s3cr3t").unwrap();
    let script = format!(
        "echo tree > own; echo kept > $ARTIFACTS/kept; echo t > /tmp/t; echo h > $HOME/h
         touch {out}/new 2>/dev/null && echo WROTE OUTSIDE
         grep -s s3cr3t {secret} && echo READ THE SECRET
         ls {state}
         grep CapEff /proc/self/status
         mount -o remount,rw,bind / 2>/dev/null && echo REMOUNTED
         test $(ls /proc | grep -c '^[0-9]') -lt 10 && echo few processes
         exit 7",
        out = outside.path().display(),
        secret = secret.display(),
        state = std::env::temp_dir().display(),
    );
    let mut world = World::new(&script);
    let Some(sandbox) = sandbox(test, vec![world.folder.path().to_owned()], vec![secret.clone()]) else {
        return;
    };
    world.options.sandbox = Some(sandbox);
    world.options.env.insert("ARTIFACTS".into(), world.dir().artifacts().display().to_string());
    assert_eq!(world.run().exit(), Exit::Code(7), "{}", world.log());
    let log = world.log();
    assert!(!log.contains("WROTE OUTSIDE") && !log.contains("READ THE SECRET"), "{log}");
    assert!(log.contains("CapEff:\t0000000000000000\n") && !log.contains("REMOUNTED"), "{log}");
    assert!(log.contains("few processes"), "{log}");
    assert!(world.dir().work().join("own").exists() && world.dir().artifacts().join("kept").exists());
    assert!(world.dir().tmp().join("t").exists() && world.dir().home().join("h").exists());
}

#[test]
fn a_sandboxed_job_has_its_grace_and_dies_with_its_supervisor() {
    let test = "a_sandboxed_job_has_its_grace_and_dies_with_its_supervisor";
    let script = "trap 'echo in peace; exit 3' INT TERM; echo ready; sleep 600 & wait";
    let mut world = World::new(script);
    let Some(sandbox) = sandbox(test, Vec::new(), Vec::new()) else {
        return;
    };
    world.options.sandbox = Some(sandbox);
    let mut child = world.start();
    world.wait_for_log("ready");
    observe::request_stop(&world.dir(), "enough", Timestamp::now()).unwrap();
    child.wait().unwrap();
    assert!(world.log().contains("in peace"), "{}", world.log());

    let mut other = World::new("echo ready; sleep 600 & wait");
    other.options.sandbox.clone_from(&world.options.sandbox);
    let mut child = other.start();
    other.wait_for_log("ready");
    let tree = process::descendants(child.id() as i32, &[]);
    assert!(!tree.is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    until(|| !tree.iter().any(|pid| is_alive(&pid.to_string())), || format!("the end of {tree:?}"));
}

#[test]
fn a_clone_that_fails_is_told_in_the_log() {
    let mut world = World::new("echo never");
    let refs = prow::refs::Refs { org: "o".into(), repo: "r".into(), base_ref: "-x".into(), ..Default::default() };
    world.options.refs = vec![refs];
    let marker = world.run();
    assert!(matches!(marker.exit(), Exit::NotCloned(why) if why.contains("starts with `-`")));
    assert!(world.log().contains("starts with `-`") && !world.log().contains("never"), "{}", world.log());
    assert!(world.dir().clone_records().exists());
}

#[test]
fn a_stop_while_it_clones_ends_the_clone() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut world = World::new("echo never");
    world.options.refs = vec![prow::refs::Refs {
        org: "o".into(),
        repo: "r".into(),
        base_ref: "main".into(),
        clone_uri: format!("http://{}/o/r.git", silent.local_addr().unwrap()),
        ..Default::default()
    }];
    let mut child = world.start();
    let _connection = silent.accept().unwrap();
    assert!(matches!(observe::observe(&world.dir()).unwrap(), Run::Starting { .. }));
    observe::request_stop(&world.dir(), "Pod pending timeout.", Timestamp::now()).unwrap();
    child.wait().unwrap();
    let marker = ExitMarker::read(&world.dir()).unwrap().unwrap();
    assert_eq!(marker.exit(), Exit::Stopped("Pod pending timeout.".into()));
}
