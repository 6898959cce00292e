//! Lines that loading wrote, `file:line:column: what`, taken apart again.

use crate::fault::{Fault, Position};
use crate::source::Role;

/// The fault of a line, and the role of its file where that is known. A file's name may have colons.
pub(super) fn fault(text: &str, files: &[(String, Role)]) -> (Fault, Option<Role>) {
    let known = files.iter().filter_map(|(name, role)| Some((name, *role, text.strip_prefix(name.as_str())?)));
    let parted = known.filter_map(|(name, role, rest)| Some((name, role, place(rest)?))).next();
    match parted {
        Some((name, role, (at, message))) => (Fault { file: name.clone(), at, message }, Some(role)),
        None => (Fault { file: String::new(), at: Position::START, message: text.to_owned() }, None),
    }
}

/// `:3:5: what`
pub(super) fn place(rest: &str) -> Option<(Position, String)> {
    let (line, rest) = rest.strip_prefix(':')?.split_once(':')?;
    let (column, message) = rest.split_once(": ")?;
    Some((Position { line: line.parse().ok()?, column: column.parse().ok()? }, message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let files = [("a".to_owned(), Role::Core), ("a:1:2: b".to_owned(), Role::Jobs)];
        let check = |text: &str, want: (&str, usize, usize, &str), role: Option<Role>| {
            let (fault, found) = fault(text, &files);
            assert_eq!((fault.file.as_str(), fault.at.line, fault.at.column, fault.message.as_str()), want, "{text}");
            assert_eq!(found, role, "{text}");
        };
        check("a:3:14: what: that", ("a", 3, 14, "what: that"), Some(Role::Core));
        check("x:3:14: what", ("", 1, 1, "x:3:14: what"), None);
        check("a is wrong", ("", 1, 1, "a is wrong"), None);
    }
}
