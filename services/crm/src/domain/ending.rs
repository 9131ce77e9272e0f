//! By which parts of their numbers and names contacts are found (CHW-15, CHW-17, CHW-18): a part of a text is the beginning of one of
//! its endings.

use std::collections::BTreeSet;

use super::card::Card;
use super::ids::Kind;

/// Characters that a part must have.
pub const SHORTEST: usize = 4;

/// Characters of a name in a messenger that count.
const LONGEST: usize = 64;

/// Of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// A telephone number: its digits.
    Phone,
    /// A name in a messenger, in small letters, with "@" before it.
    Messenger,
}

/// The endings of a contact's numbers and names; none of other cards.
#[must_use]
pub fn endings(card: &Card) -> BTreeSet<(Of, String)> {
    if card.id.kind() != Kind::Contact {
        return BTreeSet::new();
    }
    let phones = card.phones.iter().map(|phone| {
        let digits = phone.value.chars().filter(char::is_ascii_digit);
        (Of::Phone, digits.collect::<String>())
    });
    let names = card.messengers.iter().map(|messenger| {
        let small = part_of_name(messenger.name.trim().trim_start_matches('@'));
        let whole = format!("@{small}");
        (
            Of::Messenger,
            whole.chars().take(LONGEST).collect::<String>(),
        )
    });
    let all = phones.chain(names);
    all.flat_map(|(of, text)| {
        let starts: Vec<_> = text.char_indices().map(|(start, _)| start).collect();
        let enough = starts.len().saturating_sub(SHORTEST - 1);
        let ending = move |start: &usize| (of, text[*start..].to_owned());
        starts[..enough].iter().map(ending).collect::<Vec<_>>()
    })
    .collect()
}

/// A part of a name as it stands in the endings.
#[must_use]
pub fn part_of_name(part: &str) -> String {
    part.to_lowercase()
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use types::UserId;

    use super::*;
    use crate::domain::card::{Labelled, Messenger};
    use crate::domain::ids::CardId;

    fn card(kind: Kind) -> Card {
        let mut card = Card::blank(
            CardId::generate(kind),
            UserId::generate(),
            OffsetDateTime::UNIX_EPOCH,
        );
        card.phones = vec![Labelled {
            value: "+34600111".to_owned(),
            label: String::new(),
        }];
        card.messengers = vec![Messenger {
            connector: "telegram".to_owned(),
            external_id: "42".to_owned(),
            name: "@Ёлка".to_owned(),
        }];
        card
    }

    #[test]
    fn every_part_of_four_begins_an_ending() {
        let found = endings(&card(Kind::Contact));
        let texts: Vec<_> = found.iter().map(|(_, text)| &text[..]).collect();
        let phone = ["00111", "0111", "34600111", "4600111", "600111"];
        assert_eq!(texts[..5], phone);
        assert_eq!(texts[5..], ["@ёлка", "ёлка"]);
        assert!(endings(&card(Kind::Company)).is_empty());
    }
}
