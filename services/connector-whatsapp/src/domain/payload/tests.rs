//! Payloads as WhatsApp brings them, and as it might.

use super::*;
use crate::domain::message::FileKind;
use proptest::prelude::*;
use serde_json::json;

/// A payload with these messages and statuses of one number.
fn payload(value: &Value) -> Value {
    let mut whole = json!({"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"profile": {"name": "Анна", "username": "anna"}, "wa_id": "79991234567", "user_id": "RU.13491208655302741918"}]});
    let fields = value.as_object().cloned().unwrap_or_default();
    whole.as_object_mut().unwrap().extend(fields);
    json!({"object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": whole}]}]})
}

fn message(more: &Value) -> Value {
    let mut message = json!({"from": "79991234567", "id": "wamid.A", "timestamp": "1800000000"});
    let fields = more.as_object().cloned().unwrap_or_default();
    message.as_object_mut().unwrap().extend(fields);
    message
}

fn told(more: &Value) -> Told {
    let news = read(&payload(&json!({"messages": [message(more)]})));
    match &news[..] {
        [
            News {
                what: What::Told(told),
                ..
            },
        ] => (**told).clone(),
        other => panic!("one message: {other:?}"),
    }
}

/// Text, word for what is not known, kind of the file.
fn content(more: &Value) -> (String, String, Option<FileKind>) {
    let content = told(more).content;
    let file = content.file.map(|file| file.kind);
    (content.text, content.unknown, file)
}

#[test]
fn a_message_says_who_when_and_in_which_chat() {
    let said = told(
        &json!({"type": "text", "text": {"body": "hello"}, "context": {"id": "wamid.B", "forwarded": true}}),
    );
    assert_eq!(said.event_id, "wamid.A");
    assert_eq!(said.chat_ids, ["RU.13491208655302741918", "79991234567"]);
    assert_eq!(
        (said.time, &said.sender[..], said.is_group),
        (1_800_000_000, "Анна", false)
    );
    assert_eq!(said.content.text, "hello");
    for fact in [
        ("username", "anna"),
        ("phone", "79991234567"),
        ("reply_to", "wamid.B"),
        ("forwarded", "true"),
    ] {
        assert!(
            said.facts.contains(&(fact.0, fact.1.to_owned())),
            "{fact:?}"
        );
    }
}

#[test]
fn whoever_hides_their_number_is_known_by_their_own_id() {
    let value = json!({"contacts": [{"profile": {"username": "anna"}, "user_id": "RU.1"}],
        "messages": [{"from_user_id": "RU.1", "id": "wamid.A", "type": "text", "text": {"body": "hi"}}]});
    let news = read(&payload(&value));
    let What::Told(told) = &news[0].what else {
        panic!("a message")
    };
    assert_eq!(told.chat_ids, ["RU.1"]);
}

