//! Plugins as text: well-formed in all that is not said otherwise.

use crate::contract::Contract;

/// Where an answer of zeros lies: `done`, with nothing to say.
pub(crate) const DONE: &str = "(i32.const 3072)";

/// One plugin.
pub(crate) struct Guest<'a> {
    /// As it calls itself.
    pub name: &'a str,
    /// Imports, and anything else that a module may have.
    pub module: String,
    /// Pages of memory.
    pub pages: u32,
    /// The body of `describe`; by default its description.
    pub describe: Option<String>,
    /// The body of `help`.
    pub help: String,
    /// The body of `handle`.
    pub handle: String,
}

impl<'a> Guest<'a> {
    /// One that handles an event so.
    pub(crate) fn new(name: &'a str, handle: impl Into<String>) -> Self {
        Guest {
            name,
            module: String::new(),
            pages: 2,
            describe: None,
            help: "unreachable".into(),
            handle: handle.into(),
        }
    }

    pub(crate) fn component(&self, contract: &Contract) -> Vec<u8> {
        let (data, description) = contract.description(self.name);
        let Guest { module, pages, help, handle, .. } = self;
        let describe = self.describe.as_ref().unwrap_or(&description);
        let [describe_type, help_type, handle_type] = ["describe", "help", "handle"].map(|name| contract.export(name));
        let text = format!(
            r#"(module
                 {module}
                 (memory (export "memory") {pages})
                 (global $next (mut i32) (i32.const 4096))
                 (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                   (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                   (global.get $next)
                   (global.set $next (i32.add (global.get $next) (local.get 3))))
                 (func {describe_type} {describe})
                 (func {help_type} {help})
                 (func {handle_type} {handle})
                 {data})"#
        );
        let core = wat::parse_str(&text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", self.name));
        contract.component(&core).unwrap_or_else(|error| panic!("{}: {error:#}", self.name))
    }
}
