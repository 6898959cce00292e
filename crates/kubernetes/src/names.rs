//! Names as Kubernetes lets them be. What a caller names becomes part of a path, so that nothing else may get through.

use crate::error::ClusterError;

/// Whether an object can have this name: parts of small letters, digits and hyphens, with dots between them.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_part)
}

/// Whether a namespace can have this name.
pub(crate) fn is_namespace(text: &str) -> bool {
    text.len() <= 63 && is_part(text)
}

/// Whether a label can have this value.
pub(crate) fn is_label_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 63 && text.bytes().all(inner) && ends(text.bytes().next()) && ends(text.bytes().last())
}

/// Refuses what no object of a namespace can be named.
pub(crate) fn check(namespace: &str, name: &str) -> Result<(), ClusterError> {
    check_namespace(namespace)?;
    if !is_name(name) {
        return Err(ClusterError::Invalid(format!("`{name}` is no name that an object can have")));
    }
    Ok(())
}

/// Refuses what no namespace can be named.
pub(crate) fn check_namespace(namespace: &str) -> Result<(), ClusterError> {
    if !is_namespace(namespace) {
        return Err(ClusterError::Invalid(format!("`{namespace}` is no name that a namespace can have")));
    }
    Ok(())
}

fn is_part(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_names() {
        for good in ["a", "a-b", "a.b", "0", "kube-root-ca.crt", "3f0c9a5e-0000-5000-8000-000000000000"] {
            assert!(is_name(good), "{good:?}");
        }
        let long = "a".repeat(254);
        for bad in
            ["", ".", "..", "a/b", "../secrets/x", "A", "a b", "a?x=1", "a#", "a%2fb", "-a", "a-", "a..b", "ä", &long]
        {
            assert!(!is_name(bad), "{bad:?}");
        }
        assert!(is_namespace("test-pods") && !is_namespace("a.b") && !is_namespace(&"a".repeat(64)));
        for (text, want) in
            [("", true), ("A_b-c.9", true), ("feature/x", false), ("-a", false), ("a.", false), ("a b", false)]
        {
            assert_eq!(is_label_value(text), want, "{text:?}");
        }
    }
}