#[test]
fn every_kind_is_told() {
    let image = json!({"id": "1", "mime_type": "image/jpeg", "caption": "look"});
    let (text, none) = (|it: &str| it.to_owned(), String::new());
    let table = [
        (
            json!({"type": "image", "image": image}),
            (text("look"), none.clone(), Some(FileKind::Shown)),
        ),
        (
            json!({"type": "audio", "audio": {"id": "1", "voice": true}}),
            (none.clone(), none.clone(), Some(FileKind::Voice)),
        ),
        (
            json!({"type": "document", "document": {"id": "1", "filename": "a.pdf"}}),
            (none.clone(), none.clone(), Some(FileKind::Document)),
        ),
        (
            json!({"type": "sticker", "sticker": {"id": "1"}}),
            (none.clone(), none.clone(), Some(FileKind::Sticker)),
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Да"}}}),
            (text("Да"), none.clone(), None),
        ),
        (
            json!({"type": "interactive"}),
            (none.clone(), text("interactive"), None),
        ),
        (
            json!({"type": "button", "button": {"payload": "x", "text": "Да"}}),
            (text("Да"), none.clone(), None),
        ),
        (
            json!({"type": "reaction", "reaction": {"message_id": "wamid.B", "emoji": "👍"}}),
            (text("👍"), none.clone(), None),
        ),
        (
            json!({"type": "reaction", "reaction": {"message_id": "wamid.B"}}),
            (none.clone(), text("has taken back a reaction"), None),
        ),
        (
            json!({"type": "revoke", "revoke": {"original_message_id": "wamid.B"}}),
            (none.clone(), text("has deleted a message"), None),
        ),
        (
            json!({"type": "edit", "edit": {"original_message_id": "wamid.B", "message": {"type": "text", "text": {"body": "new"}}}}),
            (text("✏️ new"), none.clone(), None),
        ),
        (
            json!({"type": "system", "system": {"type": "user_changed_number", "body": "changed to 7"}}),
            (text("changed to 7"), none.clone(), None),
        ),
        (
            json!({"type": "unsupported", "errors": [{"code": 131_051, "title": "Message type unknown"}]}),
            (none.clone(), text("Message type unknown"), None),
        ),
        (
            json!({"type": "request_welcome"}),
            (none.clone(), text("request welcome"), None),
        ),
        (
            json!({"type": "hologram_2031", "hologram_2031": {"x": 1}}),
            (none.clone(), text("hologram 2031"), None),
        ),
        (json!({"type": 7}), (none.clone(), text("7"), None)),
        (
            json!({"type": "text", "text": {"body": 5}}),
            (text("5"), none.clone(), None),
        ),
        (json!({"type": "text"}), (none.clone(), text("text"), None)),
    ];
    for (given, expected) in table {
        assert_eq!(content(&given), expected, "{given}");
    }
    let place = content(&json!({"type": "location", "location": {"latitude": 55.75, "longitude": 37.5, "name": "Office"}})).0;
    assert!(place.starts_with("Office\n📍 55.75, 37.5"), "{place}");
    let card = content(&json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Иван"}, "phones": [{"phone": "+7 999"}]}]})).0;
    assert_eq!(card, "👤 Иван +7 999");
}

#[test]
fn every_element_of_every_entry_is_read_and_a_broken_one_costs_no_other() {
    let good = json!({"from": "1", "id": "wamid.1", "type": "text", "text": {"body": "a"}});
    let value = json!({"messages": [null, 5, {"id": ""}, good, {"id": "wamid.2"}],
        "statuses": [{"id": "wamid.3", "status": "delivered", "biz_opaque_callback_data": "dlv_1"}, {"status": "read"}, "x",
            {"id": "wamid.4", "status": "failed", "errors": [{"code": 131_047, "error_data": {"details": "late"}}]}],
        "errors": [{"code": 130_429, "title": "slow down"}]});
    let mut whole = payload(&value);
    let second =
        payload(&json!({"messages": [message(&json!({"type": "text", "text": {"body": "b"}}))]}));
    whole["entry"]
        .as_array_mut()
        .unwrap()
        .push(json!("nonsense"));
    whole["entry"]
        .as_array_mut()
        .unwrap()
        .push(second["entry"][0].clone());
    whole["entry"].as_array_mut().unwrap().push(
        json!({"id": "9", "changes": [{"field": "message_template_status_update", "value": {"event": "PAUSED"}}, {"field": "new_field", "value": {}}]}),
    );
    let news = read(&whole);
    // The message without an id of its own, from the only contact, is told as empty.
    let kinds: Vec<&str> = news
        .iter()
        .map(|it| match &it.what {
            What::Told(told) => &told.event_id[..],
            What::Status(status) => &status.message,
            What::Trouble(_) => "trouble",
            What::Changed { account } => account,
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "wamid.1", "wamid.2", "wamid.3", "wamid.4", "trouble", "wamid.A", "9"
        ]
    );
    let What::Status(failed) = &news[3].what else {
        panic!("a status")
    };
    let late = Stage::Failed {
        code: 131_047,
        details: "late".to_owned(),
    };
    assert_eq!(failed.stage, late);
}

/// Payloads with all kinds of messages, from which others are made.
fn seeds() -> Vec<Value> {
    vec![
        payload(
            &json!({"messages": [message(&json!({"type": "text", "text": {"body": "hello"}}))]}),
        ),
        payload(
            &json!({"messages": [message(&json!({"type": "order", "order": {"catalog_id": "1", "text": "x",
            "product_items": [{"product_retailer_id": "SKU", "quantity": 3, "item_price": 30.5, "currency": "ILS"}]}}))]}),
        ),
        payload(
            &json!({"messages": [message(&json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "И"}, "phones": [{"phone": "1"}]}]}))]}),
        ),
        payload(
            &json!({"messages": [message(&json!({"type": "interactive", "interactive": {"nfm_reply": {"response_json": "{}"}}}))]}),
        ),
        payload(
            &json!({"statuses": [{"id": "wamid.3", "status": "failed", "errors": [{"code": 131_047}]}], "errors": [{"code": 1}]}),
        ),
    ]
}

/// Something else in the place of a part of a payload.
fn changed(value: &mut Value, path: &[usize], with: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = with.clone();
        return;
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            let place = first % items.len();
            changed(&mut items[place], rest, with);
        }
        Value::Object(fields) if !fields.is_empty() => {
            let place = first % fields.len();
            if let Some(field) = fields.values_mut().nth(place) {
                changed(field, rest, with);
            }
        }
        other => *other = with.clone(),
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|it| json!(it)),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,12}", inner, 0..4)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever comes is read, and what is told fits the hub's contract.
    #[test]
    fn no_payload_breaks_the_reader(seed in 0usize..5, path in prop::collection::vec(0usize..8, 0..9), with in anything()) {
        let mut value = seeds()[seed].clone();
        changed(&mut value, &path, &with);
        for news in read(&value) {
            if let What::Told(told) = news.what {
                prop_assert!(!told.event_id.is_empty());
                prop_assert!((1..=2).contains(&told.chat_ids.len()));
                prop_assert!(told.content.unknown.chars().count() <= 100);
                prop_assert!(told.facts.len() <= 30);
                let content = &told.content;
                prop_assert!(!content.text.trim().is_empty() || !content.unknown.is_empty() || content.file.is_some() || content.cart.is_some());
            }
        }
    }

    /// A part that is broken costs nothing of its neighbours.
    #[test]
    fn a_broken_neighbour_costs_nothing(path in prop::collection::vec(0usize..8, 1..4), with in anything()) {
        let mut broken = message(&json!({"id": "wamid.X", "type": "order", "order": {"product_items": []}}));
        changed(&mut broken, &path, &with);
        let good = message(&json!({"type": "text", "text": {"body": "hello"}}));
        let news = read(&payload(&json!({"messages": [broken, good]})));
        let is_good = |it: &News| matches!(&it.what, What::Told(told) if told.event_id == "wamid.A" && told.content.text == "hello");
        prop_assert!(news.iter().any(is_good));
    }
}
