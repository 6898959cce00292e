//! Go templates, checked for what can be told without data.

use gotmpl::Template;

/// Whether a template can be parsed.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn check(template: &str) -> Result<(), String> {
    Template::new("").parse(template).map_err(|error| error.to_string())?;
    check_blocks(template)
}

/// Each `if`, `range`, `with`, `block` and `define` has its `end`, which the parser takes as read.
fn check_blocks(template: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once("{{") {
        let inner = after.strip_prefix("- ").unwrap_or(after).trim_start();
        if let Some(comment) = inner.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            continue;
        }
        let word: &str = inner.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        match word {
            "if" | "range" | "with" | "block" | "define" => open.push(word),
            "end" if open.pop().is_none() => return Err("an `{{end}}` closes nothing".to_owned()),
            _ => {}
        }
        rest = &inner[action_length(inner)..];
    }
    match open.pop() {
        None => Ok(()),
        Some(word) => Err(format!("an `{{{{{word}}}}}` has no `{{{{end}}}}`")),
    }
}

/// How far an action goes; texts within it may hold braces.
fn action_length(inner: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"' | '\'') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if inner[at..].starts_with("}}") => return at,
            None => {}
        }
    }
    inner.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_template(template: &str, fault: Option<&str>) {
        match (check(template), fault) {
            (Ok(()), None) => {}
            (Err(why), Some(fault)) => assert!(why.contains(fault), "{template}: {why}"),
            (found, _) => panic!("{template}: {found:?}"),
        }
    }

    #[test]
    fn what_can_be_parsed() {
        check_template("", None);
        check_template("plain", None);
        check_template("{{if eq .A \"{{end}}\"}}a{{else if .B}}b{{- end -}}", None);
        check_template("{{range .A}}{{with .B}}{{.C}}{{end}}{{end}}", None);
        check_template("{{/* if */}}{{- /* {{if}} */ -}}x", None);
        check_template("{{.ends}}{{`}}`}}", None);
    }

    #[test]
    fn what_cannot() {
        check_template("{{.A", Some("unclosed action"));
        check_template("{{.A | }}", Some("empty command"));
        check_template("{{if .A}}x", Some("`{{if}}` has no `{{end}}`"));
        check_template("{{range .A}}{{if .B}}x{{end}}", Some("`{{range}}` has no `{{end}}`"));
        check_template("x{{end}}", Some("closes nothing"));
    }
}
