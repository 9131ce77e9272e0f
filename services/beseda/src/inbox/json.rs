//! Messages as JSON, with the field names of the contracts.

use std::sync::LazyLock;

use anyhow::Context;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

static CONTRACTS: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(api::FILE_DESCRIPTOR_SET).ok());

/// A message of the package `beseda.conversations.v1`. Fields that are not set are left out, enums are their names,
/// times are RFC 3339.
pub fn text(name: &str, message: &impl Message) -> anyhow::Result<String> {
    text_of(&format!("beseda.conversations.v1.{name}"), message)
}

/// The same of a message of any package, by its full name.
pub fn text_of(full: &str, message: &impl Message) -> anyhow::Result<String> {
    let contracts = CONTRACTS
        .as_ref()
        .context("the contracts built into the program do not decode")?;
    let descriptor = contracts.get_message_by_name(full);
    let descriptor = descriptor.with_context(|| format!("the contracts know no {full}"))?;
    let message = DynamicMessage::decode(descriptor, &message.encode_to_vec()[..])?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false);
    let mut text = Vec::new();
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut text), &options)?;
    Ok(String::from_utf8(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::conversations::v1::{Conversation, ConversationLife};
    use prost_types::Timestamp;

    #[test]
    fn names_are_those_of_the_contracts() {
        let conversation = Conversation {
            number: 12,
            life: ConversationLife::Open.into(),
            create_time: Some(Timestamp {
                seconds: 0,
                nanos: 0,
            }),
            ..Conversation::default()
        };
        let json = text("Conversation", &conversation).unwrap();
        let expected =
            r#"{"number":12,"life":"CONVERSATION_LIFE_OPEN","create_time":"1970-01-01T00:00:00Z"}"#;
        assert_eq!(json, expected);
    }
}
