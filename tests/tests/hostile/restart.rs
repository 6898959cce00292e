//! A host that starts again has its plugins from its cache.

use std::time::Instant;

use host::compile::{CompileLimits, Compiler};
use host::loader::Loader;
use host::quarantine::Patience;

use crate::ALONE;
use crate::bench::{Bench, compiler};
use crate::contract::Contract;
use crate::guests::{DONE, Guest};
use crate::loads::load;

const PLUGINS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_with_twenty_plugins_compiles_nothing_again() {
    let _alone = ALONE.lock().await;
    let (bench, contract) = (Bench::start("{}", &[], Patience::default()).await, Contract::read());
    let cache = bench.path("cache");
    let first = Loader::new(bench.guests.clone(), compiler(&cache, CompileLimits::default()));
    let files: Vec<_> = (0..PLUGINS)
        .map(|number| {
            let name: &'static str = format!("plugin-{number}").leak();
            let file = bench.path(name);
            std::fs::write(&file, Guest::new(name, DONE).component(&contract)).unwrap();
            (name, file)
        })
        .collect();
    let begun = Instant::now();
    for (name, file) in &files {
        load(&first, file, name).await.unwrap();
    }
    let fresh = begun.elapsed();
    // Whoever compiles now, fails.
    let none = Compiler::new(cache, "/bin/false".into(), Vec::new()).unwrap();
    let again = Loader::new(bench.guests.clone(), none);
    let begun = Instant::now();
    for (name, file) in &files {
        load(&again, file, name).await.unwrap();
    }
    println!("{PLUGINS} plugins: {fresh:.1?} at first, {:.1?} from the cache", begun.elapsed());
    bench.stop().await;
}
