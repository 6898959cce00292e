//! Label selectors as Kubernetes writes them: `a=b,c!=d,e in (f, g),!h`.

use crate::labels;

/// What keeps `text` from being one; an empty text selects everything.
///
/// Behaviour: Kubernetes apimachinery, `labels.Parse`.
pub(super) fn fault(text: &str) -> Option<String> {
    let mut depth = 0_usize;
    let mut requirements = vec![String::new()];
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(format!("`{text}` is no label selector: a `)` closes nothing")),
            ')' => depth -= 1,
            ',' if depth == 0 => {
                requirements.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = requirements.last_mut() {
            last.push(c);
        }
    }
    if text.trim().is_empty() {
        return None;
    }
    let odd = requirements.iter().find(|requirement| !is_requirement(requirement.trim()))?;
    Some(format!("`{}` is no part of a label selector: write it like `key=value` or `key in (a, b)`", odd.trim()))
}

fn is_requirement(text: &str) -> bool {
    if let Some(key) = text.strip_prefix('!') {
        return labels::is_key(key.trim());
    }
    if let Some(at) = text.find(['=', '!', '<', '>']) {
        let (key, rest) = text.split_at(at);
        let value = ["!=", "==", "=", "<", ">"].iter().find_map(|operator| rest.strip_prefix(operator));
        let is_number = |value: &str| value.parse::<i64>().is_ok();
        let compares = rest.starts_with(['<', '>']);
        return labels::is_key(key.trim())
            && value.is_some_and(|value| labels::is_value(value.trim()) && (!compares || is_number(value.trim())));
    }
    let Some((head, list)) = text.split_once('(') else { return labels::is_key(text) };
    let mut words = head.split_whitespace();
    let (key, operator) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let values = list.strip_suffix(')');
    labels::is_key(key)
        && ["in", "notin"].contains(&operator)
        && words.next().is_none()
        && values.is_some_and(|values| values.split(',').all(|value| labels::is_value(value.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, good: bool) {
        assert_eq!(fault(text).is_none(), good, "{text:?}: {:?}", fault(text));
    }

    #[test]
    fn selectors() {
        for text in ["", "a", "!a", "a=b", "a==b", "a != b", "x.io/a in (b, c),d", "a notin (b)", "a=", "a>1, b<2"] {
            check(text, true);
        }
        for text in ["a b", "a in b", "a in (b", "a)", ",", "a=b c", "=b", "a>b", "a of (b)", "-a", "a,,b"] {
            check(text, false);
        }
    }
}
