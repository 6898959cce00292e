//! What a text says about its author's approval. Behaviour: Prow pkg/plugins/approve/approve.go, `commandRegex` and
//! `addApprovers`.
//!
//! Decided otherwise than there: where `/lgtm` is not approval by the settings, it is none anywhere. Prow then still
//! obeys it in a text that counts for another reason, so that `/approve cancel` with `/lgtm` below it approves.

/// One command, as far as it is about approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApproveCommand {
    /// `/approve`, or `/lgtm` where that is the same.
    Approve {
        /// By `/lgtm`.
        lgtm: bool,
        /// `no-issue`: also without the issue that the repository requires.
        no_issue: bool,
    },
    /// `/remove-approve`, or `cancel` anywhere behind the command.
    Cancel,
}

/// The commands of a text, from top to bottom.
pub fn commands(text: &str, lgtm_counts: bool) -> impl Iterator<Item = ApproveCommand> {
    kit::lines(text).filter_map(move |line| {
        if line.is("remove-approve") {
            return Some(ApproveCommand::Cancel);
        }
        let lgtm = line.is("lgtm");
        let counts = if lgtm { lgtm_counts } else { line.is("approve") };
        if !counts {
            return None;
        }
        let arguments = line.rest.trim().to_lowercase();
        if arguments.contains("cancel") {
            return Some(ApproveCommand::Cancel);
        }
        Some(ApproveCommand::Approve { lgtm, no_issue: arguments == "no-issue" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPROVE: ApproveCommand = ApproveCommand::Approve { lgtm: false, no_issue: false };
    const NO_ISSUE: ApproveCommand = ApproveCommand::Approve { lgtm: false, no_issue: true };
    const LGTM: ApproveCommand = ApproveCommand::Approve { lgtm: true, no_issue: false };

    #[track_caller]
    fn check(text: &str, want: &[ApproveCommand]) {
        assert_eq!(commands(text, true).collect::<Vec<_>>(), want, "{text:?}");
    }

    #[test]
    fn arguments_but_two_are_ignored() {
        check("/approve", &[APPROVE]);
        check("/APProve this, please\r\n", &[APPROVE]);
        check("stuff\n/approve no-issue \r\nmore", &[NO_ISSUE]);
        check("/approve NO-Issue", &[NO_ISSUE]);
        check("/approve no-issue please", &[APPROVE]);
        check("/lgtm", &[LGTM]);
    }

    #[test]
    fn cancel_may_stand_anywhere_on_the_line() {
        use ApproveCommand::Cancel;
        check("/approve cancel // not ready", &[Cancel]);
        check("/approve uncancelled", &[Cancel]);
        check("/approve no-issue CANCEL", &[Cancel]);
        check("/lgtm cancel //PR changed", &[Cancel]);
        check("/remove-approve", &[Cancel]);
        check("/Remove-Approve not really", &[Cancel]);
        check("/approve\ncancel", &[APPROVE]);
    }

    #[test]
    fn commands_keep_their_order() {
        check("/approve cancel\n/approve\n/lgtm", &[ApproveCommand::Cancel, APPROVE, LGTM]);
    }

    #[test]
    fn what_is_not_a_command_is_none() {
        check("> /approve\n /approve\nplease /approve\n/approved\n/remove-lgtm\n/approve-it", &[]);
        check("", &[]);
    }

    #[test]
    fn lgtm_is_a_command_only_where_it_counts() {
        assert_eq!(commands("/lgtm\n/lgtm cancel\n/approve", false).collect::<Vec<_>>(), [APPROVE]);
    }
}
