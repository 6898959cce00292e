//! `bowsprit plugin push`.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use oci::{About, Credentials, Digest, MOST_COMPONENT_BYTES, Progress, Reference, Registries};
use serde_json::json;

use crate::output::{self, ShowOutput};

/// Push a component to a registry.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit plugin push greeter.wasm oci://ghcr.io/my-org/greeter:1.0
  bowsprit plugin push greeter.wasm oci://localhost:5000/greeter:dev
  bowsprit plugin push --output json greeter.wasm \\
    oci://ghcr.io/my-org/greeter:1.0 | jq -r .digest

Credentials are docker's: `docker login ghcr.io`, or a config.json in the
directory that DOCKER_CONFIG names. Only a registry on this machine is spoken
to without TLS. What is pushed has the layout of `wkg oci push`, and can be
signed with `cosign sign --key cosign.key HOST/NAME@DIGEST`.")]
pub(super) struct PushArgs {
    /// The component.
    file: PathBuf,
    /// Where it goes.
    #[arg(value_name = "oci://HOST/NAME:TAG", value_parser = str::parse::<Reference>)]
    to: Reference,
    /// What to print: the digest and the line for plugins.yaml, or a JSON object.
    #[arg(long, short, value_enum, default_value_t = ShowOutput::Text)]
    output: ShowOutput,
}

pub(super) async fn run(args: PushArgs) -> anyhow::Result<()> {
    let component = read(&args.file)?;
    let contents =
        componentize::contents(&component).with_context(|| format!("{} is no component", args.file.display()))?;
    let about = About {
        exports: contents.exports,
        imports: contents.imports,
        created: Timestamp::now(),
        annotations: [("org.opencontainers.image.created".to_owned(), Timestamp::now().to_string())].into(),
    };
    eprintln!("pushing {} ({}) to {}", args.file.display(), size(component.len() as u64), args.to);
    let registries = Registries::new(Credentials::of_docker());
    let digest =
        oci::push(&registries, &args.to, component.into(), &about, show(std::io::stderr().is_terminal())).await?;
    match args.output {
        ShowOutput::Text => output::print(&text(&args.to, &digest)),
        ShowOutput::Json => {
            let component = args.to.at(digest.clone()).to_string();
            output::print_json(
                &json!({ "digest": digest.as_str(), "tag": args.to.to_string(), "component": component }),
            )
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let length = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
    if length > MOST_COMPONENT_BYTES {
        bail!("{} has {}; a host takes no component over {}", file.display(), size(length), size(MOST_COMPONENT_BYTES));
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn text(to: &Reference, digest: &Digest) -> String {
    format!("{digest}\n\nIn plugins.yaml, under `modules`:\n    component: {}\n", to.at(digest.clone()))
}

/// A terminal gets a line that counts; a log gets the end of it alone.
fn show(terminal: bool) -> impl Fn(Progress) + Send + Sync + 'static {
    move |progress| {
        let mut out = std::io::stderr().lock();
        // Nobody is harmed by progress that cannot be shown.
        let _ = match progress {
            Progress::Sent(sent, all) if terminal => {
                let end = if sent == all { "\n" } else { "" };
                write!(out, "\r  {} of {}{end}", size(sent), size(all))
            }
            Progress::Sent(sent, all) if sent == all => writeln!(out, "  {} sent", size(all)),
            Progress::Sent(..) => Ok(()),
            Progress::Known => writeln!(out, "  the registry has it already"),
            Progress::Manifest => writeln!(out, "  writing the manifest"),
        };
        let _ = out.flush();
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_for_plugins_yaml_is_one_to_copy() {
        let to = "oci://ghcr.io/my-org/greeter:1.0".parse().unwrap();
        insta::assert_snapshot!(text(&to, &oci::digest_of(b"")), @r"
        sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

        In plugins.yaml, under `modules`:
            component: oci://ghcr.io/my-org/greeter@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        ");
    }

    #[test]
    fn sizes_are_for_people() {
        for (bytes, want) in [(0, "0 bytes"), (9_999, "9999 bytes"), (10_000, "10 kB"), (64 << 20, "67 MB")] {
            assert_eq!(size(bytes), want);
        }
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MOST_COMPONENT_BYTES + 1).unwrap();
        assert!(read(file.path()).unwrap_err().to_string().contains("takes no component over 67 MB"));
        file.as_file().set_len(10).unwrap();
        assert_eq!(read(file.path()).unwrap().len(), 10);
    }
}
