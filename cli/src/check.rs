//! `bowsprit check`: Prow's `checkconfig`.

mod flags;
mod json;
mod sarif;
mod text;

use std::process::ExitCode;

use anyhow::anyhow;
use config::check::{Level, OwnRepo, Report, Request, folder_of, look};
use prow::checks::Selection;

pub(crate) use self::flags::CheckArgs;
use self::flags::Output;
use crate::{failure, output};

/// Files were read, and something in them is wrong.
const WRONG: u8 = 1;
/// There is nothing to tell of: what the flags name cannot be read, or they contradict each other. Clap's own, too.
const CANNOT: u8 = 2;

/// The exit code is the answer: 0, 1 or 2, as the help says.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let report = match report(args) {
        Ok(report) => report,
        Err(error) => {
            eprint!("{}", failure::explain(&error));
            return Ok(ExitCode::from(CANNOT));
        }
    };
    match args.output {
        Output::Text => output::print(&text::render(&report))?,
        Output::Json => output::print_json(&json::render(&report))?,
        Output::Sarif => output::print_json(&sarif::render(&report))?,
    }
    Ok(if is_fine(&report, args.strict) { ExitCode::SUCCESS } else { ExitCode::from(WRONG) })
}

fn report(args: &CheckArgs) -> anyhow::Result<Report> {
    let selection = Selection {
        named: &args.warnings,
        excluded: &args.exclude_warning,
        expensive: args.expensive_checks,
        with_default: args.include_default_warnings,
    };
    let warnings = selection.warnings().map_err(|why| anyhow!("{why} (--warnings)"))?;
    let folder = folder_of(args.prow_yaml_path.as_deref());
    let own = args.prow_yaml_repo_name.as_ref().map(|(org, repo)| OwnRepo { org, repo, folder: &folder });
    let sources = args.sources();
    let request =
        Request { sources: &sources, warnings: &warnings, required_annotations: &args.required_job_annotations, own };
    Ok(look(&request)?)
}

fn is_fine(report: &Report, strict: bool) -> bool {
    report.count(Level::Error) == 0 && !(strict && report.count(Level::Warning) > 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        check: CheckArgs,
    }

    /// Checks a config.yaml, with further flags; its folder is `DIR` in what comes out.
    fn checked(config: &str, flags: &[&str]) -> anyhow::Result<(Report, bool)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        fs::write(&file, config).unwrap();
        let path = format!("--config-path={}", file.display());
        let args = Cli::try_parse_from(["check", path.as_str()].iter().chain(flags).copied())?.check;
        let mut report = report(&args)?;
        for finding in &mut report.findings {
            finding.fault.file = finding.fault.file.replace(&folder.path().display().to_string(), "DIR");
        }
        let fine = is_fine(&report, args.strict);
        Ok((report, fine))
    }

    const LONELY: &str =
        "periodics:\n- name: hourly\n  interval: 1h\n  spec:\n    containers:\n    - command: [date]\n";

    #[test]
    fn people_see_the_place() {
        let (report, fine) = checked(LONELY, &["--warnings=non-decorated-jobs"]).unwrap();
        assert!(fine);
        insta::assert_snapshot!(text::render(&report), @r"
        DIR/config.yaml:2:3: warning[non-decorated-jobs]: `periodics[0].decorate`: the job `hourly` is not decorated, so nothing clones its source or keeps its log: set `decorate: true`
             2 | - name: hourly
               |   ^
        no errors, 1 warning
        ");
    }

    #[test]
    fn warnings_count_where_they_are_asked_to() {
        let fine = |config: &str, flags: &[&str]| checked(config, flags).unwrap().1;
        assert!(fine("{}", &["--strict"]));
        assert!(fine(LONELY, &[]));
        assert!(fine(LONELY, &["--strict=false"]));
        assert!(!fine(LONELY, &["--strict"]));
        assert!(fine(LONELY, &["--strict", "--exclude-warning=non-decorated-jobs"]));
        assert!(!fine("plank: { pod_pending_timeout: soon }", &[]));
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        let refused = |flags: &[&str]| format!("{:#}", checked("{}", flags).map(|_| "checked").unwrap_err());
        assert!(refused(&["--warnings=long-names"]).contains("there is no warning `long-names`"));
        assert!(refused(&["--plugin-config=/nowhere/plugins.yaml"]).contains("/nowhere/plugins.yaml:1:1: "));
        assert!(refused(&["--prow-yaml-path=.prow.yaml"]).contains("--prow-yaml-repo-name"));
        assert!(refused(&["--prow-yaml-repo-name=hello"]).contains("ORG/REPO"));
    }

    #[test]
    fn programs_get_the_same() {
        let (report, _) =
            checked(LONELY, &["--warnings=non-decorated-jobs", "--warnings=verify-owners-presence"]).unwrap();
        let found = json::render(&report);
        assert_eq!((found["errors"] == 0, found["warnings"] == 1), (true, true), "{found}");
        let finding = &found["findings"][0];
        assert_eq!(finding["rule"], "non-decorated-jobs");
        assert_eq!((finding["line"] == 2, finding["column"] == 3), (true, true), "{finding}");
        assert_eq!(found["not_checked"][0]["rule"], "verify-owners-presence");
        let log = sarif::render(&report);
        let result = &log["runs"][0]["results"][0];
        assert_eq!(
            (result["level"].as_str(), result["ruleId"].as_str()),
            (Some("warning"), Some("non-decorated-jobs"))
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "DIR/config.yaml");
        assert_eq!(place["region"]["startLine"], 2);
    }
}
