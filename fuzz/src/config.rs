//! A configuration is read: config.yaml, then plugins.yaml behind a NUL byte. What is taken is taken again in the same way.

use config::{Loaded, Role, SourceFile};

/// One input.
pub(crate) fn run(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let mut file =
        |role, path: &str| SourceFile { role, path: path.into(), bytes: parts.next().unwrap_or_default().into() };
    let files = vec![file(Role::Core, "/etc/config.yaml"), file(Role::Plugins, "/etc/plugins.yaml")];
    match (Loaded::from_files(files.clone()), Loaded::from_files(files)) {
        (Ok(one), Ok(other)) => assert_eq!(one.revision, other.revision),
        (Err(one), Err(other)) => {
            assert!(!one.to_string().is_empty());
            assert_eq!(one.to_string(), other.to_string());
        }
        (one, other) => panic!("once {:?}, once {:?}", one.map(|it| it.revision), other.map(|it| it.revision)),
    }
}
