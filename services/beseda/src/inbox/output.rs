//! What is printed: for people aligned and, on a terminal, in colour; for programs a JSON object a line.

use std::io::{IsTerminal, Write};

use prost_types::Timestamp;
use time::{OffsetDateTime, UtcOffset};
use tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::problem::Problem;

/// Standard output and how to write to it.
#[derive(Debug)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
    colours: bool,
    zone: Option<TimeZone>,
}

/// Colours of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Green,
    Grey,
    Blue,
    Red,
    Plain,
}

impl Output {
    /// Colours only on a terminal, and not where <https://no-color.org> says no.
    pub fn new(json: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json,
            colours: std::io::stdout().is_terminal() && !unwanted,
            zone: TimeZone::local().ok(),
        }
    }

    /// A line, out at once: somebody may be waiting at the other end of a pipe.
    pub fn line(&self, text: &str) -> Result<(), Problem> {
        let mut output = std::io::stdout().lock();
        writeln!(output, "{}", text.trim_end())?;
        Ok(output.flush()?)
    }

    /// A remark for a person, which is no part of the result.
    pub fn remark(&self, text: &str) {
        eprintln!("{}", self.paint(Colour::Grey, text));
    }

    /// Text in a colour.
    pub fn paint(&self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Green => "32",
            Colour::Grey => "90",
            Colour::Blue => "94",
            Colour::Red => "31",
            Colour::Plain => return text.to_owned(),
        };
        if self.colours && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A time of this place.
    pub fn time(&self, time: Option<&Timestamp>) -> Option<OffsetDateTime> {
        let time = kit::time::from_proto(time?)?;
        let zone = self.zone.as_ref();
        let seconds = zone.and_then(|zone| zone.find_local_time_type(time.unix_timestamp()).ok());
        let offset = UtcOffset::from_whole_seconds(seconds?.ut_offset()).ok();
        Some(time.to_offset(offset.unwrap_or(UtcOffset::UTC)))
    }

    /// The time of day, with the date where it is another than today's.
    pub fn moment(&self, time: Option<&Timestamp>) -> String {
        let Some(time) = self.time(time) else {
            return String::new();
        };
        let today = types::Clock::system().now().to_offset(time.offset()).date();
        let clock = format!(
            "{:02}:{:02}:{:02}",
            time.hour(),
            time.minute(),
            time.second()
        );
        if time.date() == today {
            clock
        } else {
            format!("{} {}", time.date(), &clock[..5])
        }
    }
}

/// Text of others in one line, without anything that a terminal would obey.
pub fn one_line(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    harmless(&lines.join(" ⏎ "))
}

/// Text of others without anything that a terminal would obey: control characters could move the cursor or send
/// commands, marks of writing direction could make a line read as another one.
pub fn harmless(text: &str) -> String {
    let obeyed = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if obeyed(c) { '\u{fffd}' } else { c })
        .collect()
}

/// At most so many columns, with an ellipsis where something is left out.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= columns
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

/// Rows under one another; the last column is as wide as it is.
pub fn table(rows: &[Vec<(Colour, String)>], output: &Output) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|(_, text)| text.width())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let cell = |((colour, text), width): (&(Colour, String), &usize)| {
        let padding = " ".repeat(width.saturating_sub(text.width()));
        format!("{}{padding}", output.paint(*colour, text))
    };
    rows.iter()
        .map(|row| {
            row.iter()
                .zip(&widths)
                .map(cell)
                .collect::<Vec<_>>()
                .join("  ")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_that_a_client_wrote() {
        assert_eq!(
            harmless("a\x1b[2Jb\u{202e}c\rd\ne"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\ne"
        );
        assert_eq!(one_line(" one\n\n two \r\n"), "one ⏎ two");
    }

    #[test]
    fn a_cut_text_fits_its_columns() {
        assert_eq!(cut("Привет", 6), "Привет");
        assert_eq!(cut("Привет!", 6), "Приве…");
        assert_eq!(cut("你好世界", 5), "你好…");
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let plain = |text: &str| (Colour::Plain, text.to_owned());
        let output = Output {
            json: false,
            colours: false,
            zone: None,
        };
        let rows = [
            vec![plain("Аня"), plain("x")],
            vec![plain("你"), plain("y")],
        ];
        assert_eq!(table(&rows, &output), ["Аня  x", "你   y"]);
    }
}
