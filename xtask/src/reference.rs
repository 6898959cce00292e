//! `doc/contract.md`, made from `wit/`: what a plugin can call, with what each call needs, costs and does.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use wit_parser::{Docs, Function, Handle, Interface, Resolve, Type, TypeDef, TypeDefKind, TypeOwner, WorldItem};

const HEAD: &str = "\
# The contract

Made from `wit/` by `cargo xtask reference`: change it there. How to use it: [plugins.md](plugins.md).

Every function is one of four kinds. **Read** changes nothing. An effect is **idempotent** (making it twice is as good as
once), **findable** (after a crash it is looked for before it is made again) or **neither** (made at most once; whether it
was made may stay unknown). A call is one request to GitHub's API, unless its doc says otherwise.
";

/// Where it is written.
pub(crate) const FILE: &str = "doc/contract.md";

/// The document.
///
/// # Errors
/// A contract that does not parse.
pub(crate) fn document(wit: &Path) -> anyhow::Result<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).with_context(|| format!("cannot read {}", wit.display()))?;
    let package = &resolve.packages[package];
    let mut text = HEAD.to_owned();
    writeln!(text, "\nPackage `{}`.", package.name)?;

    writeln!(text, "\n## What a plugin exports\n")?;
    let world = &resolve.worlds[package.worlds["plugin"]];
    for item in world.exports.values() {
        if let WorldItem::Function(function) = item {
            function_of(&mut text, &resolve, function);
        }
    }
    writeln!(text, "\n## What a plugin may import\n")?;
    if let Some(everything) = package.worlds.get("everything") {
        text.push_str(resolve.worlds[*everything].docs.contents.as_deref().unwrap_or_default().trim());
        text.push('\n');
    }
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        if !interface.functions.is_empty() {
            interface_of(&mut text, &resolve, name, interface);
        }
    }
    writeln!(text, "\n## Types that several interfaces share")?;
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        if interface.functions.is_empty() {
            interface_of(&mut text, &resolve, name, interface);
        }
    }
    Ok(text)
}

fn interface_of(text: &mut String, resolve: &Resolve, name: &str, interface: &Interface) {
    let _ = writeln!(text, "\n### {name}\n");
    paragraph(text, &interface.docs);
    for function in interface.functions.values() {
        function_of(text, resolve, function);
    }
    let own = interface.types.values().map(|id| &resolve.types[*id]);
    for def in own.filter(|def| !is_alias_of_another(resolve, def)) {
        type_of(text, resolve, def);
    }
}

fn paragraph(text: &mut String, docs: &Docs) {
    if let Some(docs) = &docs.contents {
        let _ = writeln!(text, "{}\n", docs.trim());
    }
}

fn function_of(text: &mut String, resolve: &Resolve, function: &Function) {
    let params: Vec<_> =
        function.params.iter().map(|param| format!("{}: {}", param.name, spelled(resolve, &param.ty))).collect();
    let result = function.result.map(|ty| format!(" -> {}", spelled(resolve, &ty))).unwrap_or_default();
    let name = function.name.rsplit('.').next().unwrap_or(&function.name);
    let _ = writeln!(text, "- `{name}({}){result}`  ", params.join(", "));
    let docs = function.docs.contents.as_deref().unwrap_or_default().trim();
    let _ = writeln!(text, "  {}", docs.replace('\n', "\n  "));
}

/// Whether it only brings a type of another interface in.
fn is_alias_of_another(resolve: &Resolve, def: &TypeDef) -> bool {
    let TypeDefKind::Type(Type::Id(id)) = &def.kind else { return false };
    resolve.types[*id].owner != def.owner || matches!(def.owner, TypeOwner::None)
}

fn type_of(text: &mut String, resolve: &Resolve, def: &TypeDef) {
    let name = def.name.as_deref().unwrap_or_default();
    let kind = def.kind.as_str();
    let _ = writeln!(text, "- {kind} **{name}**  ");
    if let Some(docs) = &def.docs.contents {
        let _ = writeln!(text, "  {}", docs.trim().replace('\n', "\n  "));
    }
    let mut row = |name: &str, ty: Option<String>, docs: &Docs| {
        let ty = ty.map(|ty| format!(": `{ty}`")).unwrap_or_default();
        let docs = docs.contents.as_deref().map(|docs| format!(" — {}", docs.trim().replace('\n', " ")));
        let _ = writeln!(text, "  - `{name}`{ty}{}", docs.unwrap_or_default());
    };
    match &def.kind {
        TypeDefKind::Record(record) => {
            for field in &record.fields {
                row(&field.name, Some(spelled(resolve, &field.ty)), &field.docs);
            }
        }
        TypeDefKind::Variant(variant) => {
            for case in &variant.cases {
                row(&case.name, case.ty.map(|ty| spelled(resolve, &ty)), &case.docs);
            }
        }
        TypeDefKind::Enum(all) => {
            for case in &all.cases {
                row(&case.name, None, &case.docs);
            }
        }
        TypeDefKind::Flags(flags) => {
            for flag in &flags.flags {
                row(&flag.name, None, &flag.docs);
            }
        }
        TypeDefKind::Type(ty) => row("is", Some(spelled(resolve, ty)), &Docs::default()),
        _ => {}
    }
}

