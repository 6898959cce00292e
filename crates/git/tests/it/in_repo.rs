use config::{Loaded, Role, SourceFile};
use git::{Error, InRepo, InRepoError};
use prow::in_repo::OwnJobs;
use std::sync::Arc;

use crate::support::{NOWHERE, World, git_in, repo};

const CENTRAL: &str = "presubmits:\n  my-org/hello:\n  - name: central\n    spec: {containers: [{command: [make]}]}\n";

fn loaded(core: &str) -> Loaded {
    let file = SourceFile { role: Role::Core, path: "config.yaml".into(), bytes: core.as_bytes().to_vec() };
    Loaded::from_files(vec![file]).unwrap()
}

fn jobs_yaml(kind: &str, names: &[&str]) -> String {
    let job = |name: &&str| format!("- name: {name}\n  spec: {{containers: [{{command: [make]}}]}}\n");
    format!("{kind}:\n{}", names.iter().map(job).collect::<String>())
}

fn presubmits(names: &[&str]) -> String {
    jobs_yaml("presubmits", names)
}

fn names(jobs: &OwnJobs) -> Vec<&str> {
    let presubmits = jobs.presubmits.iter().map(|job| job.base.name.as_str());
    presubmits.chain(jobs.postsubmits.iter().map(|job| job.base.name.as_str())).collect()
}

struct Asked {
    world: World,
    in_repo: InRepo,
    loaded: Loaded,
}

impl Asked {
    fn new(world: World) -> Self {
        Self { in_repo: InRepo::new(world.mirrors()), loaded: loaded(CENTRAL), world }
    }

    async fn at(&self, base: &str, heads: &[&str]) -> Result<Arc<OwnJobs>, InRepoError> {
        let heads: Vec<String> = heads.iter().map(|&head| head.to_owned()).collect();
        self.in_repo.jobs(&self.loaded, &repo(), base, &heads).await
    }

