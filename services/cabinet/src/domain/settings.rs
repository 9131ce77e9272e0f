//! What administrators set.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::{AccountId, CabinetId, ConnectionId, FieldId, Language, SmsProviderId, StageId};

use super::text::{Purpose, usual};

/// Fields that a cabinet may show at most.
pub const MOST_FIELDS: usize = 100;
/// Statuses that a cabinet may have at most.
pub const MOST_STATUSES: usize = 200;
/// SMS providers that may be tried one after the other.
pub const MOST_PROVIDERS: usize = 5;

/// An account's cabinet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cabinet {
    /// Whose.
    pub account: AccountId,
    /// Its key in the link.
    pub id: CabinetId,
    /// What an administrator set.
    pub settings: Settings,
    /// The connection of its chats; `None` until there is one.
    pub connection: Option<ConnectionId>,
    /// The logo, without its picture.
    pub logo: Option<LogoFacts>,
    /// Counts the changes.
    pub version: i64,
    /// When it was last changed.
    pub update_time: OffsetDateTime,
}

/// What is known of a logo without looking at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoFacts {
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// In bytes.
    pub size: i32,
    /// SHA-256 of the picture.
    pub digest: [u8; 32],
}

/// What an administrator set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// May clients come in?
    pub enabled: bool,
    /// What stands above the page.
    pub title: String,
    /// Kinds of events that clients see.
    pub shown_events: Vec<EventKind>,
    /// Fields that clients see, in order.
    pub shown_fields: Vec<ShownField>,
    /// Is the status of a deal shown?
    pub statuses_shown: bool,
    /// Statuses, in order.
    pub statuses: Vec<ShownStatus>,
    /// SMS with the code to log in; empty: the usual one.
    pub log_in_text: String,
    /// SMS with the code that confirms a deletion; empty: the usual one.
    pub erasure_text: String,
    /// May clients delete their personal data?
    pub erasure_enabled: bool,
    /// Providers of SMS in the order in which they are tried.
    pub sms_providers: Vec<SmsProviderId>,
}

impl Settings {
    /// The SMS for a purpose, with the marker.
    #[must_use]
    pub fn text(&self, purpose: Purpose, language: Language) -> &str {
        let own = match purpose {
            Purpose::LogIn => &self.log_in_text,
            Purpose::Erasure => &self.erasure_text,
        };
        if own.is_empty() {
            usual(purpose, language)
        } else {
            own
        }
    }

    /// The status of a deal on a stage; `None` where clients see none.
    #[must_use]
    pub fn status(&self, stage: StageId) -> Option<&ShownStatus> {
        let mut statuses = self.statuses.iter().filter(|_| self.statuses_shown);
        statuses.find(|status| status.stage == stage)
    }

    /// Do clients see this kind of events? (CAB-13)
    #[must_use]
    pub fn shows(&self, kind: EventKind) -> bool {
        self.shown_events.contains(&kind)
    }

    /// The field of a card, if clients see it.
    #[must_use]
    pub fn field(&self, card: CardKind, field: &Field) -> Option<&ShownField> {
        let mut fields = self.shown_fields.iter();
        fields.find(|shown| shown.card == card && shown.field == *field)
    }
}

/// Kinds of events that clients may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The deal was added.
    DealCreated,
    /// A shown field changed.
    FieldChanged,
    /// The deal got another status.
    StatusChanged,
    /// Somebody else became responsible.
    ResponsibleChanged,
    /// A task was added.
    TaskAdded,
    /// A task was completed.
    TaskCompleted,
    /// A telephone call with the client.
    Call,
}

impl EventKind {
    /// All, in the order of their numbers in the database, which begin with 1.
    pub const ALL: [Self; 7] = [
        Self::DealCreated,
        Self::FieldChanged,
        Self::StatusChanged,
        Self::ResponsibleChanged,
        Self::TaskAdded,
        Self::TaskCompleted,
        Self::Call,
    ];
}

/// Whose field it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// Of the deal.
    Deal,
    /// Of the client.
    Contact,
    /// Of the deal's company.
    Company,
}

/// Which field of a card.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Field {
    /// One of the account's own.
    Own(FieldId),
    /// One that every card of the kind has.
    Standard(Standard),
}

/// Fields that every card of a kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standard {
    /// What it is called.
    Name,
    /// What a deal is worth.
    Price,
    /// Telephone numbers.
    Phones,
    /// E-mail addresses.
    Emails,
    /// Postal addresses.
    Addresses,
}

impl Standard {
    const ALL: [Self; 5] = [
        Self::Name,
        Self::Price,
        Self::Phones,
        Self::Emails,
        Self::Addresses,
    ];

    /// Its name in the card.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Price => "price",
            Self::Phones => "phones",
            Self::Emails => "emails",
            Self::Addresses => "addresses",
        }
    }

    fn is_of(self, card: CardKind) -> bool {
        match self {
            Self::Name => true,
            Self::Price => card == CardKind::Deal,
            Self::Phones | Self::Emails | Self::Addresses => card != CardKind::Deal,
        }
    }
}

