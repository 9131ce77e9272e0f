//! Texts of messages: made-up words of three languages, few of them frequent and most of them rare, as in real ones.

use crate::dice::Dice;

/// How many different words there are.
pub const VOCABULARY: u64 = 20_000;

const RUSSIAN: [&str; 24] = [
    "до", "ста", "вка", "за", "каз", "при", "ход", "ве", "тер", "ло", "мо", "ник", "пе", "ре",
    "вод", "сро", "чно", "цена", "ски", "да", "оп", "ла", "та", "ние",
];
const LATIN: [&str; 16] = [
    "de", "li", "ver", "or", "pe", "di", "do", "pre", "cio", "ship", "ment", "pay", "ta", "ca",
    "sa", "ción",
];

/// The words of a data set.
#[derive(Debug)]
pub struct Words(Vec<String>);

impl Words {
    /// All of them.
    pub fn new() -> Self {
        Self((0..VOCABULARY).map(word).collect())
    }

    /// One of them; 0 is the most frequent.
    pub fn word(&self, number: u64) -> &str {
        &self.0[usize::try_from(number % VOCABULARY).unwrap_or_default()]
    }

    /// A message of 5 to 40 words, about 200 bytes.
    pub fn message(&self, dice: &mut Dice) -> String {
        let mut text = String::with_capacity(400);
        for place in 0..5 + dice.roll(25) {
            if place > 0 {
                text.push(' ');
            }
            text.push_str(self.word((VOCABULARY as f64 * dice.share().powi(3)) as u64));
        }
        text
    }
}

/// A word of two to five syllables; every eighth is not Russian.
fn word(number: u64) -> String {
    let mut dice = Dice::new(number ^ 0x00AB_CDEF);
    let syllables: &[&str] = if number % 8 == 7 { &LATIN } else { &RUSSIAN };
    (0..2 + dice.roll(4))
        .map(|_| syllables[usize::try_from(dice.roll(syllables.len() as u64)).unwrap_or_default()])
        .collect()
}
