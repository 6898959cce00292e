//! Go's spellings of flags (`-port=1`), for the commands whose flags are Prow's.

use std::ffi::OsString;

/// The commands that stand for Prow's programs.
const PROWS: [&str; 3] = ["host", "controller", "check"];
/// Options before the command that take a value as the next argument.
const WITH_VALUE: [&str; 2] = ["--log-format", crate::parent::FLAG];

/// The arguments as this program spells them; only what follows one of these commands is changed.
pub(crate) fn accept_go(mut args: Vec<OsString>) -> Vec<OsString> {
    let Some(command) = command_at(&args).filter(|&at| PROWS.iter().any(|name| args[at] == *name)) else { return args };
    let flags = args.split_off(command + 1);
    args.extend(host::flags::go_spellings(flags));
    args
}

/// Where the command stands: the first argument that is neither an option nor an option's value.
fn command_at(args: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let arg = args.get(at)?;
        if WITH_VALUE.iter().any(|option| arg == option) {
            at += 2;
        } else if arg.to_string_lossy().starts_with('-') {
            at += 1;
        } else {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: &str) {
        let got = accept_go(line.split(' ').map(OsString::from).collect());
        let got: Vec<_> = got.iter().map(|arg| arg.to_string_lossy()).collect();
        assert_eq!(got.join(" "), want);
    }

    #[test]
    fn prows_commands_take_gos_spellings() {
        check("bowsprit host -port=1 --dry-run=false", "bowsprit host --port=1 --dry-run=false");
        check("bowsprit --log-format json controller -port=1", "bowsprit --log-format json controller --port=1");
        check("bowsprit --log-format=json host -port=1", "bowsprit --log-format=json host --port=1");
        check("bowsprit check -strict -o json", "bowsprit check --strict -o json");
    }

    #[test]
    fn other_commands_are_left_alone() {
        check("bowsprit jobs logs -f host", "bowsprit jobs logs -f host");
        check("bowsprit up -port=1", "bowsprit up -port=1");
        check("bowsprit", "bowsprit");
        check("bowsprit --log-format", "bowsprit --log-format");
    }
}
