//! One process: what goes in, what comes out, and its end.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// How much of what it says on standard error is kept, in bytes.
const MAX_SAID_BYTES: usize = 64 * 1024;

/// How long a process that was asked to end may take to clear up after itself.
const GRACE: Duration = Duration::from_secs(2);

/// What one process may use up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Then it and all that it started are killed.
    pub(crate) deadline: Duration,
    /// How much it may write to standard output.
    pub(crate) max_output_bytes: usize,
}

/// What a process that came to its end did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) output: Vec<u8>,
    /// The beginning of its standard error.
    pub(crate) said: String,
}

/// Why a process came to no good end.
#[derive(Debug)]
pub(crate) enum Cut {
    /// It could not be started, or its pipes broke.
    Io(io::Error),
    /// It took too long.
    Deadline,
    /// It wrote too much.
    Output,
}

impl From<io::Error> for Cut {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs it to its end, in a process group of its own. If this future is dropped the group is killed.
pub(crate) async fn run(mut command: Command, input: &[u8], allowed: Allowance) -> Result<Ran, Cut> {
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    drop(command);
    let mut group = Group::of(&child);
    match tokio::time::timeout(allowed.deadline, talk(&mut child, input, allowed.max_output_bytes)).await {
        Ok(Ok(ran)) => {
            group.disarm();
            Ok(ran)
        }
        Ok(Err(cut)) => {
            group.end(&mut child).await;
            Err(cut)
        }
        Err(_) => {
            group.end(&mut child).await;
            Err(Cut::Deadline)
        }
    }
}

async fn talk(child: &mut Child, input: &[u8], max_output_bytes: usize) -> Result<Ran, Cut> {
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (stdin, Some(stdout), Some(stderr)) = pipes else {
        return Err(io::Error::other("a pipe is missing").into());
    };
    let write = async {
        if let Some(mut stdin) = stdin {
            // A process that ends early closes the pipe; what it says tells why.
            let _ = stdin.write_all(input).await;
        }
        Ok(())
    };
    let output = async {
        let (output, rest) = beginning(stdout, max_output_bytes).await?;
        if rest.is_none() { Ok(output) } else { Err(Cut::Output) }
    };
    let said = async {
        let (said, rest) = beginning(stderr, MAX_SAID_BYTES).await?;
        if let Some(mut rest) = rest {
            // A process that nobody listens to would wait for ever.
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
        }
        Ok(said)
    };
    let status = async { Ok::<_, Cut>(child.wait().await?) };
    let ((), output, said, status) = tokio::try_join!(write, output, said, status)?;
    Ok(Ran { status, output, said: String::from_utf8_lossy(&said).into_owned() })
}

/// The beginning of a stream, and the stream if there is more of it.
async fn beginning<S: AsyncRead + Unpin>(mut stream: S, max: usize) -> io::Result<(Vec<u8>, Option<S>)> {
    let mut bytes = Vec::new();
    (&mut stream).take(max as u64).read_to_end(&mut bytes).await?;
    let more = bytes.len() == max && stream.read(&mut [0; 1]).await? > 0;
    Ok((bytes, more.then_some(stream)))
}

/// A process and all that it started.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    /// It has ended and was waited for: its number may be another's by now.
    fn disarm(&mut self) {
        self.0 = None;
    }

    /// Asks it to end, so that git takes its lock files away; then kills it.
    async fn end(mut self, child: &mut Child) {
        if let Some(pid) = self.0 {
            let _ = kill_process_group(pid, Signal::TERM);
            let _ = tokio::time::timeout(GRACE, child.wait()).await;
            // Also if the first of them is gone: what it started may not have listened.
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = child.wait().await;
        }
        self.disarm();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}
