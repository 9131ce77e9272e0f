//! P18: what the services weigh when nothing happens, and how fast they start.

use anyhow::Result;

use crate::report::{Goal, Report};
use crate::stand::Stand;

/// Measures it on the freshly started services.
pub fn measure(stand: &Stand, report: &mut Report) -> Result<()> {
    let memory: u64 = stand
        .services
        .iter()
        .map(|service| service.memory())
        .sum::<Result<u64>>()?;
    let goal = Goal {
        id: "P18",
        floor: "≤ 400",
        target: "≤ 200",
    };
    report.add(
        goal,
        "resident memory of all four services, idle",
        "MB",
        &[memory as f64 / 1e6],
    );
    let starts: Vec<f64> = stand
        .services
        .iter()
        .map(|service| service.started_in.as_secs_f64())
        .collect();
    let slowest = starts.iter().copied().fold(0.0, f64::max);
    report.add(
        Goal {
            id: "P18",
            floor: "–",
            target: "≤ 1",
        },
        "cold start to ready, slowest service",
        "s",
        &[slowest],
    );
    Ok(())
}
