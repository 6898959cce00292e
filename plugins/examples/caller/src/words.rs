//! The words of a command as arguments. A word with spaces stands in double quotes, where `\n` is a new line; `-` is an
//! option that is absent and a list that is empty; a list's items have commas between them, and the fields of a record
//! colons.

use std::fmt::Debug;
use std::str::FromStr;

use kit::bindings::bowsprit::plugin::bugzilla_write::BugUpdate;
use kit::bindings::bowsprit::plugin::cluster_types::ConfigMap;
use kit::bindings::bowsprit::plugin::github_checks_write::NewCheckRun;
use kit::bindings::bowsprit::plugin::github_pull_requests_write::{LineComment, Verdict};
use kit::bindings::bowsprit::plugin::github_statuses_read::CommitStatus;
use kit::bindings::bowsprit::plugin::github_types::Reaction;
use kit::bindings::bowsprit::plugin::log::Level;
use kit::{PullRequest, RepoRef, sample};

/// The words of a line.
pub fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.replace("\\n", "\n"));
        rest = after.trim_start();
    }
    words
}

/// The arguments that are still to be taken, each as what the function wants.
pub struct Words(std::vec::IntoIter<String>);

type Taken<T> = Result<T, String>;

impl Words {
    /// All of them.
    pub fn new(words: Vec<String>) -> Self {
        Self(words.into_iter())
    }

    /// Nothing, if nothing is left.
    ///
    /// # Errors
    /// If a word is.
    pub fn end(&mut self) -> Taken<()> {
        self.0.next().map_or(Ok(()), |word| Err(format!("`{word}` is one word too many")))
    }

    fn word(&mut self) -> Taken<String> {
        self.0.next().ok_or_else(|| "a word is missing".to_owned())
    }

    fn parse<T: FromStr>(&mut self) -> Taken<T> {
        let word = self.word()?;
        word.parse().map_err(|_| format!("`{word}` is not what belongs here"))
    }

    pub(crate) fn text(&mut self) -> Taken<String> {
        self.word()
    }

    pub(crate) fn number(&mut self) -> Taken<u32> {
        self.parse()
    }

    pub(crate) fn id(&mut self) -> Taken<u64> {
        self.parse()
    }

    pub(crate) fn flag(&mut self) -> Taken<bool> {
        self.parse()
    }

    pub(crate) fn maybe(&mut self) -> Taken<Option<String>> {
        self.word().map(option)
    }

    pub(crate) fn maybe_number(&mut self) -> Taken<Option<u32>> {
        let word = self.maybe()?;
        word.map(|word| word.parse().map_err(|_| format!("`{word}` is no number"))).transpose()
    }

    pub(crate) fn list(&mut self) -> Taken<Vec<String>> {
        self.word().map(|word| items(&word))
    }

    pub(crate) fn numbers(&mut self) -> Taken<Vec<u32>> {
        let numbers = self.list()?.into_iter().map(|item| item.parse().map_err(|_| format!("`{item}` is no number")));
        numbers.collect()
    }

    /// `key:value,key:value`
    pub(crate) fn pairs(&mut self) -> Taken<Vec<(String, String)>> {
        let pair = |item: String| item.split_once(':').map(|(key, value)| (key.to_owned(), value.to_owned()));
        self.list()?.into_iter().map(|item| pair(item).ok_or_else(|| "a pair has a colon".to_owned())).collect()
    }

    /// `owner/name`
    pub(crate) fn repo(&mut self) -> Taken<RepoRef> {
        let word = self.word()?;
        let (org, name) = word.split_once('/').ok_or("a repository has a slash")?;
        Ok(RepoRef { org: org.to_owned(), name: name.to_owned() })
    }

    /// `number:head:base:author`, the head a commit and the base a branch.
    pub(crate) fn pull(&mut self) -> Taken<PullRequest> {
        let [number, head, base, author] = self.fields()?;
        let mut pull = sample::pull_request(&author);
        pull.number = number.parse().map_err(|_| format!("`{number}` is no number"))?;
        pull.head.sha = head;
        pull.base.name = base;
        Ok(pull)
    }

    /// `context:state:description`
    pub(crate) fn status(&mut self) -> Taken<CommitStatus> {
        let [context, state, description] = self.fields()?;
        let target_url = "https://example.com/status".to_owned();
        Ok(CommitStatus { context, state, description, target_url })
    }

    /// `name:head:conclusion:title`
    pub(crate) fn check_run(&mut self) -> Taken<NewCheckRun> {
        let [name, head_sha, conclusion, title] = self.fields()?;
        let (summary, details_url) = ("a summary".to_owned(), "https://example.com/check".to_owned());
        Ok(NewCheckRun { name, head_sha, conclusion, title, summary, details_url })
    }

