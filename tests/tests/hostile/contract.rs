//! The contract as its WIT says it: what a core module has to look like to be a plugin.

use std::fmt::Write as _;
use std::path::Path;

use wit_component::StringEncoding;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, SizeAlign, Type, TypeDefKind, WorldId, WorldItem};

/// Where a guest of ours has its data: its name, the event family that it wants, its description, and room for an answer.
const NAME: usize = 1024;
const EVENTS: usize = 1280;
const DESCRIPTION: usize = 2048;
/// The length that a description has at most.
const DESCRIPTION_LEN: usize = 256;

/// What of WASI a guest needs in order to sleep.
const WASI: [&str; 2] = [
    "package wasi:io@0.2.0; interface poll { resource pollable { block: func(); } }",
    "package wasi:clocks@0.2.0; interface monotonic-clock {
       use wasi:io/poll@0.2.0.{pollable}; subscribe-duration: func(when: u64) -> pollable; }",
];

/// The contract's newest version.
pub(crate) struct Contract {
    resolve: Resolve,
    world: WorldId,
    sizes: SizeAlign,
    version: String,
}

impl Contract {
    pub(crate) fn read() -> Self {
        let mut resolve = Resolve::default();
        // Two crates use this file, at different depths.
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let dir = above.map(|dir| dir.join("wit")).find(|dir| dir.is_dir()).unwrap();
        let (package, _) = resolve.push_path(dir).unwrap();
        let version = resolve.packages[package].name.version.as_ref().unwrap().to_string();
        for text in WASI {
            resolve.push_str("wasi.wit", text).unwrap();
        }
        let all = format!(
            "package hostile:plugin; world all {{ include bowsprit:plugin/everything@{version}; \
             import wasi:clocks/monotonic-clock@0.2.0; }}"
        );
        let all = resolve.push_str("all.wit", &all).unwrap();
        let world = resolve.select_world(&[all], Some("all")).unwrap();
        let mut sizes = SizeAlign::default();
        sizes.fill(&resolve).unwrap();
        Contract { resolve, world, sizes, version }
    }

    /// An import of one of the contract's functions as `name`, `signature` being `(param …) (result …)`.
    pub(crate) fn import(&self, interface: &str, function: &str, name: &str, signature: &str) -> String {
        let version = &self.version;
        format!(r#"(import "bowsprit:plugin/{interface}@{version}" "{function}" (func ${name} {signature}))"#)
    }

    /// A function `$sleep` that sleeps for an hour, by WASI, and what it imports.
    pub(crate) fn sleep() -> &'static str {
        r#"(import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe (param i64) (result i32)))
           (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
           (func $sleep (call $block (call $subscribe (i64.const 3600000000000))))"#
    }

    /// `(export "NAME") (param …) (result …)` of one of the functions that a plugin has to export.
    pub(crate) fn export(&self, name: &str) -> String {
        let signature = self.resolve.wasm_signature(AbiVariant::GuestExport, self.function(name));
        let list = |what: &str, types: &[WasmType]| match types {
            [] => String::new(),
            types => format!("({what} {})", types.iter().map(|ty| core_type(*ty)).collect::<Vec<_>>().join(" ")),
        };
        format!(r#"(export "{name}") {} {}"#, list("param", &signature.params), list("result", &signature.results))
    }

    /// The handle that `handle` was given, within its body.
    pub(crate) fn agent(&self) -> String {
        let function = self.function("handle");
        assert!(self.resolve.wasm_signature(AbiVariant::GuestExport, function).indirect_params);
        let types: Vec<Type> = function.params.iter().map(|param| param.ty).collect();
        let offset = self.sizes.field_offsets(&types)[1].0.size_wasm32();
        format!("(i32.load offset={offset} (local.get 0))")
    }

    /// The data that a plugin's description is, and the expression that answers it. It wants comments and nothing else.
    pub(crate) fn description(&self, plugin: &str) -> (String, String) {
        let (record, kinds) = (self.named("description"), self.named("event-kind"));
        let TypeDefKind::Record(record) = record else { panic!("a description is no record") };
        let TypeDefKind::Enum(kinds) = kinds else { panic!("an event's kind is no enumeration") };
        let comment = kinds.cases.iter().position(|case| case.name == "comment").unwrap();
        let types: Vec<Type> = record.fields.iter().map(|field| field.ty).collect();
        let mut bytes = vec![0; DESCRIPTION_LEN];
        for (field, (offset, _)) in record.fields.iter().zip(self.sizes.field_offsets(&types)) {
            let (at, len) = match field.name.as_str() {
                "name" => (NAME, plugin.len()),
                "events" => (EVENTS, 1),
                _ => (0, 0),
            };
            let offset = offset.size_wasm32();
            bytes[offset..offset + 4].copy_from_slice(&u32::try_from(at).unwrap().to_le_bytes());
            bytes[offset + 4..offset + 8].copy_from_slice(&u32::try_from(len).unwrap().to_le_bytes());
        }
        let escaped = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                write!(text, "\\{byte:02x}").unwrap();
                text
            })
        };
        let data = format!(
            r#"(data (i32.const {NAME}) "{plugin}") (data (i32.const {EVENTS}) "\{comment:02x}")
               (data (i32.const {DESCRIPTION}) "{}")"#,
            escaped(&bytes)
        );
        (data, format!("(i32.const {DESCRIPTION})"))
    }

    /// Makes a component of a core module.
    pub(crate) fn component(&self, core: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut core = core.to_vec();
        wit_component::embed_component_metadata(&mut core, &self.resolve, self.world, StringEncoding::UTF8, false)?;
        componentize::encode(&core)
    }

    fn function(&self, name: &str) -> &Function {
        let exports = &self.resolve.worlds[self.world].exports;
        let found = exports.iter().find_map(|(_, item)| match item {
            WorldItem::Function(function) if function.name == name => Some(function),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no export `{name}`"))
    }

    fn named(&self, name: &str) -> &TypeDefKind {
        let types = &self.resolve.interfaces
            [self.resolve.packages.iter().find_map(|(_, it)| it.interfaces.get("types").copied()).unwrap()];
        &self.resolve.types[types.types[name]].kind
    }
}

fn core_type(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    }
}
