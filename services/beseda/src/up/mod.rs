//! `beseda up`: everything on one machine, in one process.
//!
//! The order: who else is here (folder, port) → stores → tables → services, each when those it needs run → the demo
//! account → the gateway. It stops in the reverse order, and stops exactly what it has started.

mod demo;
pub mod place;
mod port;
mod progress;
mod settings;
mod stand;
mod stores;
mod summary;
mod wiring;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

pub use settings::{Arguments, DATA, Pages};

use crate::signals::Signals;
use place::Place;
use port::Reserved;
use progress::Progress;
use settings::Secrets;
use stand::Stand;
use summary::Summary;

/// What a shell expects of a program that an interrupt has ended.
const INTERRUPTED: u8 = 130;

/// Runs everything until it is told to stop, or something fails.
pub async fn main(arguments: Arguments) -> ExitCode {
    match run(&arguments).await {
        Ok(code) => code,
        Err(error) => crate::failed(&error),
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let _telemetry = kit::telemetry::init_with("beseda", "warn")?;
    let signals = Signals::listen()?;
    let progress = Progress::new(!arguments.json_ready);
    let secrets = Secrets::read()?;
    let place = Place::take(&arguments.data)?;
    let port = Reserved::take(arguments.listen)?;
    let mut stand = Stand::new(place, progress);
    let ended = tokio::select! {
        ready = stand.start(arguments, &secrets, port) => match ready {
            Ok(summary) => {
                tell(&Summary { took: began.elapsed(), ..summary }, arguments.json_ready, progress);
                stand.run(&signals).await
            }
            Err(error) => Err(error),
        },
        () = signals.stop.cancelled() => Ok(()),
    };
    if signals.stop.is_cancelled() {
        progress.say("\nStopping; once more Ctrl-C does not wait for calls in progress.");
    }
    stand.stop(&signals).await;
    ended?;
    Ok(if signals.cut.is_cancelled() {
        ExitCode::from(INTERRUPTED)
    } else {
        ExitCode::SUCCESS
    })
}

fn tell(summary: &Summary, json: bool, progress: Progress) {
    if json {
        let mut output = std::io::stdout().lock();
        // Whoever closed our output does not want to know.
        let _ = writeln!(output, "{}", summary.json());
        let _ = output.flush();
    } else {
        let program = std::env::args()
            .next()
            .unwrap_or_else(|| "beseda".to_owned());
        progress.say(&summary.text(&program));
    }
}