/// A type as WIT spells it.
fn spelled(resolve: &Resolve, ty: &Type) -> String {
    let of = |ty: &Option<Type>| ty.as_ref().map_or("_".to_owned(), |ty| spelled(resolve, ty));
    let Type::Id(id) = ty else {
        return match ty {
            Type::Bool => "bool",
            Type::U8 => "u8",
            Type::U16 => "u16",
            Type::U32 => "u32",
            Type::U64 => "u64",
            Type::S8 => "s8",
            Type::S16 => "s16",
            Type::S32 => "s32",
            Type::S64 => "s64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::Char => "char",
            Type::String => "string",
            Type::ErrorContext => "error-context",
            Type::Id(_) => unreachable!("handled above"),
        }
        .to_owned();
    };
    let def = &resolve.types[*id];
    if let Some(name) = &def.name {
        return name.clone();
    }
    match &def.kind {
        TypeDefKind::List(item) => format!("list<{}>", spelled(resolve, item)),
        TypeDefKind::Option(item) => format!("option<{}>", spelled(resolve, item)),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (ok, Some(_)) => format!("result<{}, {}>", of(ok), of(&result.err)),
            (Some(_), None) => format!("result<{}>", of(&result.ok)),
            (None, None) => "result".to_owned(),
        },
        TypeDefKind::Tuple(tuple) => {
            let items: Vec<_> = tuple.types.iter().map(|ty| spelled(resolve, ty)).collect();
            format!("tuple<{}>", items.join(", "))
        }
        TypeDefKind::Handle(Handle::Own(id)) => spelled(resolve, &Type::Id(*id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", spelled(resolve, &Type::Id(*id))),
        other => other.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_that_of_the_contract() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let wanted = document(&root.join("wit")).unwrap();
        let written = std::fs::read_to_string(root.join(FILE)).unwrap_or_default();
        assert!(written == wanted, "{FILE} is not that of wit/: `cargo xtask reference` writes it anew");
    }

    #[test]
    fn a_function_is_shown_with_its_types_and_its_doc() {
        let dir = tempfile::tempdir().unwrap();
        let wit = "package a:b@0.1.0;
            /// Granted by `x: read`.
            interface i {
              record r { /// How many.
                n: u32, of: list<tuple<string, option<bool>>> }
              enum e { one, two }
              /// Gives it. Read. One call.
              get: func(name: string) -> result<r, e>;
            }
            world plugin { import i; /// Once.
              export run: func(); }";
        std::fs::write(dir.path().join("a.wit"), wit).unwrap();
        let document = document(dir.path()).unwrap();
        for part in [
            "Package `a:b@0.1.0`.",
            "- `run()`  \n  Once.",
            "### i\n\nGranted by `x: read`.",
            "- `get(name: string) -> result<r, e>`  \n  Gives it. Read. One call.",
            "- record **r**",
            "  - `n`: `u32` — How many.",
            "  - `of`: `list<tuple<string, option<bool>>>`",
            "  - `two`",
        ] {
            assert!(document.contains(part), "{part}\nis not in\n{document}");
        }
    }

    /// All Rust files below a folder, one behind the other.
    fn sources(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && name != "target" && name != ".git" {
                sources(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn the_threat_models_tests_are_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let model = std::fs::read_to_string(root.join("doc/threat-model.md")).unwrap();
        let mut source = String::new();
        sources(&root, &mut source);
        let names: Vec<&str> = model
            .split("*Held")
            .skip(1)
            .flat_map(|rest| rest[..rest.find(".\n").unwrap_or(rest.len())].split('`').skip(1).step_by(2))
            .collect();
        assert!(names.len() > 50, "{names:?}");
        let missing: Vec<_> = names.iter().filter(|name| !source.contains(&format!("fn {name}("))).collect();
        assert!(missing.is_empty(), "doc/threat-model.md names tests that are not there: {missing:?}");
    }
}
