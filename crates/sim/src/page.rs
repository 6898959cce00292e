//! Pages of lists: `per_page`, `page`, and the Link header that leads from one to the next.

use serde_json::Value;

use crate::answer::Answer;
use crate::call::Call;

/// The most that one page holds.
const MOST: usize = 100;
/// What a page holds if nothing is said.
const USUAL: usize = 30;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Counted from 1.
    pub(crate) number: usize,
    /// 1 to 100.
    pub(crate) size: usize,
}

impl Page {
    /// What the query asks for; nonsense counts as nothing said, as on GitHub.
    pub(crate) fn of(call: &Call) -> Self {
        let number = |name: &str| call.query(name).and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
        Self { number: number("page").unwrap_or(1), size: number("per_page").unwrap_or(USUAL).min(MOST) }
    }

    /// That part of the list, and how many pages there are.
    pub(crate) fn cut<T>(self, all: Vec<T>) -> (Vec<T>, usize) {
        let pages = all.len().div_ceil(self.size).max(1);
        let skip = (self.number - 1).saturating_mul(self.size);
        (all.into_iter().skip(skip).take(self.size).collect(), pages)
    }

    /// The Link header: none if everything is on this page.
    pub(crate) fn link(self, call: &Call, base: &str, pages: usize) -> Option<String> {
        let link = |number: usize, rel: &str| {
            let mut query: Vec<(String, String)> = call.query.clone();
            query.retain(|(name, _)| name != "page");
            query.push(("page".to_owned(), number.to_string()));
            let query: Vec<String> = query.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
            format!("<{base}{}?{}>; rel=\"{rel}\"", call.path, query.join("&"))
        };
        let mut links = Vec::new();
        if self.number > 1 {
            links.push(link((self.number - 1).min(pages), "prev"));
        }
        if self.number < pages {
            links.push(link(self.number + 1, "next"));
            links.push(link(pages, "last"));
        }
        if self.number > 1 {
            links.push(link(1, "first"));
        }
        (!links.is_empty()).then(|| links.join(", "))
    }
}

/// The page of a list that the call asks for, as an answer.
pub(crate) fn list<T>(call: &Call, base: &str, all: Vec<T>, show: impl FnMut(T) -> Value) -> Answer {
    let page = Page::of(call);
    let (part, pages) = page.cut(all);
    let answer = Answer::ok(&part.into_iter().map(show).collect());
    match page.link(call, base, pages) {
        Some(link) => answer.with("link", &link),
        None => answer,
    }
}

pub(crate) fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: usize, size: usize, want: (&[u8], usize)) {
        let (part, pages) = Page { number, size }.cut(vec![1, 2, 3, 4, 5]);
        assert_eq!((&part[..], pages), want, "page {number} of {size}");
    }

    #[test]
    fn pages_hold_what_is_left() {
        check(1, 2, (&[1, 2], 3));
        check(3, 2, (&[5], 3));
        check(4, 2, (&[], 3));
        check(1, 5, (&[1, 2, 3, 4, 5], 1));
    }
}
