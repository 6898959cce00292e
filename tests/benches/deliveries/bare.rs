//! The least that could be called keeping a delivery: its signature is checked, it is appended to a file, and one fdatasync
//! answers all that came meanwhile.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tests::process::Process;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::body::SECRET;
use crate::rig::Rig;

type Kept = (Bytes, oneshot::Sender<()>);

/// The server as a process of its own, as the host is one.
pub(crate) struct Bare {
    pub(crate) url: String,
    _process: Process,
}

impl Bare {
    pub(crate) async fn start(rig: &Rig) -> Self {
        let port = counterparts::free_port().unwrap();
        let (program, file) = (std::env::current_exe().unwrap(), rig.dir().join("bare.log"));
        let args = ["bare".into(), port.to_string().into(), file.into()];
        let process = Process::start("bare", &program, &args, &rig.dir().join("bare.out")).unwrap();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Bare { url: format!("http://127.0.0.1:{port}/hook"), _process: process }
    }
}

pub(crate) async fn serve(port: u16, file: &Path) {
    let file = File::create(file).unwrap();
    let (queue, waiting) = mpsc::channel::<Kept>(1024);
    std::thread::spawn(move || write_all(file, waiting));
    let queue = Arc::new(queue);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let queue = queue.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| keep(request, queue.clone()));
            // A client that goes away is no concern here.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn keep(request: Request<Incoming>, queue: Arc<mpsc::Sender<Kept>>) -> hyper::Result<Response<Full<Bytes>>> {
    let signature =
        request.headers().get("x-hub-signature-256").and_then(|value| hex::decode(&value.as_bytes()[7..]).ok());
    let body = request.into_body().collect().await?.to_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(&body);
    let mut answer = Response::new(Full::default());
    if signature.is_none_or(|signature| mac.verify_slice(&signature).is_err()) {
        *answer.status_mut() = StatusCode::FORBIDDEN;
        return Ok(answer);
    }
    let (kept, done) = oneshot::channel();
    queue.send((body, kept)).await.unwrap();
    done.await.unwrap();
    Ok(answer)
}

fn write_all(mut file: File, mut waiting: mpsc::Receiver<Kept>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while let Ok(next) = waiting.try_recv() {
            batch.push(next);
        }
        for (body, _) in &batch {
            file.write_all(body).unwrap();
        }
        file.sync_data().unwrap();
        for (_, kept) in batch {
            let _ = kept.send(());
        }
    }
}
