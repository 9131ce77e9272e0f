//! `beseda run`: one service, as production runs it.

mod admin_port;
mod settings;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::service::{App, Kind, Running};
use crate::signals::Signals;

/// A pod has 30 s between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(25);

/// What a shell expects of a program that an interrupt has ended.
const INTERRUPTED: u8 = 130;

/// Which service.
#[derive(Debug, Args)]
#[command(after_help = settings::HELP)]
pub struct Arguments {
    /// The service
    pub service: Kind,
}

/// The line that says that the service takes calls.
#[derive(Debug, Serialize)]
struct Ready {
    ready: &'static str,
    addr: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<SocketAddr>,
}

/// Runs it until it is told to stop, or fails.
pub async fn main(arguments: Arguments) -> ExitCode {
    match run(arguments.service).await {
        Ok(code) => code,
        Err(error) => crate::failed(&error),
    }
}

async fn run(kind: Kind) -> anyhow::Result<ExitCode> {
    let _telemetry = kit::telemetry::init(kind.name())?;
    let signals = Signals::listen()?;
    let settings = settings::read(kind)?;
    let app = App::build(settings.config).await;
    let app = app.with_context(|| format!("{} did not start", kind.name()))?;
    let gateways_own = app.admin_addr();
    let mut running = Running::start(app)?;
    let admin = match settings.admin_listen {
        Some(address) => Some(admin_port::open(address, &running).await?),
        None => gateways_own,
    };
    say(&Ready {
        ready: kind.name(),
        addr: running.addr,
        admin,
    })?;
    let ended = tokio::select! {
        () = signals.stop.cancelled() => Ok(()),
        error = running.failure() => Err(error),
    };
    tracing::info!(service = kind.name(), "the service stops");
    running.drain(GRACE, &signals.cut).await;
    ended?;
    Ok(if signals.cut.is_cancelled() {
        ExitCode::from(INTERRUPTED)
    } else {
        ExitCode::SUCCESS
    })
}

fn say(ready: &Ready) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string(ready)?)?;
    Ok(output.flush()?)
}
