//! The list of ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::base32;

/// A text that is not an id of the expected kind, or of one of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct InvalidId {
    /// The prefixes of which one was expected.
    pub prefixes: &'static [&'static str],
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of the form ")?;
        for (place, prefix) in self.prefixes.iter().enumerate() {
            let joint = match place {
                0 => "",
                last if last + 1 == self.prefixes.len() => " or ",
                _ => ", ",
            };
            write!(f, "{joint}\"{prefix}_…\"")?;
        }
        Ok(())
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id; later ones sort after earlier ones.
            #[must_use]
            pub fn generate() -> Self {
                Self(new_uuid())
            }

            /// As the database keeps it.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let letters = base32::encode(self.0.as_u128());
                f.write_str(concat!($prefix, "_"))?;
                letters.iter().try_for_each(|letter| fmt::Write::write_char(f, char::from(*letter)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(base32::decode)
                    .map(|value| Self(Uuid::from_u128(value)))
                    .ok_or(InvalidId { prefixes: &[$prefix] })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A company that uses Beseda.
    AccountId = "acc";
    /// A key of a backend program.
    ApiKeyId = "key";
    /// A file of a message.
    AttachmentId = "att";
    /// An entry of the audit log.
    AuditEntryId = "aud";
    /// An account's cabinet for its clients.
    CabinetId = "cab";
    /// A client who has a cabinet.
    CabinetClientId = "ccl";
    /// The line to one client in one connection.
    ChatId = "chat";
    /// A company in the CRM.
    CompanyId = "com";
    /// One line of a channel.
    ConnectionId = "cxn";
    /// A person in the CRM.
    ContactId = "con";
    /// One request of a client.
    ConversationId = "conv";
    /// A customer: a card of repeated sales.
    CustomerId = "cust";
    /// A deal.
    DealId = "deal";
    /// A message on its way to a channel.
    DeliveryId = "dlv";
    /// The erasure of a client's data.
    ErasureId = "ers";
    /// A custom field of cards.
    FieldId = "fld";
    /// A saved filter of the imBox.
    FilterId = "flt";
    /// A department.
    GroupId = "grp";
    /// The rules by which requests reach a CRM.
    IntegrationId = "int";
    /// A message.
    MessageId = "msg";
    /// An online chat.
    OnlineChatId = "och";
    /// A pipeline of deals.
    PipelineId = "pip";
    /// An event of a channel that was refused and is kept.
    QuarantinedEventId = "qua";
    /// A portal of an external CRM.
    PortalId = "por";
    /// What rules did about one message.
    RunId = "run";
    /// An employee's session.
    SessionId = "ses";
    /// An SMS on its way to a client.
    SmsMessageId = "sms";
    /// A provider of SMS that an account uses.
    SmsProviderId = "smp";
    /// A stage of a pipeline.
    StageId = "stg";
    /// A tag.
    TagId = "tag";
    /// A task.
    TaskId = "task";
    /// An entry of a card's timeline.
    TimelineEntryId = "tle";
    /// A new lead that nobody has accepted yet.
    UnsortedId = "uns";
    /// An employee.
    UserId = "user";
    /// A visitor of an online chat.
    VisitorId = "vis";
}

/// The one place where UUIDs are made.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
pub fn new_uuid() -> Uuid {
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_and_json() {
        let id = ConversationId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).expect("JSON");
        assert_eq!(
            serde_json::from_str::<ConversationId>(&json).expect("an id"),
            id
        );
    }

    #[test]
    fn every_form_that_would_do_is_named() {
        let told = |prefixes| InvalidId { prefixes }.to_string();
        assert_eq!(told(&["conv"]), "not an id of the form \"conv_…\"");
        assert_eq!(
            told(&["con", "com", "deal"]),
            "not an id of the form \"con_…\", \"com_…\" or \"deal_…\""
        );
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let chat = ChatId::generate().to_string();
        assert_eq!(
            chat.parse::<ConversationId>(),
            Err(InvalidId {
                prefixes: &["conv"]
            })
        );
    }
}
