//! What somebody looks for.

use super::fold::fold;
use super::words::{Word, quoted, words};

/// Characters of a question at most.
pub const MAX_CHARACTERS: usize = 200;

/// Words of a question at most.
const MAX_WORDS: usize = 16;

/// Letters and digits that words must have together.
const MIN_OF_WORDS: usize = 2;

/// Characters that a part of a text must have: a trigram.
const MIN_OF_PART: usize = 3;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// All of these, each a run of words that stand one after the other. Of a word its stems.
    Words(Vec<Vec<Vec<String>>>),
    /// These characters, folded.
    Part(String),
}

/// Why a question is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It needs at least so many characters.
    TooShort(usize),
    /// It may have at most so many words.
    TooManyWords(usize),
}

impl Query {
    /// Words; those in double quotes stand one after the other.
    ///
    /// # Errors
    /// When there is too little or too much to look for.
    pub fn words(text: &str) -> Result<Self, Problem> {
        let mut parts = Vec::new();
        let stems = |found: Vec<Word>| found.into_iter().map(|word| word.stems);
        for (n, piece) in text.split(['"', '«', '»', '“', '”', '„']).enumerate() {
            let found = stems(words(piece));
            if n % 2 == 1 {
                parts.push(found.collect::<Vec<_>>());
            } else {
                parts.extend(found.map(|word| vec![word]));
            }
        }
        parts.retain(|run| !run.is_empty());
        if text.chars().filter(|c| c.is_alphanumeric()).count() < MIN_OF_WORDS {
            return Err(Problem::TooShort(MIN_OF_WORDS));
        }
        if parts.iter().map(Vec::len).sum::<usize>() > MAX_WORDS {
            return Err(Problem::TooManyWords(MAX_WORDS));
        }
        Ok(Self::Words(parts))
    }

    /// A part of a text.
    ///
    /// # Errors
    /// When it is too short.
    pub fn part(text: &str) -> Result<Self, Problem> {
        let folded = fold(text.trim()).text;
        if folded.chars().count() < MIN_OF_PART {
            return Err(Problem::TooShort(MIN_OF_PART));
        }
        Ok(Self::Part(folded))
    }

    /// Where it stands in a text: first character and number of characters, in order, without overlap. Empty: not at all.
    #[must_use]
    pub fn places(&self, text: &str) -> Vec<(usize, usize)> {
        match self {
            Self::Words(parts) => places_of_words(parts, text),
            Self::Part(part) => places_of_part(part, text),
        }
    }

    /// As PostgreSQL's `tsquery`, or as a pattern of LIKE.
    #[must_use]
    pub fn pattern(&self) -> String {
        match self {
            Self::Words(parts) => {
                let word = |stems: &Vec<String>| {
                    let stems: Vec<_> = stems.iter().map(|stem| quoted(stem)).collect();
                    format!("({})", stems.join("|"))
                };
                let run = |run: &Vec<Vec<String>>| {
                    let words: Vec<_> = run.iter().map(word).collect();
                    format!("({})", words.join(" <-> "))
                };
                parts.iter().map(run).collect::<Vec<_>>().join(" & ")
            }
            Self::Part(part) => {
                let literal = part
                    .replace('\\', r"\\")
                    .replace('%', r"\%")
                    .replace('_', r"\_");
                format!("%{literal}%")
            }
        }
    }
}

/// Every run must be there; where one is missing, the text is none that was looked for.
fn places_of_words(parts: &[Vec<Vec<String>>], text: &str) -> Vec<(usize, usize)> {
    let found = words(text);
    let is = |word: &Word, stems: &Vec<String>| word.stems.iter().any(|stem| stems.contains(stem));
    let mut marked = vec![false; found.len()];
    for run in parts {
        let mut seen = false;
        for (at, window) in found.windows(run.len()).enumerate() {
            if window.iter().zip(run).all(|(word, stems)| is(word, stems)) {
                seen = true;
                marked[at..at + run.len()].fill(true);
            }
        }
        if !seen {
            return Vec::new();
        }
    }
    let marked = found.iter().zip(marked).filter(|(_, marked)| *marked);
    marked.map(|(word, _)| (word.start, word.length)).collect()
}

fn places_of_part(part: &str, text: &str) -> Vec<(usize, usize)> {
    let folded = fold(text);
    let length = part.chars().count();
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (byte, _) in folded.text.match_indices(part) {
        let first = folded.text[..byte].chars().count();
        let start = folded.origin[first];
        let end = folded.origin[first + length - 1] + 1;
        // A letter that folds to several may be the end of one and the beginning of the next.
        let from = places.last().map_or(start, |(s, l)| start.max(s + l));
        if end > from {
            places.push((from, end - from));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(query: &Query, text: &str) -> Vec<String> {
        let part = |(start, length)| text.chars().skip(start).take(length).collect();
        query.places(text).into_iter().map(part).collect()
    }

    #[test]
    fn any_form_of_a_word_is_marked() {
        let query = Query::words("скидка").expect("a word");
        assert_eq!(
            shown(&query, "О скидках: СКИДКУ дам"),
            ["скидках", "СКИДКУ"]
        );
    }

    #[test]
    fn a_phrase_stands_in_one_piece() {
        let query = Query::words("«бесплатная доставка» завтра").expect("a phrase");
        assert_eq!(shown(&query, "Завтра бесплатную доставку!").len(), 3);
        assert!(query.places("Завтра доставка бесплатная").is_empty());
        assert!(query.places("бесплатная доставка").is_empty());
    }

    #[test]
    fn a_part_is_marked_in_the_original() {
        let query = Query::part(" 50% ").expect("long enough");
        assert_eq!(query.pattern(), r"%50\%%");
        assert_eq!(shown(&query, "Ёлка −50% и 50%"), ["50%", "50%"]);
        assert_eq!(
            shown(&Query::part("елк").expect("long enough"), "ЁЛКА"),
            ["ЁЛК"]
        );
    }

    #[test]
    fn too_little_and_too_much_is_refused() {
        assert_eq!(Query::words(" ?а!"), Err(Problem::TooShort(2)));
        assert_eq!(Query::part(" аб "), Err(Problem::TooShort(3)));
        assert_eq!(
            Query::words(&"да ".repeat(17)),
            Err(Problem::TooManyWords(16))
        );
    }
}