impl Field {
    /// The field of a card that has this name; `None` when no such card has one.
    #[must_use]
    pub fn read(card: CardKind, name: &str) -> Option<Self> {
        if let Ok(own) = name.parse() {
            return Some(Self::Own(own));
        }
        let mut standard = Standard::ALL.into_iter().filter(|field| field.is_of(card));
        standard
            .find(|field| field.name() == name)
            .map(Self::Standard)
    }

    /// Its name in the card.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Own(id) => id.to_string(),
            Self::Standard(field) => field.name().to_owned(),
        }
    }
}

/// A field that clients see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownField {
    /// Of which card.
    pub card: CardKind,
    /// Which.
    pub field: Field,
    /// What it is called for clients; empty: as in the card.
    pub name: String,
}

/// A status that clients see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownStatus {
    /// The stage of a pipeline.
    pub stage: StageId,
    /// What it is called for clients; empty: as in the pipeline.
    pub name: String,
    /// Its colour.
    pub color: Color,
}

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Color([u8; 3]);

impl Color {
    /// The colour that a text like "#2e7d32" names.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The place of the first value that stood in the list before.
pub fn first_repeated<T: Eq + std::hash::Hash>(values: impl Iterator<Item = T>) -> Option<usize> {
    let mut seen = HashSet::new();
    values
        .enumerate()
        .find_map(|(place, value)| (!seen.insert(value)).then_some(place))
}

/// What administrators have to know where clients may delete their data (CAB-38).
#[must_use]
pub fn erasure_warning(language: Language) -> &'static str {
    match language {
        Language::Ru => {
            "Клиенты смогут удалить свои персональные данные: имя, телефоны, email и адреса исчезнут из контакта и из истории. \
             Восстановить их нельзя."
        }
        Language::Es => {
            "Los clientes podrán borrar sus datos personales: el nombre, los teléfonos, los correos y las direcciones desaparecerán del \
             contacto y del historial. No se pueden recuperar."
        }
        Language::En => {
            "Clients will be able to delete their personal data: name, phone numbers, e-mails and addresses go from the contact and from \
             the history. They cannot be brought back."
        }
    }
}

/// What a client has to know before their data are deleted (CAB-28).
#[must_use]
pub fn client_warning(language: Language) -> &'static str {
    match language {
        Language::Ru => {
            "Удаление необратимо. Ваши контакты будут удалены: имя, телефоны, email и адреса исчезнут отовсюду, в том числе из истории. \
             Войти в личный кабинет с этим номером больше не получится."
        }
        Language::Es => {
            "El borrado es irreversible. Se borrarán sus datos de contacto: el nombre, los teléfonos, los correos y las direcciones \
             desaparecerán de todas partes, también del historial. No podrá volver a entrar con este número."
        }
        Language::En => {
            "This cannot be undone. Your contacts will be deleted: name, phone numbers, e-mails and addresses go from everywhere, the \
             history included. You will not be able to log in with this number any more."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_one_of_its_card() {
        assert_eq!(
            Field::read(CardKind::Deal, "price"),
            Some(Field::Standard(Standard::Price))
        );
        for (card, name) in [
            (CardKind::Contact, "price"),
            (CardKind::Deal, "phones"),
            (CardKind::Company, "messengers"),
            (CardKind::Deal, ""),
        ] {
            assert_eq!(Field::read(card, name), None, "{card:?} {name}");
        }
        let own = FieldId::generate();
        let field = Field::read(CardKind::Company, &own.to_string());
        assert_eq!(field, Some(Field::Own(own)));
    }

    #[test]
    fn fields_come_back_from_the_database_as_they_went() {
        for field in [
            Field::Own(FieldId::generate()),
            Field::Standard(Standard::Price),
        ] {
            let shown = ShownField {
                card: CardKind::Deal,
                field,
                name: "Имя".to_owned(),
            };
            let json = serde_json::to_value(&shown).expect("JSON");
            assert_eq!(
                serde_json::from_value::<ShownField>(json).expect("reads"),
                shown
            );
        }
    }

    #[test]
    fn a_colour_is_six_digits() {
        assert_eq!(
            Color::read("#2E7d32").map(|color| color.to_string()),
            Some("#2e7d32".to_owned())
        );
        for text in ["2e7d32", "#2e7d3", "#2e7d322", "#2e7d3g", "red", ""] {
            assert_eq!(Color::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_status_is_shown_only_where_statuses_are() {
        let stage = StageId::generate();
        let mut settings = Settings {
            statuses: vec![ShownStatus {
                stage,
                name: String::new(),
                color: Color::read("#000000").expect("a colour"),
            }],
            ..Settings::default()
        };
        assert_eq!(settings.status(stage), None);
        settings.statuses_shown = true;
        assert!(settings.status(stage).is_some());
        assert_eq!(settings.status(StageId::generate()), None);
    }
}
