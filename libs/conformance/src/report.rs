//! What a check found.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// Why a case did not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Something else came than what was expected.
    #[error("{0}")]
    Unmet(String),
    /// The case does not apply here: the channel cannot do it, or nobody can do it to the connector.
    #[error("{0}")]
    NotApplicable(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Unmet(format!("the channel's side failed: {error}"))
    }
}

impl Failure {
    /// Something else came.
    pub(crate) fn unmet(text: impl Into<String>) -> Self {
        Self::Unmet(text.into())
    }
}

/// Unmet unless it holds.
pub(crate) fn ensure(holds: bool, text: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::Unmet(text()))
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As expected.
    Passed,
    /// Otherwise.
    Failed,
    /// It does not apply.
    Skipped,
}

/// What one case found.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReport {
    /// Its name.
    pub case: &'static str,
    /// What the contract asks for.
    pub expected: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What came instead, or why the case does not apply; a line each. Empty when it passed.
    pub came: Vec<String>,
    /// How long it took.
    pub milliseconds: u64,
}

impl CaseReport {
    pub(crate) fn new(
        case: &'static str,
        expected: &'static str,
        outcome: Result<(), Failure>,
        offences: Vec<String>,
        took: Duration,
    ) -> Self {
        let (verdict, mut came) = match outcome {
            Ok(()) => (Verdict::Passed, Vec::new()),
            Err(Failure::Unmet(what)) => (Verdict::Failed, vec![what]),
            Err(Failure::NotApplicable(why)) => (Verdict::Skipped, vec![why]),
        };
        let verdict = if offences.is_empty() {
            verdict
        } else {
            Verdict::Failed
        };
        came.extend(offences);
        Self {
            case,
            expected,
            verdict,
            came,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// What all cases found. Printed, it is for people; serialised, for programs.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was checked.
    pub subject: String,
    /// Case by case.
    pub cases: Vec<CaseReport>,
}

impl Report {
    /// Did nothing fail, and something pass?
    #[must_use]
    pub fn passed(&self) -> bool {
        self.count(Verdict::Failed) == 0 && self.count(Verdict::Passed) > 0
    }

    /// How many cases ended how, in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        let [passed, failed, skipped] =
            [Verdict::Passed, Verdict::Failed, Verdict::Skipped].map(|it| self.count(it));
        format!("{passed} passed, {failed} failed, {skipped} skipped")
    }

    /// How many cases ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        let cases = self.cases.iter();
        cases.filter(|case| case.verdict == verdict).count()
    }
}

impl fmt::Display for CaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Passed => "ok     ",
            Verdict::Failed => "FAILED ",
            Verdict::Skipped => "skipped",
        };
        let seconds = Duration::from_millis(self.milliseconds).as_secs_f32();
        write!(f, "{mark} {:<36} {seconds:>5.1} s", self.case)?;
        if self.verdict == Verdict::Failed {
            write!(f, "\n          expected: {}", self.expected)?;
        }
        for line in &self.came {
            let what = if self.verdict == Verdict::Failed {
                "came:    "
            } else {
                "because: "
            };
            write!(f, "\n          {what} {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.subject)?;
        for case in &self.cases {
            writeln!(f, "{case}")?;
        }
        writeln!(f, "\n{}", self.summary())
    }
}
