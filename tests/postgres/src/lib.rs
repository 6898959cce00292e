//! Starts a PostgreSQL server for tests: a real one, as Debian installs it, with a data directory and a port of its own, as a
//! user of its own where tests run as root. It ends with the process that started it, however that ends.

mod find;
mod server;

pub use server::Server;
