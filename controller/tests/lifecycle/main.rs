//! The controller at work: real processes, real git repositories, a small GitHub on loopback.
#![expect(clippy::unwrap_used, reason = "a test whose world cannot be set up has failed")]

mod app;
mod end;
mod github;
mod kill;
mod limits;
mod origin;
mod report;
mod run;
mod world;

use std::path::PathBuf;

use podutils::job_dir::JobDir;

/// Not a test of its own: the supervisor of the others' jobs, in a process of its own. The last argument is its folder.
#[test]
fn supervisor_process() {
    let Some(folder) = std::env::args().next_back().map(PathBuf::from).filter(|path| path.is_absolute()) else {
        return;
    };
    if folder.is_dir() {
        podutils::supervise::main(&JobDir::new(folder)).unwrap();
    }
}

/// Not a test of its own: a controller in a process of its own, for those that kill it.
#[tokio::test]
async fn controller_process() {
    if let Some(state) = std::env::var_os("TEST_CONTROLLER_STATE") {
        let endpoint = std::env::var("TEST_CONTROLLER_GITHUB").unwrap();
        let options = world::options(&PathBuf::from(state), &endpoint);
        controller::run(options, tokio_util::sync::CancellationToken::new()).await.unwrap();
    }
}
