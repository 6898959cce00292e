//! Makes requests of its own, by `wasi:http`, to try a host's way out with: `/fetch METHOD URL BODY` sends one request and
//! ends with what came back. Several such lines send several, one after another, and log what came back of each. `/leave` in
//! place of `/fetch` waits for no answer. Needs `http: [HOST]` under `grants`.

use kit::{
    ClientAgent, CommentAction, Description, Event, EventBody, EventKind, Failure, Outcome, Plugin, PluginHelp, RepoRef,
};

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, …
    pub method: String,
    /// The whole of it.
    pub url: String,
    /// Empty for none.
    pub body: String,
    /// Whether its answer is waited for.
    pub waits: bool,
}

/// The requests that a text asks for.
pub fn asked(text: &str) -> Vec<Asked> {
    let one = |line: kit::Line<'_>| {
        let mut words = line.rest.trim().splitn(3, ' ');
        let (method, url) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some(Asked { method, url, body: words.next().unwrap_or_default().to_owned(), waits: line.is("fetch") })
    };
    kit::lines(text).filter(|line| line.is("fetch") || line.is("leave")).filter_map(one).collect()
}

#[cfg(target_family = "wasm")]
mod outgoing {
    use wasip2::http::outgoing_handler::handle;
    use wasip2::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};

    use crate::Asked;

    /// Sends it and waits. Gives the status, the location that it names and the body; else what went wrong.
    pub(crate) fn fetch(asked: &Asked) -> Result<String, String> {
        let (scheme, rest) = asked.url.split_once("://").ok_or("no scheme")?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let headers = Fields::new();
        // What it writes there is not what is sent.
        headers.append("x-api-key", b"the plugin's own").map_err(|error| format!("{error:?}"))?;
        let request = OutgoingRequest::new(headers);
        let method = match asked.method.as_str() {
            "GET" => Method::Get,
            "POST" => Method::Post,
            other => Method::Other(other.to_owned()),
        };
        let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        let set = request.set_method(&method).and(request.set_scheme(Some(&scheme)));
        let set = set.and(request.set_authority(Some(authority))).and(request.set_path_with_query(Some(path)));
        set.map_err(|()| "no request can be made of it")?;
        let body = request.body().map_err(|()| "no body")?;
        let answer = handle(request, None).map_err(|error| format!("{error:?}"))?;
        {
            let stream = body.write().map_err(|()| "no stream")?;
            // Whoever refuses the request reads no body; why, the answer tells.
            let _ = stream.blocking_write_and_flush(asked.body.as_bytes());
        }
        let _ = OutgoingBody::finish(body, None);
        if !asked.waits {
            // Dropped by nobody but the host.
            std::mem::forget(answer);
            return Ok("nothing yet".to_owned());
        }
        answer.subscribe().block();
        let answer = answer.get().ok_or("not ready")?.map_err(|()| "taken")?.map_err(|error| format!("{error:?}"))?;
        let location = answer.headers().get("location").concat();
        let body = answer.consume().map_err(|()| "no answer")?;
        let stream = body.stream().map_err(|()| "no answer")?;
        let mut bytes = Vec::new();
        while let Ok(more) = stream.blocking_read(64 << 10) {
            bytes.extend(more);
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(format!("{} {}{}", answer.status(), text(&location), text(&bytes)))
    }
}

#[cfg(not(target_family = "wasm"))]
mod outgoing {
    pub(crate) fn fetch(_: &crate::Asked) -> Result<String, String> {
        Err("only as a component".to_owned())
    }
}

struct Fetcher;

impl Plugin for Fetcher {
    fn describe() -> Description {
        Description {
            name: "fetcher".to_owned(),
            summary: "Makes requests of its own on command.".to_owned(),
            events: vec![EventKind::Comment],
            commands: Vec::new(),
            settings: Vec::new(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        // Outside an event there is no way out: whoever asks for help sees that.
        let (method, url) = ("GET".to_owned(), "http://127.0.0.1/".to_owned());
        let asked = Asked { method, url, body: String::new(), waits: true };
        let description = format!("Makes requests of its own on command. Now: {:?}", outgoing::fetch(&asked));
        PluginHelp { description, config: Vec::new(), snippet: String::new(), commands: Vec::new() }
    }

    fn handle(event: Event, _agent: ClientAgent) -> Result<Outcome, Failure> {
        let EventBody::Comment(comment) = &event.body else {
            return Ok(kit::ignored("not a comment"));
        };
        if comment.action != CommentAction::Created {
            return Ok(kit::ignored("not a new comment"));
        }
        let told = |asked: &Asked| match outgoing::fetch(asked) {
            Ok(answer) => format!("answered {answer}"),
            Err(why) => format!("refused: {why}"),
        };
        match &*asked(&comment.body) {
            [] => Ok(kit::ignored("not asked to")),
            [one] => Ok(kit::done(told(one))),
            many => {
                for one in many {
                    kit::info(told(one));
                }
                Ok(kit::done(format!("{} requests", many.len())))
            }
        }
    }
}

kit::export!(Fetcher);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_method_a_url_and_a_body() {
        let asked_for = |method: &str, url: &str, body: &str| {
            vec![Asked { method: method.into(), url: url.into(), body: body.into(), waits: true }]
        };
        assert_eq!(asked("/fetch GET http://h/p?q"), asked_for("GET", "http://h/p?q", ""));
        assert_eq!(asked("now\r\n/fetch POST https://h a b\r\n"), asked_for("POST", "https://h", "a b"));
        assert!(asked("/fetch GET").is_empty());
        assert!(asked("/fetch").is_empty());
        let waits: Vec<_> = asked("/fetch GET http://h\n/leave GET http://i").iter().map(|one| one.waits).collect();
        assert_eq!(waits, [true, false]);
    }
}
