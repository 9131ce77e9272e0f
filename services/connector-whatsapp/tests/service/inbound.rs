//! What clients write.

use api::conversations::v1::{AttachmentKind, AttachmentState};
use serde_json::{Value, json};

use crate::cloud::{ANNA, ANNA_ID};
use crate::world::{World, payload};

const PIXEL: &[u8] = include_bytes!("pixel.png");

fn text(id: &str, body: &str) -> Value {
    json!({"from": ANNA, "from_user_id": ANNA_ID, "id": id, "timestamp": "1800000000", "type": "text", "text": {"body": body}})
}

#[tokio::test]
async fn every_element_of_a_call_is_stored_once_and_in_order() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let unknown = json!({"from": ANNA, "id": "wamid.3", "type": "hologram", "hologram": {}});
    let body = payload(
        &json!({"messages": [text("wamid.1", "one"), null, text("wamid.2", "two"), unknown]}),
    );
    let mut both = body.clone();
    let second = payload(&json!({"messages": [text("wamid.4", "four")]}));
    let entries = both["entry"].as_array_mut().expect("entries");
    entries.push(second["entry"][0].clone());
    for _ in 0..3 {
        assert_eq!(world.call(&connection, &both).await, 200);
    }
    // The same comes again in another order and in parts.
    assert_eq!(world.call(&connection, &second).await, 200);
    assert_eq!(world.call(&connection, &body).await, 200);
    let all = world.all_messages(4).await;
    assert_eq!(all.len(), 1, "one conversation");
    let said: Vec<(&str, &str)> = all[0]
        .iter()
        .map(|it| (&it.text[..], &it.unsupported_kind[..]))
        .collect();
    assert_eq!(
        said,
        [("one", ""), ("two", ""), ("", "hologram"), ("four", "")]
    );
}

#[tokio::test]
async fn a_client_stays_in_their_chat_when_they_hide_their_number() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let by_number = json!({"contacts": [{"wa_id": ANNA, "profile": {"name": "Anna"}}],
        "messages": [{"from": ANNA, "id": "wamid.1", "type": "text", "text": {"body": "one"}}]});
    let both = json!({"messages": [text("wamid.2", "two")]});
    let hidden = json!({"contacts": [{"user_id": ANNA_ID, "profile": {"username": "anna"}}],
        "messages": [{"from_user_id": ANNA_ID, "id": "wamid.3", "type": "text", "text": {"body": "three"}}]});
    for value in [by_number, both, hidden] {
        assert_eq!(world.call(&connection, &payload(&value)).await, 200);
    }
    let all = world.all_messages(3).await;
    let texts: Vec<Vec<&str>> = all
        .iter()
        .map(|it| it.iter().map(|it| &it.text[..]).collect())
        .collect();
    assert_eq!(texts, [["one", "two", "three"]]);
}

#[tokio::test]
async fn a_file_comes_also_when_its_address_runs_out() {
    let world = World::start().await;
    let connection = world.working_number().await;
    world.cloud.keep_file("777", PIXEL);
    world.cloud.expire(2);
    let image = json!({"type": "image", "image": {"id": "777", "mime_type": "image/png", "caption": "look"}});
    world.write(&connection, image).await;
    let gone = json!({"id": "wamid.A2", "type": "document", "document": {"id": "778", "filename": "a.pdf"}});
    world.write(&connection, gone).await;
    let messages = world.all_messages(2).await.remove(0);
    let file = &messages[0].attachments[0];
    assert_eq!(
        (&messages[0].text[..], file.kind(), file.state()),
        ("look", AttachmentKind::Image, AttachmentState::Ready)
    );
    assert_eq!(file.size, i64::try_from(PIXEL.len()).expect("small"));
    let lost = &messages[1].unsupported_kind;
    assert!(lost.starts_with("file"), "{lost}");
}

