//! Names and passwords in addresses, which nobody is to read in a log or a status.

/// The text without the `user:password@` of any address in it (`scheme://user:password@host/…`).
pub(crate) fn cut(text: &str) -> String {
    let mut cut = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find("://").map(|at| at + 3) {
        let (before, address) = rest.split_at(begin);
        cut.push_str(before);
        let authority = address.find(|c: char| "/?#'\"`<>".contains(c) || c.is_whitespace()).unwrap_or(address.len());
        rest = address[..authority].rfind('@').map_or(address, |at| &address[at + 1..]);
    }
    cut + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(cut(text), want);
    }

    #[test]
    fn what_stands_before_the_host_goes() {
        check("https://bot:s3cr3t@host/o/r", "https://host/o/r");
        check(
            "fatal: unable to access 'https://s3cr3t@host:80/o': no",
            "fatal: unable to access 'https://host:80/o': no",
        );
        check("https://u:p@ss@host", "https://host");
        check("a ssh://git@h/r and http://u:p@i", "a ssh://h/r and http://i");
    }

    #[test]
    fn all_else_stays() {
        for text in
            ["", "://", "git@github.com:o/r", "https://h/o/@scope/r", "https://h\nby a@b", "file:///o/r@x", "é://ü"]
        {
            check(text, text);
        }
    }
}