    #[track_caller]
    fn check(&self, found: &Result<Arc<OwnJobs>, InRepoError>, want: &[&str]) {
        match found {
            Ok(jobs) => assert_eq!(names(jobs), want),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn jobs_are_those_of_the_base_with_the_heads_merged() {
    let world = World::new();
    let (first, both, other) = (presubmits(&["a", "b"]), presubmits(&["a", "b", "c"]), presubmits(&["x"]));
    let base = world.commit("main", &[], &[(".prow/one.yaml", Some(&first)), ("f", Some("1\n"))]);
    let old = world.commit("old", &[&base], &[("g", Some("1\n"))]);
    let more = world.commit("more", &[&base], &[(".prow/one.yaml", Some(&both))]);
    let tip = world.commit("main", &[&base], &[(".prow/two.yaml", Some(&other)), ("f", Some("2\n"))]);
    let asked = Asked::new(world);
    asked.check(&asked.at(&base, &[]).await, &["a", "b"]);
    // What came into the base after a pull request was begun counts for it, too.
    asked.check(&asked.at(&tip, &[&old]).await, &["a", "b", "x"]);
    asked.check(&asked.at(&tip, &[&more]).await, &["a", "b", "c", "x"]);
    asked.check(&asked.at(&base, &[&more, &tip]).await, &["a", "b", "c", "x"]);
    asked.check(&asked.at(&base, &[&more, &old, &base]).await, &["a", "b", "c"]);
    let deploy = jobs_yaml("postsubmits", &["deploy"]);
    let merged = asked.world.commit("main", &[&tip], &[(".prow/post.yml", Some(&deploy)), (".prow/one.yaml", None)]);
    asked.check(&asked.at(&merged, &[]).await, &["x", "deploy"]);
}

#[tokio::test]
async fn a_pull_request_may_bring_the_first_job_and_take_the_last() {
    let world = World::new();
    let base = world.commit("main", &[], &[("f", Some("1\n"))]);
    let text = presubmits(&["own"]);
    let brings = world.commit("brings", &[&base], &[(".prow.yaml", Some(&text))]);
    let takes = world.commit("takes", &[&brings], &[(".prow.yaml", None)]);
    let asked = Asked::new(world);
    asked.check(&asked.at(&base, &[]).await, &[]);
    asked.check(&asked.at(&base, &[&brings]).await, &["own"]);
    asked.check(&asked.at(&brings, &[&takes]).await, &[]);
}

#[tokio::test]
async fn what_cannot_be_merged_or_read_is_told_with_its_place() {
    let world = World::new();
    let (a, b, c) = (presubmits(&["a"]), presubmits(&["b"]), presubmits(&["c"]));
    let base = world.commit("main", &[], &[(".prow.yaml", Some(&a)), ("f", Some("1\n"))]);
    let ours = world.commit("ours", &[&base], &[(".prow.yaml", Some(&b))]);
    let theirs = world.commit("theirs", &[&base], &[(".prow.yaml", Some(&c))]);
    let broken = world.commit("broken", &[&base], &[(".prow.yaml", Some("presubmits:\n- name: [\n"))]);
    let clash = presubmits(&["fine", "central"]);
    let clash = world.commit("clash", &[&base], &[(".prow.yaml", Some(&clash))]);
    let far = format!("{}  cluster: far\n", presubmits(&["a"]));
    let far = world.commit("far", &[&base], &[(".prow.yaml", Some(&far))]);
    let no_folder = world.commit("no-folder", &[&base], &[(".prow", Some("x"))]);
    let asked = Asked::new(world);
    for heads in [vec![&*ours, &*theirs], vec![&*theirs, &*ours, &*broken]] {
        let Err(InRepoError::Conflict(paths)) = asked.at(&base, &heads).await else { panic!("no conflict") };
        assert_eq!(paths, [".prow.yaml"]);
    }
    for (head, place, part) in [
        (&broken, ".prow.yaml:2:9: ", "not YAML"),
        (&clash, ".prow.yaml:4:9: ", "`central` of my-org/hello exists already"),
        (&far, ".prow.yaml:4:12: ", "the cluster `far`"),
        (&no_folder, ".prow:1:1: ", "must be a folder"),
    ] {
        // What is remembered is no better.
        for _ in 0..2 {
            let wrong = asked.at(&base, &[head]).await.unwrap_err();
            assert!(matches!(wrong, InRepoError::Wrong(_)), "{wrong:?}");
            let text = wrong.to_string();
            assert!(text.starts_with(place) && text.contains(part), "{text}");
        }
    }
    for (base, heads) in [("main", vec![]), (&*base, vec!["--x"]), (&*base, vec![&*base; 51])] {
        let found = asked.at(base, &heads).await;
        assert!(matches!(found, Err(InRepoError::Git(Error::Invalid(_)))), "{found:?}");
    }
    let found = asked.at(&base, &[NOWHERE]).await;
    assert!(matches!(found, Err(InRepoError::Git(Error::NotFound(_)))), "{found:?}");
}

#[tokio::test]
async fn links_are_not_followed_and_too_much_is_refused() {
    let world = World::new();
    let base = world.commit("main", &[], &[("jobs.yaml", Some(&presubmits(&["a"])))]);
    let link = format!(
        "commit refs/heads/link\ncommitter c <c@x> 1 +0000\ndata 0\nfrom {base}\nM 120000 inline .prow.yaml\ndata 9\njobs.yaml\n"
    );
    git_in(&world.origin(), &["fast-import", "--quiet"], &link);
    let link = world.git(&["rev-parse", "link"]);
    let large = format!("# {}\n", "x".repeat(3 << 20));
    let large = world.commit("large", &[&base], &[(".prow/a.yaml", Some(&large)), (".prow/b.yaml", Some(&large))]);
    let paths: Vec<String> = (0..1001).map(|n| format!(".prow/{n}.yaml")).collect();
    let many: Vec<(&str, Option<&str>)> = paths.iter().map(|path| (path.as_str(), Some(""))).collect();
    let many = world.commit("many", &[&base], &many);
    let asked = Asked::new(world);
    for (base, place, part) in [
        (link, ".prow.yaml:1:1: ", "symbolic link"),
        (large, ".prow:1:1: ", "over 4194304 bytes"),
        (many, ".prow:1:1: ", "over 1000 files"),
    ] {
        let text = asked.at(&base, &[]).await.unwrap_err().to_string();
        assert!(text.starts_with(place) && text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn what_is_the_same_is_read_once() {
    let world = World::new();
    let text = presubmits(&["a"]);
    let base = world.commit("main", &[], &[(".prow.yaml", Some(&text))]);
    let one = world.commit("one", &[&base], &[("f", Some("1\n"))]);
    let two = world.commit("two", &[&base], &[("f", Some("2\n"))]);
    let other = world.commit("other", &[&base], &[(".prow.yaml", Some(&format!("# more\n{text}")))]);
    let mut asked = Asked::new(world);
    let first = asked.at(&base, &[&one]).await.unwrap();
    let fetched = asked.world.gate.count();
    assert!(Arc::ptr_eq(&first, &asked.at(&base, &[&one]).await.unwrap()));
    assert_eq!(asked.world.gate.count(), fetched, "the far side was asked again");
    assert!(Arc::ptr_eq(&first, &asked.at(&base, &[&two]).await.unwrap()), "another head with the same files");
    assert!(!Arc::ptr_eq(&first, &asked.at(&base, &[&other]).await.unwrap()), "other files");
    // Another configuration may have other defaults.
    asked.loaded = loaded("decorate_all_jobs: true\n");
    let decorated = asked.at(&base, &[&one]).await.unwrap();
    assert!(decorated.presubmits[0].base.decoration_config.is_some());
    assert!(first.presubmits[0].base.decoration_config.is_none());
    // And a mirror that is gone comes back with the same.
    std::fs::remove_dir_all(asked.world.mirror()).unwrap();
    asked.in_repo = InRepo::new(asked.world.mirrors());
    asked.check(&asked.at(&base, &[&one]).await, &["a"]);
}

/// What comes of it by each method: names, or `conflict`.
async fn check_by_method(world: &World, base: &str, heads: &[&str], want: [&str; 3]) {
    let heads: Vec<String> = heads.iter().map(|&head| head.to_owned()).collect();
    let in_repo = InRepo::new(world.mirrors());
    for (method, want) in ["merge", "squash", "rebase"].into_iter().zip(want) {
        let loaded = loaded(&format!("tide: {{merge_method: {{my-org/hello: {method}}}}}\n"));
        let found = match in_repo.jobs(&loaded, &repo(), base, &heads).await {
            Ok(jobs) => names(&jobs).join(" "),
            Err(InRepoError::Conflict(paths)) => format!("conflict in {}", paths.join(" ")),
            Err(error) => panic!("{method}: {error}"),
        };
        assert_eq!(found, want, "{method}");
    }
}

#[tokio::test]
async fn heads_come_in_by_the_method_that_tide_has() {
    let world = World::new();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| presubmits(&[name]));
    let file = ".prow.yaml";
    let base = world.commit("main", &[], &[(file, Some(&a))]);
    // What ends the same is the same but for commits on the way.
    let first = world.commit("pr", &[&base], &[(file, Some(&c))]);
    let last = world.commit("pr", &[&first], &[(file, Some(&b))]);
    let main = world.commit("main", &[&base], &[(file, Some(&b))]);
    check_by_method(&world, &main, &[&last], ["b", "b", "conflict in .prow.yaml"]).await;
    // One on top of another: once squashed, the first is a stranger to the second.
    let second = world.commit("stacked", &[&first], &[(file, Some(&d))]);
    check_by_method(&world, &base, &[&first, &second], ["d", "conflict in .prow.yaml", "d"]).await;
    // A merge in between brings nothing of its own.
    let other = world.commit("other", &[&base], &[("f", Some("1\n"))]);
    let merged = world.commit("merged", &[&other, &main], &[(file, Some(&b))]);
    check_by_method(&world, &main, &[&merged], ["b", "b", "b"]).await;
    check_by_method(&world, &main, &[], ["b", "b", "b"]).await;
}