    /// `path:position:body,…`
    pub(crate) fn line_comments(&mut self) -> Taken<Vec<LineComment>> {
        let comment = |item: String| {
            let [path, position, body] = fields(&item)?;
            let position = position.parse().map_err(|_| format!("`{position}` is no place"))?;
            Ok(LineComment { path, position, body })
        };
        self.list()?.into_iter().map(comment).collect()
    }

    /// `status:resolution:release,…`
    pub(crate) fn bug_update(&mut self) -> Taken<BugUpdate> {
        let [status, resolution, releases] = self.fields()?;
        let target_release = option(releases).map(|releases| items(&releases));
        Ok(BugUpdate { status: option(status), resolution: option(resolution), target_release })
    }

    /// `namespace:name:key=value,…`, written over whatever is there.
    pub(crate) fn config_map(&mut self) -> Taken<ConfigMap> {
        let [namespace, name, data] = self.fields()?;
        let pair = |item: String| item.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let data: Option<_> = items(&data).into_iter().map(pair).collect();
        let data = data.ok_or("an entry has an equals sign")?;
        let labels = vec![("made-by".to_owned(), "caller".to_owned())];
        let binary_data = vec![("bytes".to_owned(), vec![0, 159, 255])];
        Ok(ConfigMap { namespace, name, labels, data, binary_data, resource_version: None })
    }

    pub(crate) fn reaction(&mut self) -> Taken<Reaction> {
        use Reaction::{Confused, Eyes, Heart, Hooray, Laugh, MinusOne, PlusOne, Rocket};
        self.one_of(&[PlusOne, MinusOne, Laugh, Confused, Heart, Hooray, Rocket, Eyes])
    }

    pub(crate) fn verdict(&mut self) -> Taken<Verdict> {
        self.one_of(&[Verdict::Approve, Verdict::RequestChanges, Verdict::Comment])
    }

    pub(crate) fn level(&mut self) -> Taken<Level> {
        self.one_of(&[Level::Debug, Level::Info, Level::Warn, Level::Error])
    }

    /// By the case's name in Rust, in any case.
    fn one_of<T: Copy + Debug>(&mut self, cases: &[T]) -> Taken<T> {
        let word = self.word()?;
        let named = |case: &&T| word.eq_ignore_ascii_case(format!("{case:?}").rsplit("::").next().unwrap_or_default());
        cases.iter().find(named).copied().ok_or_else(|| format!("`{word}` is none of {cases:?}"))
    }

    fn fields<const N: usize>(&mut self) -> Taken<[String; N]> {
        fields(&self.word()?)
    }
}

fn fields<const N: usize>(word: &str) -> Taken<[String; N]> {
    let fields: Vec<_> = word.splitn(N, ':').map(str::to_owned).collect();
    fields.try_into().map_err(|_| format!("`{word}` has not {N} fields"))
}

fn option(word: String) -> Option<String> {
    (word != "-").then_some(word)
}

fn items(word: &str) -> Vec<String> {
    if word == "-" { Vec::new() } else { word.split(',').map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: &[&str]) {
        assert_eq!(split(line), want, "{line:?}");
    }

    #[test]
    fn words_with_spaces_stand_in_quotes() {
        check("", &[]);
        check(" a  b ", &["a", "b"]);
        check("\"a b\" c", &["a b", "c"]);
        check("\"a\\nb\" \"\"", &["a\nb", ""]);
        check("\"open", &["open"]);
    }

    fn words(line: &str) -> Words {
        Words::new(split(line))
    }

    #[test]
    fn absent_options_and_empty_lists_are_a_dash() {
        let mut all = words("- - - a,b 1,2 k:v");
        assert_eq!((all.maybe(), all.maybe_number(), all.list()), (Ok(None), Ok(None), Ok(vec![])));
        assert_eq!(all.list(), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(all.numbers(), Ok(vec![1, 2]));
        assert_eq!(all.pairs(), Ok(vec![("k".to_owned(), "v".to_owned())]));
        assert_eq!(all.end(), Ok(()));
        assert!(all.text().is_err());
        assert!(words("x").end().is_err());
    }

    #[test]
    fn records_have_colons_between_their_fields() {
        let pull = words("8:abc:main:alice").pull().unwrap();
        assert_eq!((pull.number, pull.head.sha.as_str(), pull.base.name.as_str()), (8, "abc", "main"));
        assert_eq!(words("a.txt:1:text").line_comments().unwrap()[0].position, 1);
        let update = words("ON_QA:-:1.1,1.2").bug_update().unwrap();
        assert_eq!((update.status.as_deref(), update.resolution), (Some("ON_QA"), None));
        assert_eq!(update.target_release.unwrap(), ["1.1", "1.2"]);
        assert_eq!(words("plusone").reaction(), Ok(Reaction::PlusOne));
        assert!(words("thumbs").reaction().is_err());
    }
}
