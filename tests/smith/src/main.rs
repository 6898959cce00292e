//! `smith DIR COUNT`: makes components of fixed numbers, the half of them with imports and exports at will, the other half
//! plugins in all that shows from outside, with code at will.

#[path = "../../tests/hostile/contract.rs"]
#[expect(dead_code, reason = "the tests beside it use the rest")]
mod contract;

use std::path::Path;
use std::{env, fs};

use arbitrary::Unstructured;
use wasm_smith::Config;

use contract::Contract;

/// The numbers that all of it comes from.
const SEED: u64 = 0x0b05_51b2_17c0_ffee;
/// Bytes that one component is made of.
const MATERIAL: usize = 4096;

fn main() {
    let mut args = env::args_os().skip(1);
    let (Some(dir), Some(count)) = (args.next(), args.next().and_then(|count| count.to_str()?.parse::<usize>().ok()))
    else {
        eprintln!("smith DIR COUNT");
        std::process::exit(2);
    };
    let dir = Path::new(&dir);
    let contract = Contract::read();
    let mut numbers = Numbers(SEED);
    let mut made = 0;
    while made < count {
        let material = numbers.material();
        let component = if made % 2 == 0 { any_component(&material) } else { any_plugin(&contract, &material) };
        // Not all material makes one.
        if let Some(component) = component {
            fs::write(dir.join(format!("{made:04}.wasm")), component).unwrap();
            made += 1;
        }
    }
}

/// Steele's SplitMix64: the same on every machine and with every version of everything.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn material(&mut self) -> Vec<u8> {
        (0..MATERIAL / 8).flat_map(|_| self.next().to_le_bytes()).collect()
    }
}

/// What the host's engine takes; all else ends at the compiler's first look.
fn enabled() -> Config {
    Config {
        memory64_enabled: false,
        shared_everything_threads_enabled: false,
        threads_enabled: false,
        gc_enabled: false,
        exceptions_enabled: false,
        reference_types_enabled: false,
        tail_call_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        compact_imports_enabled: false,
        max_memory32_bytes: 1 << 20,
        ..Config::default()
    }
}

/// A component with imports and exports at will.
fn any_component(material: &[u8]) -> Option<Vec<u8>> {
    let mut material = Unstructured::new(material);
    wasm_smith::Component::new(enabled(), &mut material).ok().map(|component| component.to_bytes())
}

/// A plugin in all that shows from outside, with code at will.
fn any_plugin(contract: &Contract, material: &[u8]) -> Option<Vec<u8>> {
    let exports = ["describe", "help", "handle"].map(|name| format!("(func {} unreachable)", contract.export(name)));
    let shape = format!(
        r#"(module (memory (export "memory") 1)
             (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable) {})"#,
        exports.concat()
    );
    let config = Config {
        exports: Some(wat::parse_str(shape).unwrap()),
        max_imports: 0,
        min_funcs: 5,
        max_funcs: 20,
        // Beside the one that is exported.
        min_memories: 0,
        max_memories: 0,
        ..enabled()
    };
    let module = wasm_smith::Module::new(config, &mut Unstructured::new(material)).ok()?;
    contract.component(&module.to_bytes()).ok()
}