#[tokio::test]
async fn a_message_that_was_changed_or_deleted_changes_here() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let edit = |id: &str, said: &str| {
        let inner = json!({"type": "text", "text": {"body": said}});
        json!({"from": ANNA, "from_user_id": ANNA_ID, "id": id, "type": "edit",
            "edit": {"original_message_id": "wamid.1", "message": inner}})
    };
    let revoke = json!({"from": ANNA, "from_user_id": ANNA_ID, "id": "wamid.5", "type": "revoke",
        "revoke": {"original_message_id": "wamid.2"}});
    let told = [
        text("wamid.1", "at five"),
        text("wamid.2", "my card is 4111"),
        edit("wamid.4", "at six"),
        revoke,
    ];
    for message in told {
        let call = payload(&json!({"messages": [message]}));
        assert_eq!(world.call(&connection, &call).await, 200);
    }
    let all = world.all_messages(2).await;
    let texts: Vec<&str> = all[0].iter().map(|it| &it.text[..]).collect();
    assert_eq!(texts, ["at six", ""], "one changed, one deleted");
}

#[tokio::test]
async fn a_file_that_does_not_come_holds_up_its_own_chat_and_no_other() {
    let world = World::start().await;
    let connection = world.working_number().await;
    world.cloud.keep_file("777", PIXEL);
    world.cloud.withhold("777", true);
    let image = json!({"from": ANNA, "from_user_id": ANNA_ID, "id": "wamid.1", "timestamp": "1800000000",
        "type": "image", "image": {"id": "777", "mime_type": "image/png", "caption": "look"}});
    let other =
        json!({"from": "79995556677", "id": "wamid.3", "type": "text", "text": {"body": "hello"}});
    let contacts = json!([{"wa_id": ANNA, "user_id": ANNA_ID}, {"wa_id": "79995556677", "profile": {"name": "Boris"}}]);
    let messages = json!([image, text("wamid.2", "and this"), other]);
    let body = payload(&json!({"contacts": contacts, "messages": messages}));
    // WhatsApp hangs up before there is an answer; what can be stored is.
    tokio::select! {
        status = world.call(&connection, &body) => panic!("answered {status} before it is stored"),
        all = world.all_messages(1) => assert_eq!(all[0][0].text, "hello"),
    }
    let later = payload(&json!({"messages": [text("wamid.4", "and that")]}));
    // It calls again, and is answered when everything is stored.
    let calls = async {
        tokio::join!(
            world.call(&connection, &body),
            world.call(&connection, &later)
        )
    };
    let (statuses, ()) = tokio::join!(calls, async { world.cloud.withhold("777", false) });
    assert_eq!(statuses, (200, 200));
    for again in [&later, &body] {
        assert_eq!(world.call(&connection, again).await, 200);
    }
    let mut all = world.all_messages(4).await;
    all.sort_by_key(Vec::len);
    let texts: Vec<Vec<&str>> = all
        .iter()
        .map(|it| it.iter().map(|it| &it.text[..]).collect())
        .collect();
    assert_eq!(texts, [vec!["hello"], vec!["look", "and this", "and that"]]);
    assert_eq!(all[1][0].attachments.len(), 1);
    assert_eq!(world.cloud.asked(), 1);
}

#[tokio::test]
async fn a_basket_comes_with_exact_prices() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let order = json!({"type": "order", "order": {"catalog_id": "1", "text": "soon", "product_items": [
        {"product_retailer_id": "SKU-1", "quantity": 3, "item_price": 19.99, "currency": "ILS"},
        {"product_retailer_id": "SKU-2", "quantity": 1, "item_price": "0.1", "currency": "ILS"}]}});
    world.write(&connection, order).await;
    let messages = world.all_messages(1).await.remove(0);
    let cart = messages[0].cart.clone().expect("a basket");
    assert_eq!((cart.items.len(), &cart.note[..]), (2, "soon"));
    let total = cart.total.expect("a total");
    assert_eq!((total.units, total.nanos), (60, 70_000_000));
}
