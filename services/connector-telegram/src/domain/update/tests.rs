use proptest::prelude::*;
use serde_json::json;

use super::*;

fn update(kind: &str, value: Value) -> Value {
    let fields = [("update_id".to_owned(), json!(7)), (kind.to_owned(), value)];
    Value::Object(fields.into_iter().collect())
}

/// A message of Anna's in her own chat, with more fields.
fn of_anna(more: Value) -> Value {
    let mut message = json!({"message_id": 5, "date": 1_800_000_000, "chat": {"id": 42, "type": "private", "first_name": "Anna"},
        "from": {"id": 42, "is_bot": false, "first_name": "Anna", "last_name": "Ли", "username": "anna", "language_code": "ru"}});
    let Value::Object(more) = more else {
        panic!("fields are an object")
    };
    message.as_object_mut().unwrap().extend(more);
    message
}

fn told(more: Value) -> (String, String, Option<File>) {
    match read(&update("message", of_anna(more))).unwrap().what {
        What::Written {
            text,
            unknown,
            file,
        } => (text, unknown, file),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_says_who_wrote_what_where_and_when() {
    let told = read(&update("message", of_anna(json!({"text": "hello"})))).unwrap();
    assert_eq!((&told.event_id[..], told.chat), ("42:5", 42));
    assert_eq!((&told.sender[..], told.time), ("Anna Ли", 1_800_000_000));
    assert!(!told.is_group);
    let facts = [
        ("user_id", "42".to_owned()),
        ("username", "anna".to_owned()),
        ("language", "ru".to_owned()),
    ];
    assert_eq!(told.facts, facts);
}

#[test]
fn every_kind_of_contents_is_readable() {
    for (more, expected) in [
        (json!({"dice": {"emoji": "🎲", "value": 4}}), "🎲 4"),
        (
            json!({"contact": {"phone_number": "+79991234567", "first_name": "Ян"}}),
            "👤 Ян +79991234567",
        ),
        (
            json!({"poll": {"id": "1", "question": "When?", "options": [{"text": "now"}, {"text": "later"}]}}),
            "📊 When?\n– now\n– later",
        ),
        (
            json!({"location": {"latitude": 55.75, "longitude": 37.5}}),
            "📍 55.75, 37.5\nhttps://www.openstreetmap.org/?mlat=55.75&mlon=37.5",
        ),
    ] {
        assert_eq!(told(more), (expected.to_owned(), String::new(), None));
    }
    let place = json!({"latitude": 1.0, "longitude": 2.0});
    let venue = json!({"location": place, "venue": {"location": place, "title": "Cafe", "address": "Main street"}});
    assert!(told(venue).0.starts_with("Cafe\nMain street\n📍 1, 2"));
}

#[test]
fn the_largest_photo_and_every_other_file_is_found() {
    let photo = json!({"photo": [{"file_id": "small", "width": 90, "height": 90}, {"file_id": "large", "width": 800, "height": 600}],
        "caption": "look"});
    let (text, _, file) = told(photo);
    assert_eq!((&text[..], &file.unwrap().id[..]), ("look", "large"));
    for (name, kind) in [
        ("audio", FileKind::Shown),
        ("document", FileKind::Document),
        ("sticker", FileKind::Sticker),
        ("video", FileKind::Shown),
        ("video_note", FileKind::Shown),
        ("voice", FileKind::Voice),
    ] {
        let (_, unknown, file) = told(json!({name: {"file_id": "f", "duration": 3}}));
        let file = file.unwrap();
        assert_eq!(
            (file.kind, file.duration_ms, &unknown[..]),
            (kind, 3_000, "")
        );
    }
    let moving = json!({"animation": {"file_id": "a"}, "document": {"file_id": "d"}});
    assert_eq!(told(moving).2.unwrap().id, "a");
}

#[test]
fn what_is_not_known_is_named() {
    assert_eq!(told(json!({"giveaway": {"chats": []}})).1, "giveaway");
    assert_eq!(told(json!({"new_chat_members": []})).1, "new chat members");
    assert_eq!(told(json!({"quote": {"text": "x"}})).1, "empty");
    let new = json!({"chat": {"id": 42}, "user": {"id": 42, "first_name": "Anna"}, "date": 3});
    let told = read(&update("mood_changed", new)).unwrap();
    assert!(matches!(told.what, What::Written { unknown, .. } if unknown == "mood changed"));
    // Known, but not as it should be.
    let odd = json!({"chat": {"id": 42}, "text": 7});
    let told = read(&update("message", odd)).unwrap();
    assert!(matches!(told.what, What::Written { unknown, .. } if unknown == "message"));
    assert_eq!(read(&update("inline_query", json!({"id": "1"}))), None);
}

#[test]
fn edits_blocks_moves_and_answers_are_told_as_such() {
    let edited = update(
        "edited_message",
        of_anna(json!({"text": "new", "edit_date": 9})),
    );
    let edited = read(&edited).unwrap();
    assert_eq!(edited.event_id, "42:5:edit:9:7");
    let of = "42:5".to_owned();
    let text = "new".to_owned();
    assert_eq!(edited.what, What::Edited { of, text });

    for (status, reachable) in [("kicked", false), ("member", true)] {
        let member = json!({"chat": {"id": 42, "type": "private"}, "date": 3, "new_chat_member": {"status": status}});
        let told = read(&update("my_chat_member", member)).unwrap();
        assert_eq!(told.what, What::Reachable(reachable));
    }
    for (status, what) in [
        ("member", What::Joined),
        ("administrator", What::Joined),
        ("left", What::Reachable(false)),
    ] {
        let member = json!({"chat": {"id": -5, "type": "group"}, "date": 3, "new_chat_member": {"status": status}});
        assert_eq!(read(&update("my_chat_member", member)).unwrap().what, what);
    }

    let group = json!({"message_id": 1, "date": 3, "chat": {"id": -5, "type": "group", "title": "Fans"}, "migrate_to_chat_id": -1_005});
    let moved = read(&update("message", group)).unwrap();
    assert!(moved.is_group);
    assert_eq!(moved.what, What::Moved { to: -1_005 });
    let begins = json!({"message_id": 1, "date": 3, "chat": {"id": -1_005, "type": "supergroup"}, "migrate_from_chat_id": -5});
    let again = read(&update("message", begins)).unwrap();
    assert_eq!(
        (&again.event_id, again.chat, again.what),
        (&moved.event_id, -5, moved.what)
    );
    let renamed = json!({"message_id": 2, "date": 3, "chat": {"id": -5, "type": "group"}, "new_chat_title": "Friends"});
    let told = read(&update("message", renamed)).unwrap();
    assert_eq!(
        told.what,
        What::Renamed {
            title: "Friends".to_owned()
        }
    );

    let answer = of_anna(json!({"text": "yes", "reply_to_message": {"message_id": 3, "date": 1}}));
    let told = read(&update("message", answer)).unwrap();
    assert!(told.facts.contains(&("reply_to", "42:3".to_owned())));
    let referral = |text: &str| {
        let told = read(&update("message", of_anna(json!({"text": text})))).unwrap();
        let mut facts = told.facts.into_iter();
        facts.find(|(name, _)| *name == "referral").map(|it| it.1)
    };
    assert_eq!(referral("/start shop-7").as_deref(), Some("shop-7"));
    assert_eq!(referral("/start@our_bot shop-7").as_deref(), Some("shop-7"));
    for none in ["/start", "/started shop-7", "to /start shop-7"] {
        assert_eq!(referral(none), None);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9]{0,8}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("chat".to_owned()),
        Just("id".to_owned()),
        Just("message_id".to_owned()),
        Just("message".to_owned()),
        Just("text".to_owned()),
        Just("photo".to_owned()),
        "[a-z_]{1,12}",
    ];
    leaf.prop_recursive(4, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Updates as Telegram brings them.
fn seeds() -> Vec<Value> {
    let place = json!({"latitude": 55.75, "longitude": 37.5});
    let contents = [
        json!({"text": "hello 🎈", "entities": [{"type": "text_link", "offset": 0, "length": 5, "url": "https://example.com"}]}),
        json!({"photo": [{"file_id": "a", "width": 90, "height": 90, "file_size": 5}], "caption": "look", "media_group_id": "1"}),
        json!({"document": {"file_id": "d", "file_name": "a.pdf", "file_size": 30_000_000}}),
        json!({"voice": {"file_id": "v", "duration": 3, "mime_type": "audio/ogg"}}),
        json!({"location": place, "venue": {"location": place, "title": "Cafe", "address": "Main street"}}),
        json!({"contact": {"phone_number": "+79991234567", "first_name": "Ян"}}),
        json!({"poll": {"id": "1", "question": "When?", "options": [{"text": "now"}]}}),
        json!({"giveaway": {"chats": [{"id": 1}], "winner_count": 1}}),
        json!({"text": "yes", "reply_to_message": {"message_id": 3, "date": 1}, "quote": {"text": "x"}}),
    ];
    let mut seeds: Vec<Value> = contents
        .into_iter()
        .map(|more| update("message", of_anna(more)))
        .collect();
    let group = json!({"message_id": 1, "date": 3, "chat": {"id": -5, "type": "group", "title": "Fans"}, "migrate_to_chat_id": -1_005});
    let member = json!({"chat": {"id": 42, "type": "private"}, "date": 3, "new_chat_member": {"status": "kicked"}});
    seeds.extend([
        update(
            "edited_message",
            of_anna(json!({"text": "new", "edit_date": 9})),
        ),
        update("message", group),
        update("my_chat_member", member),
    ]);
    seeds
}

/// Puts something else at a place of a value.
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

proptest! {
    /// Updates of which any part is another than it should be are read, and what is told can be seen and fits the hub's contract.
    #[test]
    fn no_changed_update_breaks_the_reader(
        seed in 0usize..12, path in prop::collection::vec(0usize..12, 1..7), with in any_json()
    ) {
        let mut value = seeds()[seed].clone();
        changed(&mut value, &path, &with);
        let Some(told) = read(&value) else { return Ok(()) };
        prop_assert!((1..=200).contains(&told.event_id.len()));
        prop_assert!(told.facts.len() <= 30);
        if let What::Written { text, unknown, file } = told.what {
            prop_assert!(unknown.chars().count() <= 100, "{unknown}");
            prop_assert!(!text.trim().is_empty() || !unknown.is_empty() || file.is_some());
        }
    }

    /// Whatever new thing somebody sends, employees see that there is something.
    #[test]
    fn a_new_kind_of_contents_is_seen(kind in "new_kind_[a-z]{1,12}", contents in any_json()) {
        prop_assume!(!contents.is_null());
        let (text, unknown, file) = told(json!({kind: contents}));
        prop_assert_eq!((&text[..], file), ("", None));
        prop_assert!(!unknown.is_empty());
    }

    /// Nothing that Telegram could send brings the reader down, and what it tells fits the hub.
    #[test]
    fn whatever_comes_is_read_without_harm(value in any_json(), kind in prop::sample::select(KINDS.to_vec())) {
        if let Some(told) = read(&update(kind, value)) {
            prop_assert!(told.event_id.len() <= 200);
        }
    }
}
