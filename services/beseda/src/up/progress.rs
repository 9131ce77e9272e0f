//! What `beseda up` is doing, a step a line.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Tells a person how far it is; to a program it says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    shown: bool,
    terminal: bool,
}

impl Progress {
    /// On standard output.
    pub fn new(shown: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        Self { shown, terminal }
    }

    /// Does a step and says how long it took.
    pub async fn step<T>(
        self,
        doing: &str,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let began = Instant::now();
        if self.shown && self.terminal {
            self.write(&format!("  … {doing}"));
        }
        let outcome = work.await;
        let mark = if outcome.is_ok() { "✓" } else { "✗" };
        let back = if self.terminal { "\r\x1b[K" } else { "" };
        let took = began.elapsed().as_secs_f32();
        self.write(&format!("{back}  {mark} {doing:<28} {took:>5.1} s\n"));
        outcome
    }

    /// Says something.
    pub fn say(self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    fn write(self, text: &str) {
        if !self.shown {
            return;
        }
        let mut output = std::io::stdout().lock();
        // Whoever closed our output does not want to know.
        let _ = output.write_all(text.as_bytes());
        let _ = output.flush();
    }
}
