//! Whether a component or configuration that could not be loaded may load from the very same files at another try. Pure.

use crate::compile::CompileError;
use crate::kept::KeptError;
use crate::plugin::LoadError;
use crate::registry::Refused;
use crate::source::OtherComponent;

/// False where the files themselves are at fault, or gone for good. True where the machine or this host was in the way.
pub fn may_help(error: &anyhow::Error) -> bool {
    if error.is::<config::LoadError>() || error.is::<OtherComponent>() || error.is::<Refused>() {
        return false;
    }
    if let Some(error) = error.downcast_ref::<LoadError>() {
        return matches!(error, LoadError::NoRoom { .. });
    }
    if let Some(error) = error.downcast_ref::<CompileError>() {
        return matches!(error, CompileError::Stopped(_));
    }
    match error.downcast_ref::<KeptError>() {
        Some(KeptError::Gone { .. } | KeptError::Damaged { .. }) => false,
        Some(KeptError::Unreadable { .. }) | None => true,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;

    use super::*;

    #[track_caller]
    fn check<E: Into<anyhow::Error>>(error: E, want: bool) {
        let error: anyhow::Error = error.into();
        assert_eq!(may_help(&error), want, "{error:#}");
        let wrapped = Err::<(), _>(error).context("loading").unwrap_err();
        assert_eq!(may_help(&wrapped), want, "{wrapped:#}");
    }

    #[test]
    fn what_the_machine_did_is_tried_again_and_what_the_files_are_is_not() {
        let name = || LoadError::Name { plugin: "a".into(), own: "b".into() };
        check(name(), false);
        check(LoadError::NoRoom { plugin: "a".into(), why: "pool".into() }, true);
        check(CompileError::Refused("no component".into()), false);
        check(CompileError::Unfit("too much memory".into()), false);
        check(CompileError::TooLarge { path: "x".into(), size: 1 << 30 }, false);
        check(CompileError::Stopped("killed".into()), true);
        check(KeptError::Gone { path: "x".into() }, false);
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        check(KeptError::Unreadable { path: "x".into(), source: denied() }, true);
        // A program that cannot be started, a disk that is full.
        check(denied(), true);
    }
}
