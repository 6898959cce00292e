//! Which template a path is an instance of.

use percent_encoding::percent_decode_str;

/// A path template, taken apart.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) text: String,
    /// In upper case.
    pub(crate) methods: Vec<String>,
    segments: Vec<Segment>,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    One(String),
    /// A placeholder that takes slashes, at least one segment: a file's path, a branch's name.
    Some(String),
}

/// How well a template fits: more literals first, then fewer segments swallowed by placeholders that take several.
type Fit = (usize, std::cmp::Reverse<usize>);
type Values = Vec<(String, String)>;

impl Template {
    /// `None` for a template that has a placeholder inside a segment: GitHub has one, and a second template for the same.
    pub(crate) fn parse(
        text: &str,
        methods: impl Iterator<Item = String>,
        spans_slashes: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let segment = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if name.contains(['{', '}']) => None,
            Some(name) if spans_slashes(name) => Some(Segment::Some(name.to_owned())),
            Some(name) => Some(Segment::One(name.to_owned())),
            None if segment.contains('{') => None,
            None => Some(Segment::Literal(segment.to_owned())),
        };
        let segments = text.split('/').skip(1).map(segment).collect::<Option<Vec<_>>>()?;
        Some(Self { text: text.to_owned(), methods: methods.collect(), segments })
    }

    fn fit(&self, path: &str) -> Option<(Fit, Values)> {
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        fit(&self.segments, &parts)
    }
}

fn fit(segments: &[Segment], parts: &[&str]) -> Option<(Fit, Values)> {
    let Some((first, rest)) = segments.split_first() else {
        return parts.is_empty().then(|| ((0, std::cmp::Reverse(0)), Vec::new()));
    };
    let most = if matches!(first, Segment::Some(_)) { parts.len() } else { 1.min(parts.len()) };
    let takes = |count: usize| {
        let taken = parts[..count].join("/");
        let ((literals, swallowed), mut values) = fit(rest, &parts[count..])?;
        match first {
            Segment::Literal(text) => (*text == taken).then_some(((literals + 1, swallowed), values)),
            Segment::One(name) | Segment::Some(name) => {
                let taken = percent_decode_str(&taken).decode_utf8().ok().filter(|text| !text.is_empty())?;
                values.insert(0, (name.clone(), taken.into_owned()));
                Some(((literals, std::cmp::Reverse(swallowed.0 + count - 1)), values))
            }
        }
    };
    (1..=most).filter_map(takes).max_by_key(|(fit, _)| *fit)
}

/// The template that fits best among those that have the method; else the best of the others, or nothing.
pub(crate) fn best<'a>(
    templates: &'a [Template],
    method: &str,
    path: &str,
) -> Result<(&'a Template, Values), Option<&'a Template>> {
    let mut fitting: Vec<_> = templates.iter().filter_map(|template| Some((template, template.fit(path)?))).collect();
    fitting.sort_by_key(|(_, (fit, _))| std::cmp::Reverse(*fit));
    let other = fitting.first().map(|(template, _)| *template);
    let found = fitting.into_iter().find(|(template, _)| template.methods.iter().any(|known| known == method));
    found.map(|(template, (_, values))| (template, values)).ok_or(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates() -> Vec<Template> {
        [
            ("/r/{owner}/issues/{number}", "GET PATCH"),
            ("/r/{owner}/issues/comments", "GET"),
            ("/r/{owner}/issues/{number}/comments", "GET"),
            ("/r/{owner}/commits/{ref}", "GET"),
            ("/r/{owner}/commits/{ref}/status", "GET"),
            ("/r/{owner}/compare/{base}...{head}", "GET"),
        ]
        .into_iter()
        .filter_map(|(text, methods)| {
            Template::parse(text, methods.split(' ').map(str::to_owned), |name| name == "ref")
        })
        .collect()
    }

    type Wanted<'a> = (&'a str, &'a [(&'a str, &'a str)]);

    #[track_caller]
    fn check(method: &str, path: &str, want: Result<Wanted<'_>, Option<&str>>) {
        let templates = templates();
        let got = best(&templates, method, path);
        let got =
            got.map(|(template, values)| (template.text.as_str(), values)).map_err(|t| t.map(|t| t.text.as_str()));
        let want = want.map(|(template, values)| {
            (template, values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>())
        });
        assert_eq!(got, want, "{method} {path}");
    }

    #[test]
    fn the_most_literal_template_that_has_the_method_wins() {
        check("GET", "/r/o/issues/7", Ok(("/r/{owner}/issues/{number}", &[("owner", "o"), ("number", "7")])));
        check("GET", "/r/o/issues/comments", Ok(("/r/{owner}/issues/comments", &[("owner", "o")])));
        let patched: &[(&str, &str)] = &[("owner", "o"), ("number", "comments")];
        check("PATCH", "/r/o/issues/comments", Ok(("/r/{owner}/issues/{number}", patched)));
        check("DELETE", "/r/o/issues/7", Err(Some("/r/{owner}/issues/{number}")));
        check("GET", "/r/o/issues", Err(None));
        check("GET", "/r/o/issues/", Err(None));
        check("GET", "/r/o/compare/a...b", Err(None));
        check("GET", "", Err(None));
    }

    #[test]
    fn some_placeholders_take_slashes() {
        let check = |path: &str, template: &str, reference: &str| {
            check("GET", path, Ok((template, &[("owner", "o"), ("ref", reference)])));
        };
        check("/r/o/commits/main", "/r/{owner}/commits/{ref}", "main");
        check("/r/o/commits/feature/x", "/r/{owner}/commits/{ref}", "feature/x");
        check("/r/o/commits/feature%2Fx/status", "/r/{owner}/commits/{ref}/status", "feature/x");
        check("/r/o/commits/a/b/status", "/r/{owner}/commits/{ref}/status", "a/b");
    }
}
