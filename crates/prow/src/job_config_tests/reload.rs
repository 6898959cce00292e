//! Jobs of files that are as they were.

use serde_json::json;

use super::{job, presubmits};
use crate::job_config::{Config, JobFile, Named};

#[test]
fn unchanged_files_keep_their_jobs_and_their_order() {
    let named = |name: &str, job_name: &str| Named {
        file: name.to_owned(),
        raw: serde_json::from_value(presubmits(&[job(json!({"name": job_name}))])).unwrap(),
    };
    let core = || Named { file: "config.yaml".to_owned(), raw: Default::default() };
    let first = Config::check(core(), vec![named("a", "one"), named("b", "two"), named("c", "three")]).unwrap();
    let files = vec![
        JobFile::Unchanged("a".to_owned()),
        JobFile::Read(Box::new(named("b", "other"))),
        JobFile::Unchanged("c".to_owned()),
    ];
    let names = |config: &Config| -> Vec<String> {
        config.presubmits("o", "r").iter().map(|job| job.base.name.clone()).collect()
    };
    let second = Config::check_after(core(), files, Some(&first)).unwrap();
    assert_eq!(names(&second), ["one", "other", "three"]);
    let clash = vec![JobFile::Unchanged("a".to_owned()), JobFile::Read(Box::new(named("b", "one")))];
    let found = Config::check_after(core(), clash, Some(&second)).unwrap_err();
    assert!(found[0].to_string().contains("exists already (presubmits.o/r[0] in a)"), "{found:?}");
}
