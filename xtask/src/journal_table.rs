//! The table in `doc/journal.md`, made from `wit/`: of which kind each function of the contract is, and how it is found out
//! whether an effect happened that was cut off.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use wit_parser::Resolve;

/// Where it is written.
pub(crate) const FILE: &str = "doc/journal.md";

const BEGIN: &str = "<!-- functions -->\n";
const END: &str = "<!-- end -->";

/// Interfaces that ask nothing of a far side.
const AT_HOME: [&str; 2] = ["agent", "log"];

/// What a function's doc says of its kind.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Idempotent,
    /// How it is looked for.
    Findable(String),
    Neither,
}

/// The document with its table made anew.
///
/// # Errors
/// A contract that does not parse, a function whose doc does not say of which kind it is, and a document without the marks
/// between which the table stands.
pub(crate) fn document(wit: &Path, written: &str) -> anyhow::Result<String> {
    let (head, rest) = written.split_once(BEGIN).with_context(|| format!("{FILE} has no line `{}`", BEGIN.trim()))?;
    let (_, tail) = rest.split_once(END).with_context(|| format!("{FILE} has no line `{END}`"))?;
    Ok(format!("{head}{BEGIN}{}{END}{tail}", table(wit)?))
}

fn table(wit: &Path) -> anyhow::Result<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).with_context(|| format!("cannot read {}", wit.display()))?;
    let mut text = "| function | kind | in doubt |\n|---|---|---|\n".to_owned();
    for (interface, id) in &resolve.packages[package].interfaces {
        for function in resolve.interfaces[*id].functions.values() {
            let name = function.name.rsplit('.').next().unwrap_or(&function.name);
            if AT_HOME.contains(&interface.as_str()) {
                continue;
            }
            let docs = function.docs.contents.as_deref().unwrap_or_default();
            let changes = interface.ends_with("-write") || interface == "slack";
            let kind = kind(docs, changes).with_context(|| {
                format!("the doc of {interface}.{name} does not say whether it is idempotent, findable or neither")
            })?;
            let (kind, in_doubt) = match kind {
                Kind::Read => ("read", "asked again".to_owned()),
                Kind::Idempotent => ("idempotent", "made again".to_owned()),
                Kind::Findable(how) => ("findable", format!("looked for {how}")),
                Kind::Neither => ("neither", "`unknown`".to_owned()),
            };
            writeln!(text, "| `{interface}.{name}` | {kind} | {in_doubt} |")?;
        }
    }
    Ok(text)
}

/// The kind that a function's doc names; one that changes something has to name it.
fn kind(docs: &str, changes: bool) -> Option<Kind> {
    let docs = docs.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut sentences = docs.split_inclusive(['.', ':', ',']).map(str::trim);
    let at = |word: &str| docs.find(word).map(|at| &docs[at + word.len()..]);
    if sentences.any(|sentence| sentence.starts_with("Neither")) {
        return Some(Kind::Neither);
    }
    if let Some(rest) = at("Findable") {
        let how = rest.split_once(". ").map_or(rest, |(how, _)| how).trim_end_matches('.');
        let how = how.trim_start_matches([',', ':']).trim();
        return (!how.is_empty()).then(|| Kind::Findable(how.to_owned()));
    }
    if at("Idempotent").is_some() {
        return Some(Kind::Idempotent);
    }
    (!changes).then_some(Kind::Read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(docs: &str, changes: bool, want: Option<Kind>) {
        assert_eq!(kind(docs, changes), want, "{docs}");
    }

    #[test]
    fn a_functions_doc_says_of_which_kind_it_is() {
        check("Posts it. Findable, by the\nmarker. One call.", true, Some(Kind::Findable("by the marker".to_owned())));
        check("Moves it. Findable: GitHub leads on.", true, Some(Kind::Findable("GitHub leads on".to_owned())));
        check("Sets it. Idempotent. One call.", true, Some(Kind::Idempotent));
        check("Sets it. Idempotent: the last counts. One call.", true, Some(Kind::Idempotent));
        check("Tells it. Neither: a message cannot be found.", true, Some(Kind::Neither));
        check("Gives it. One call.", false, Some(Kind::Read));
        check("Sets it. One call.", true, None);
        check("Sets it. Findable. One call.", true, None);
    }

    #[test]
    fn every_function_of_the_contract_stands_in_the_journals_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let written = std::fs::read_to_string(root.join(FILE)).unwrap();
        let wanted = document(&root.join("wit"), &written).unwrap();
        assert!(written == wanted, "{FILE} is not that of wit/: `cargo xtask reference` writes it anew");
        assert!(written.matches("| findable |").count() > 10, "the table is empty");
    }
}
