//! A message of a client.

mod cart;
mod kinds;

use serde_json::Value;

use super::payload::{list, text};

pub use cart::Cart;
pub use kinds::{File, FileKind};

/// The longest word for what is not known, in characters.
const LONGEST_KIND: usize = 100;

/// Something that a client did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// WhatsApp's id of the message.
    pub event_id: String,
    /// All ids of the chat that it names: the person's own id in this business first, the digits of their number last.
    pub chat_ids: Vec<String>,
    /// Several people write in it.
    pub is_group: bool,
    /// When, in seconds; 0 when it does not say.
    pub time: i64,
    /// Who.
    pub sender: String,
    /// What rules may want to know.
    pub facts: Vec<(&'static str, String)>,
    /// What it does to a message that came before; nothing for most.
    pub change: Option<Change>,
    /// What it says.
    pub content: Content,
}

/// What a message does to one that came before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It has another text.
    Edited {
        /// WhatsApp's id of the message.
        of: String,
        /// What it says now.
        text: String,
    },
    /// The client has deleted it.
    Deleted {
        /// WhatsApp's id of the message.
        of: String,
    },
}

impl Change {
    /// Nothing where it does not say which message, or what it says now.
    fn of(given: &Value) -> Option<Self> {
        let kind = text(given, "type");
        let value = given.get(&kind[..])?;
        let of = Some(text(value, "original_message_id")).filter(|of| !of.is_empty())?;
        match &kind[..] {
            "revoke" => Some(Self::Deleted { of }),
            "edit" => {
                let text = kinds::content(value.get("message")?).text;
                (!text.trim().is_empty()).then_some(Self::Edited { of, text })
            }
            _ => None,
        }
    }
}

/// What a message says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// What a person reads.
    pub text: String,
    /// WhatsApp's word for what cannot be shown; empty otherwise.
    pub unknown: String,
    /// A file.
    pub file: Option<File>,
    /// A basket (WA-05).
    pub cart: Option<Cart>,
}

/// A message; `contacts` are those that came with it. Nothing when it does not say in which chat it is, or which message.
#[must_use]
pub fn read(given: &Value, contacts: &[Value]) -> Option<Told> {
    let event_id = text(given, "id");
    let sender = Sender::of(given, contacts);
    let group = text(given, "group_id");
    let chat_ids = match &group[..] {
        "" => sender.ids(),
        group => vec![group.to_owned()]
            .into_iter()
            .filter(|id| is_id(id))
            .collect(),
    };
    if event_id.is_empty() || chat_ids.is_empty() {
        return None;
    }
    Some(Told {
        event_id,
        chat_ids,
        is_group: !group.is_empty(),
        time: text(given, "timestamp").parse().unwrap_or_default(),
        facts: facts(given, &sender),
        sender: sender.name,
        change: Change::of(given),
        content: kinds::content(given),
    })
}

/// Who wrote. Any of it may be missing: whoever has a user name can hide their number.
#[derive(Debug, Default)]
struct Sender {
    /// Their own id in this business.
    id: String,
    /// Digits of their number.
    number: String,
    name: String,
    username: String,
}

impl Sender {
    fn of(given: &Value, contacts: &[Value]) -> Self {
        let (id, number) = (text(given, "from_user_id"), text(given, "from"));
        let is_this = |contact: &&Value| {
            let (its_id, its_number) = (text(contact, "user_id"), text(contact, "wa_id"));
            (!id.is_empty() && id == its_id) || (!number.is_empty() && number == its_number)
        };
        // A single contact without anything to compare is the one; anybody else's is not.
        let differs = |own: &str, its: String| !own.is_empty() && !its.is_empty() && own != its;
        let fits = |contact: &&Value| {
            !differs(&id, text(contact, "user_id")) && !differs(&number, text(contact, "wa_id"))
        };
        let only = contacts.first().filter(|_| contacts.len() == 1);
        let only = only.filter(fits);
        let contact = contacts.iter().find(is_this).or(only);
        let Some(contact) = contact else {
            return Self {
                id,
                number: digits(&number),
                ..Self::default()
            };
        };
        let or = |own: String, name: &str| match own.is_empty() {
            true => text(contact, name),
            false => own,
        };
        let profile = contact.get("profile").unwrap_or(&Value::Null);
        Self {
            id: or(id, "user_id"),
            number: digits(&or(number, "wa_id")),
            name: text(profile, "name"),
            username: text(profile, "username"),
        }
    }

    fn ids(&self) -> Vec<String> {
        let ids = [&self.id, &self.number].into_iter();
        ids.filter(|id| is_id(id)).cloned().collect()
    }
}

/// Such as the hub takes; anything else is none of WhatsApp's.
fn is_id(id: &str) -> bool {
    (1..=200).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_graphic())
}

fn digits(number: &str) -> String {
    number.trim_start_matches('+').to_owned()
}

fn facts(given: &Value, sender: &Sender) -> Vec<(&'static str, String)> {
    let context = given.get("context").unwrap_or(&Value::Null);
    let referral = given.get("referral").unwrap_or(&Value::Null);
    let is = |name: &str| match context.get(name).and_then(Value::as_bool) {
        Some(true) => "true".to_owned(),
        _ => String::new(),
    };
    let facts = [
        ("user_id", sender.id.clone()),
        ("username", sender.username.clone()),
        ("phone", sender.number.clone()),
        ("reply_to", text(context, "id")),
        ("forwarded", is("forwarded") + &is("frequently_forwarded")),
        // What was clicked on to write: rules know it by these names.
        ("referral", text(referral, "source_url")),
        ("referral_type", text(referral, "source_type")),
        ("referral_id", text(referral, "source_id")),
        ("referral_headline", text(referral, "headline")),
        ("ctwa_clid", text(referral, "ctwa_clid")),
    ];
    let facts = facts.into_iter().filter(|(_, it)| !it.is_empty());
    facts
        .map(|(name, value)| (name, value.chars().take(2_000).collect()))
        .collect()
}

fn shortened(kind: &str) -> String {
    let kind: String = kind.chars().filter(|c| !c.is_control()).collect();
    kind.chars().take(LONGEST_KIND).collect()
}

/// The first error of a list, as it names itself.
fn first_error(given: &Value) -> Option<String> {
    let error = list(given, "errors").first()?;
    let said = ["title", "message"].map(|name| text(error, name));
    said.into_iter().find(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nobody_is_taken_for_the_only_contact_that_is_somebody_else() {
        let given =
            json!({"from": "79990000007", "id": "wamid.1", "type": "text", "text": {"body": "hi"}});
        let bob = json!({"wa_id": "79990000008", "user_id": "RU.4444", "profile": {"name": "Bob"}});
        let told = read(&given, &[bob]).unwrap();
        assert_eq!(
            (&told.chat_ids[..], &told.sender[..]),
            (&["79990000007".to_owned()][..], "")
        );
        let hidden = json!({"user_id": "RU.4444", "profile": {"name": "Anna"}});
        let told = read(&given, &[hidden]).unwrap();
        assert_eq!(told.chat_ids, ["RU.4444", "79990000007"]);
    }
}
