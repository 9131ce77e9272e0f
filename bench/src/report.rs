//! What was measured, as a table and as JSON.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Its number in the goals, for example "P1".
    pub id: &'static str,
    /// What it is.
    pub what: String,
    /// Median of the runs.
    pub median: f64,
    /// Smallest and largest run.
    pub spread: (f64, f64),
    /// Unit; "×" for a ratio to the baseline.
    pub unit: &'static str,
    /// Where a first version may stand; a ratio or a bound.
    pub floor: String,
    /// What we go for.
    pub target: String,
}

/// Everything measured so far.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    figures: Vec<Figure>,
}

/// Figure, floor and target of a row.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// Number in the goals.
    pub id: &'static str,
    /// Floor.
    pub floor: &'static str,
    /// Target.
    pub target: &'static str,
}

impl Report {
    /// Adds a figure from its runs.
    pub fn add(&mut self, goal: Goal, what: &str, unit: &'static str, runs: &[f64]) {
        let mut sorted = runs.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (sorted.first(), sorted.last()) else {
            return;
        };
        let figure = Figure {
            id: goal.id,
            what: what.to_owned(),
            median: sorted[sorted.len() / 2],
            spread: (*least, *most),
            unit,
            floor: goal.floor.to_owned(),
            target: goal.target.to_owned(),
        };
        eprintln!("{}", line(&figure));
        self.figures.push(figure);
    }

    /// Prints the table to standard error and the JSON to standard output.
    pub fn print(&self, file: Option<&Path>) -> Result<()> {
        eprintln!(
            "\n{:<4} {:<58} {:>12} {:>21} {:<6} floor → target",
            "", "figure", "median", "spread", "unit"
        );
        for figure in &self.figures {
            eprintln!("{}", line(figure));
        }
        let json = serde_json::to_string_pretty(&self.figures)?;
        println!("{json}");
        if let Some(file) = file {
            std::fs::write(file, json)?;
        }
        Ok(())
    }
}

fn line(figure: &Figure) -> String {
    let Figure {
        id,
        what,
        median,
        spread: (least, most),
        unit,
        floor,
        target,
    } = figure;
    let spread = format!("{} … {}", short(*least), short(*most));
    format!(
        "{id:<4} {what:<58} {:>12} {spread:>21} {unit:<6} {floor} → {target}",
        short(*median)
    )
}

fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
