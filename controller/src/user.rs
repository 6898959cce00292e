//! Who the jobs run as: the controller's own user.

/// The user whom a process works for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    id: u32,
    name: Option<String>,
}

impl User {
    /// The one whom this process works for. What the environment says of it may be anybody's.
    pub(crate) fn current() -> Self {
        // Without that file there are no names.
        Self::of(rustix::process::geteuid().as_raw(), &std::fs::read_to_string("/etc/passwd").unwrap_or_default())
    }

    /// Whether the rights are those of the whole machine.
    pub(crate) fn is_root(&self) -> bool {
        self.id == 0
    }

    fn of(id: u32, passwd: &str) -> Self {
        let name = passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
        });
        Self { id, name }
    }
}

impl std::fmt::Display for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "the user {name}"),
            None => write!(f, "the user with the number {}", self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nodd line\nci:x:1000:1000::/home/ci:/bin/sh\n";

    #[track_caller]
    fn check(id: u32, want: &str, root: bool) {
        let user = User::of(id, PASSWD);
        assert_eq!((user.to_string().as_str(), user.is_root()), (want, root));
    }

    #[test]
    fn a_user_is_named_by_number_whatever_the_environment_says() {
        check(0, "the user root", true);
        check(1000, "the user ci", false);
        check(7, "the user with the number 7", false);
    }
}
