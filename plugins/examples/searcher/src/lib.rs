//! Looks for what it should not find. A comment says where: `files`, `arguments`, `environment`, or `sockets` with the port of
//! a server on this machine. It ends with what it found, by its own means and by WASI's. `tests/searchers` has the same in
//! other languages.

use kit::{ClientAgent, Description, Event, EventBody, EventKind, Failure, Outcome, Plugin, PluginHelp, RepoRef};

/// What a language's standard library gets at.
mod own {
    pub(crate) fn find(what: &str, port: u16) -> Vec<String> {
        match what {
            "files" => ["/", ".", "/etc"]
                .iter()
                .filter(|dir| std::fs::read_dir(dir).is_ok())
                .map(ToString::to_string)
                .collect(),
            "arguments" => std::env::args().collect(),
            // Where there is no environment, to ask for all of it would be a panic.
            "environment" => ["SEARCHED", "PATH", "HOME"].map(std::env::var).into_iter().flatten().collect(),
            _ => std::net::TcpStream::connect(("127.0.0.1", port)).map(|_| "a socket".to_owned()).into_iter().collect(),
        }
    }
}

/// What WASI gets at.
#[cfg(target_family = "wasm")]
mod wasi {
    use wasip2::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
    use wasip2::sockets::{instance_network, ip_name_lookup, tcp_create_socket, udp_create_socket};

    pub(crate) fn find(what: &str, port: u16) -> Vec<String> {
        match what {
            "files" => wasip2::filesystem::preopens::get_directories().into_iter().map(|(_, path)| path).collect(),
            "arguments" => wasip2::cli::environment::get_arguments(),
            "environment" => {
                let all = wasip2::cli::environment::get_environment();
                let at = wasip2::cli::environment::initial_cwd().map(|path| format!("PWD={path}"));
                all.into_iter().map(|(name, value)| format!("{name}={value}")).chain(at).collect()
            }
            _ => sockets(port),
        }
    }

    fn sockets(port: u16) -> Vec<String> {
        let network = instance_network::instance_network();
        let there = IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
        let here = IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 0, address: (127, 0, 0, 1) });
        let mut found = Vec::new();
        if let Ok(socket) = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4) {
            let connected = socket.start_connect(&network, there).and_then(|()| {
                socket.subscribe().block();
                socket.finish_connect().map(drop)
            });
            found.extend(connected.map(|()| "a connection".to_owned()));
        }
        if let Ok(socket) = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4) {
            let bound = socket.start_bind(&network, here).and_then(|()| socket.finish_bind());
            found.extend(bound.map(|()| "a port to listen on".to_owned()));
        }
        if let Ok(socket) = udp_create_socket::create_udp_socket(IpAddressFamily::Ipv4) {
            let bound = socket.start_bind(&network, here).and_then(|()| socket.finish_bind());
            found.extend(bound.map(|()| "a port for datagrams".to_owned()));
        }
        if let Ok(stream) = ip_name_lookup::resolve_addresses(&network, "localhost") {
            stream.subscribe().block();
            found.extend(stream.resolve_next_address().map(|_| "an address".to_owned()));
        }
        found
    }
}

#[cfg(not(target_family = "wasm"))]
mod wasi {
    pub(crate) fn find(_: &str, _: u16) -> Vec<String> {
        Vec::new()
    }
}

struct Searcher;

impl Plugin for Searcher {
    fn describe() -> Description {
        Description {
            name: "searcher".to_owned(),
            summary: "Looks for what it should not find.".to_owned(),
            events: vec![EventKind::Comment],
            commands: Vec::new(),
            settings: Vec::new(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let description = "Looks for what it should not find.".to_owned();
        PluginHelp { description, config: Vec::new(), snippet: String::new(), commands: Vec::new() }
    }

    fn handle(event: Event, _agent: ClientAgent) -> Result<Outcome, Failure> {
        let EventBody::Comment(comment) = &event.body else { return Ok(kit::ignored("not a comment")) };
        let (what, port) = comment.body.split_once(' ').unwrap_or((&comment.body, "0"));
        let port = port.parse().unwrap_or(0);
        let found = [own::find(what, port), wasi::find(what, port)].concat();
        Ok(kit::done(if found.is_empty() { format!("no {what}") } else { format!("found {}", found.join(", ")) }))
    }
}

kit::export!(Searcher);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_a_sandbox_it_finds_something() {
        for what in ["files", "arguments", "environment"] {
            assert!(!own::find(what, 0).is_empty(), "{what}");
        }
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(own::find("sockets", server.local_addr().unwrap().port()), ["a socket"]);
    }
}
