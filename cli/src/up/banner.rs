//! What `bowsprit up` says once everything runs.

use super::first_start::REPO;
use super::plan::Plan;

/// Where everything listens, and three things to try; `program` is how to call this program from here.
pub(super) fn render(plan: &Plan, program: &str) -> String {
    let state = &plan.state_dir;
    let state_flag = if plan.is_default_state() { String::new() } else { format!(" --state-dir {}", state.display()) };
    let sim_flag = if plan.ports.sim == 8880 { String::new() } else { format!(" --url {}", plan.github()) };
    format!(
        "
Bowsprit is up. It keeps everything in {state}; the plugins are in {plugins}.

  stand-in GitHub  {github}
  webhook          {hook}
  host             {host}/status   {host_metrics}
  controller       {job_logs}   {controller_metrics}

Jobs run on this machine as you, from what a pull request brings along: let nobody in whom you do not trust.

Three things to try, in another terminal:

  1. Open a pull request; its jobs start:
       {program} sim pr open{sim_flag} {REPO} --as bob --file hello.sh='echo hello, world'

  2. Talk to it (1 is its number):
       {program} sim comment{sim_flag} {REPO} 1 --as alice '/test all'

  3. Look at the jobs, and at why they started:
       {program} jobs list{state_flag} --repo {REPO}
       {program} deliveries list{state_flag}

Ctrl-C ends it; started again, everything is as it was. A job that runs then goes on meanwhile, and is found again.

",
        state = state.display(),
        plugins = plan.plugins_dir.display(),
        github = plan.github(),
        hook = plan.hook(),
        host = plan.host_health(),
        host_metrics = plan.host_metrics(),
        job_logs = plan.job_logs(),
        controller_metrics = plan.controller_metrics(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::up::plan::example;

    #[test]
    fn it_says_where_everything_is_and_what_to_try() {
        insta::assert_snapshot!(render(&example(), "./bowsprit"), @r"

        Bowsprit is up. It keeps everything in /work/.bowsprit; the plugins are in /dist.

          stand-in GitHub  http://127.0.0.1:1
          webhook          http://127.0.0.1:2/hook
          host             http://127.0.0.1:4/status   http://127.0.0.1:3/metrics
          controller       http://127.0.0.1:5   http://127.0.0.1:6/metrics

        Jobs run on this machine as you, from what a pull request brings along: let nobody in whom you do not trust.

        Three things to try, in another terminal:

          1. Open a pull request; its jobs start:
               ./bowsprit sim pr open --url http://127.0.0.1:1 my-org/hello --as bob --file hello.sh='echo hello, world'

          2. Talk to it (1 is its number):
               ./bowsprit sim comment --url http://127.0.0.1:1 my-org/hello 1 --as alice '/test all'

          3. Look at the jobs, and at why they started:
               ./bowsprit jobs list --state-dir /work/.bowsprit --repo my-org/hello
               ./bowsprit deliveries list --state-dir /work/.bowsprit

        Ctrl-C ends it; started again, everything is as it was. A job that runs then goes on meanwhile, and is found again.

        ");
    }
}
