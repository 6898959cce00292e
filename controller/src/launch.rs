//! What a job's supervisor is told: made of the ProwJob, the config and the machine.

use std::collections::HashMap;
use std::time::Duration;

use podutils::job_dir::JobDir;
use podutils::options::Options;
use podutils::sandbox::Sandbox;
use podutils::source;
use prow::container::{self, Container};
use prow::decoration::Decoration;
use prow::env::{self, Folders};
use prow::prowjob::ProwJob;
use prow::refs::Refs;

use crate::git_access::Shown;

/// How long a job has from the request to stop until it is killed, where its decoration says nothing.
pub(crate) const GRACE_PERIOD: Duration = Duration::from_secs(15);
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What holds for all jobs of this controller.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// The sandbox; none: jobs have all rights of the controller.
    pub(crate) sandbox: Option<Sandbox>,
    /// The search path of commands; empty is the usual one.
    pub(crate) search_path: String,
}

/// Why this job can never run here; none: it can.
pub(crate) fn obstacle(job: &ProwJob) -> Option<String> {
    let checks = [container::of(job).err(), Decoration::of(job).err(), source::check_all(&refs(job)).err()];
    checks.into_iter().flatten().next()
}

/// What the supervisor of this run is told. `default_timeout` is the config's; `shown` is for [`refs`].
///
/// # Errors
/// As [`obstacle`].
pub(crate) fn options(
    job: &ProwJob,
    build_id: &str,
    dir: &JobDir,
    default_timeout: Duration,
    shown: Shown,
    machine: &Machine,
) -> Result<Options, String> {
    let container = container::of(job)?;
    let decoration = Decoration::of(job)?;
    let folders =
        Folders { artifacts: dir.artifacts().display().to_string(), gopath: dir.work().display().to_string() };
    let standard = env::environment(job, build_id, Some(&folders));

    let path = if machine.search_path.is_empty() { SEARCH_PATH } else { &machine.search_path };
    let mut known = HashMap::new();
    let mut all = std::collections::BTreeMap::from([
        ("PATH".to_owned(), path.to_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
    ]);
    for (name, value) in &container.env {
        // As Kubernetes does: a value may name what stands before it in the list.
        let value = env::expand(value, &known);
        known.insert(name.clone(), value.clone());
        all.insert(name.clone(), value);
    }
    // Ours win. They are not expanded: a pull request's title is anybody's text.
    known.extend(standard.clone());
    all.extend(standard);
    Ok(Options {
        prowjob: job.name().to_owned(),
        build_id: build_id.to_owned(),
        command: container.command.iter().map(|word| env::expand(word, &known)).collect(),
        env: all,
        refs: refs(job),
        credentials: shown.credentials,
        timeout: decoration.timeout.unwrap_or(default_timeout),
        grace_period: decoration.grace_period.unwrap_or(GRACE_PERIOD),
        sandbox: machine.sandbox.clone(),
        notes: [notes(job, &container, machine), shown.notes].concat(),
    })
}

/// What is cloned, in order. Decorated or not, a job that names its source gets it, unless it says `skip_cloning`.
pub(crate) fn refs(job: &ProwJob) -> Vec<Refs> {
    if Decoration::of(job).is_ok_and(|decoration| decoration.skip_cloning) {
        return Vec::new();
    }
    job.spec.refs.iter().chain(&job.spec.extra_refs).cloned().collect()
}

fn notes(job: &ProwJob, container: &Container, machine: &Machine) -> Vec<String> {
    let mut notes = Vec::new();
    if !container.image.is_empty() {
        notes.push(format!(
            "the image {} is ignored: the job runs as a process on this machine, with the programs that are installed here",
            container.image
        ));
    }
    if !matches!(job.spec.cluster.as_str(), "" | "default") {
        notes.push(format!("the cluster {} is ignored: the job runs on this machine", job.spec.cluster));
    }
    if !container.ignored.is_empty() {
        notes.push(format!("not acted on here: {}", container.ignored.join(", ")));
    }
    if machine.sandbox.is_none() {
        notes.push("there is no sandbox: the job has all rights of the controller's user".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests {
    use prow::prowjob::{ProwJobSpec, ProwJobType};
    use serde_json::json;

    use super::*;

    fn job() -> ProwJob {
        let mut job = ProwJob::new("pj", ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
        job.spec.refs = serde_json::from_value(json!({
            "org": "o", "repo": "r", "base_ref": "main",
            "pulls": [{"number": 7, "author": "a", "sha": "abcdef0", "title": "$(SECRET) $(CI)"}]
        }))
        .unwrap();
        job.spec.pod_spec = Some(json!({"containers": [{
            "image": "golang:1.26",
            "command": ["make", "$(TARGET)"],
            "args": ["PR=$(PULL_NUMBER)", "T=$(PULL_TITLE)", "$(NONE)"],
            "env": [{"name": "A", "value": "a"}, {"name": "TARGET", "value": "$(A)-$(LATER)"}, {"name": "LATER", "value": "l"},
                    {"name": "CI", "value": "mine"}],
        }]}));
        job
    }

    fn options_of(job: &ProwJob) -> Options {
        let machine = Machine { sandbox: None, search_path: String::new() };
        options(job, "42", &JobDir::new("/s/jobs/pj"), Duration::from_secs(60), Shown::default(), &machine).unwrap()
    }

    #[test]
    fn names_in_command_and_values_are_replaced_as_kubernetes_does() {
        let options = options_of(&job());
        assert_eq!(options.command, ["make", "a-$(LATER)", "PR=7", "T=$(SECRET) $(CI)", "$(NONE)"]);
        assert_eq!(options.env["CI"], "true", "the standard variables win");
        assert_eq!(options.env["PULL_TITLE"], "$(SECRET) $(CI)", "a stranger's text is not expanded");
        assert_eq!(options.env["ARTIFACTS"], "/s/jobs/pj/artifacts");
        assert_eq!(options.env["GOPATH"], "/s/jobs/pj/work");
        assert_eq!(options.env["BUILD_ID"], "42");
    }

    #[test]
    fn the_log_says_what_is_ignored_and_whose_rights_it_has() {
        let mut job = job();
        assert!(!options_of(&job).notes.join("\n").contains("cluster"), "it named none");
        job.spec.cluster = "build-7".into();
        let notes = options_of(&job).notes.join("\n");
        assert!(notes.contains("the image golang:1.26 is ignored"), "{notes}");
        assert!(notes.contains("the cluster build-7 is ignored"), "{notes}");
        assert!(notes.contains("all rights of the controller's user"), "{notes}");
    }

    #[test]
    fn times_are_the_job_s_own_or_the_config_s() {
        let options = options_of(&job());
        assert_eq!((options.timeout, options.grace_period), (Duration::from_secs(60), GRACE_PERIOD));
        let mut job = job();
        job.spec.decoration_config = Some(json!({"timeout": "2h", "grace_period": "1s", "skip_cloning": true}));
        let options = options_of(&job);
        assert_eq!((options.timeout, options.grace_period), (Duration::from_secs(7200), Duration::from_secs(1)));
        assert!(options.refs.is_empty());
    }

    #[test]
    fn what_can_never_run_is_known_before() {
        assert_eq!(obstacle(&job()), None);
        let mut two = job();
        two.spec.pod_spec = Some(json!({"containers": [{}, {}]}));
        assert!(obstacle(&two).unwrap().contains("2 containers"));
        let mut odd = job();
        odd.spec.decoration_config = Some(json!({"timeout": "soon"}));
        assert!(obstacle(&odd).unwrap().contains("decoration_config.timeout"));
        let mut bad = job();
        bad.spec.refs.as_mut().unwrap().base_ref = "--x".into();
        assert!(obstacle(&bad).unwrap().contains("base_ref"));
    }
}
