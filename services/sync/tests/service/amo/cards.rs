//! What requests become in a portal.

use api::sync::v1::{
    FieldCard, FieldPair, ListRunsRequest, RequestTag, RunState, TaskAssignment, TaskSettings,
    TransferMethod,
};
use serde_json::{Value, json};

use super::office::{Office, Says, hello};

fn task_settings() -> TaskSettings {
    TaskSettings {
        term: Some(prost_types::Duration {
            seconds: 3_600,
            nanos: 0,
        }),
        assignment: TaskAssignment::FromContact.into(),
    }
}

/// The text of a field of a card.
fn field(card: &Value, id: i64) -> Value {
    let fields = card["custom_fields_values"].as_array().expect("fields");
    let field = fields.iter().find(|field| field["field_id"] == id);
    field.expect("the field")["values"][0]["value"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_request_becomes_contact_deal_note_and_task() {
    let (office, _) = Office::with(|draft| {
        draft.tasks = Some(task_settings());
        draft.tags = vec![RequestTag::Channel.into(), RequestTag::Campaign.into()];
        let pair = |card: FieldCard, field_id: &str, parameter: &str| FieldPair {
            card: card.into(),
            field_id: field_id.into(),
            parameter: parameter.into(),
        };
        draft.fields = vec![
            pair(FieldCard::Contact, "13", "external_id"),
            pair(FieldCard::Deal, "21", "utm_campaign"),
        ];
    })
    .await;
    let says = Says {
        phone: "+7 916 123-45-67",
        ..hello("ivan")
    };
    office.write(&says).await;
    let runs = office.settled(1).await;
    assert_eq!(runs[0].state(), RunState::Done, "{runs:#?}");
    assert_eq!(office.made(), [1, 1, 1, 1]);
    {
        let state = office.fake.state();
        let contact = state.contacts.values().next().expect("a contact");
        let lead = state.leads.values().next().expect("a deal");
        let task = state.tasks.values().next().expect("a task");
        assert_eq!(
            (&contact["name"], &contact["responsible_user_id"]),
            (&json!("Иван"), &json!(501))
        );
        assert_eq!(field(contact, 11), "+7 916 123-45-67");
        assert_eq!(field(contact, 13), "ivan");
        assert_eq!(field(lead, 21), "spring");
        // The first pipeline by its place, and its first stage behind that of unsorted records (SYN-29).
        assert_eq!(
            (&lead["pipeline_id"], &lead["status_id"]),
            (&json!(1), &json!(11))
        );
        for card in [contact, lead] {
            let tags = card["_embedded"]["tags"].as_array().expect("tags");
            let names: Vec<_> = tags.iter().map(|tag| tag["name"].clone()).collect();
            assert_eq!(names, ["telegram", "spring"]);
        }
        assert_eq!(
            (&task["entity_id"], &task["responsible_user_id"]),
            (&lead["id"], &json!(501))
        );
        let notes = &state.notes[&lead["id"].as_i64().expect("an id")];
        let text = notes[0]["params"]["text"].as_str().expect("a text");
        assert!(text.contains("Сколько стоит?"), "{text}");
    }
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_found_by_number_when_its_request_is_gone() {
    let (office, _) = Office::with(|_| ()).await;
    for client in ["ivan", "anna"] {
        office.write(&hello(client)).await;
    }
    office.settled(2).await;
    let gone = sqlx::query("DELETE FROM sync.requests");
    let mut owner = office.owner.lock().await;
    gone.execute(&mut *owner).await.expect("gone");
    let asked = ListRunsRequest {
        conversation: "2".into(),
        ..ListRunsRequest::default()
    };
    let found = office
        .run_service()
        .await
        .list_runs(office.ask(asked))
        .await;
    let found = found.expect("found").into_inner().runs;
    let numbers: Vec<i64> = found.iter().map(|run| run.conversation_number).collect();
    assert_eq!(numbers, [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_becomes_a_deal_only_where_none_is_open() {
    let (office, _) = Office::with(|_| ()).await;
    let first = office.write(&hello("ivan")).await;
    office.settled(1).await;
    // The conversation goes on: nothing new. A new one of the same client: their open deal.
    office
        .write(&Says {
            conversation: Some(first),
            occasion: 3,
            ..hello("ivan")
        })
        .await;
    office.write(&hello("ivan")).await;
    office.settled(2).await;
    assert_eq!(office.made(), [1, 1, 2, 0]);
    // The deal is won: the next request is a new one, of the same contact.
    for lead in office.fake.state().leads.values_mut() {
        lead["status_id"] = json!(142);
    }
    office.write(&hello("ivan")).await;
    office.settled(3).await;
    assert_eq!(office.made(), [1, 2, 3, 0]);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whom_the_portal_knows_by_telephone_is_no_new_contact() {
    let (office, _) = Office::with(|_| ()).await;
    let known = json!({
        "id": 7, "name": "Иван Петров", "responsible_user_id": 502,
        "custom_fields_values": [{"field_id": 11, "field_code": "PHONE", "values": [{"value": "9161234567 #1"}]}],
        "_embedded": {"leads": []},
    });
    let mut same = known.clone();
    same["id"] = json!(8);
    same["custom_fields_values"][0]["values"][0]["value"] = json!("9161234567");
    office.fake.state().contacts.extend([(7, known), (8, same)]);
    let says = Says {
        phone: "+79161234567",
        ..hello("ivan")
    };
    office.write(&says).await;
    office.settled(1).await;
    assert_eq!(office.made(), [2, 1, 1, 0]);
    let lead = office.fake.state().leads.values().next().cloned();
    let lead = lead.expect("a deal");
    assert_eq!(
        lead["_embedded"]["contacts"][0]["id"], 8,
        "the one whose number it is"
    );
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_task_is_open_none_is_made() {
    let (office, _) = Office::with(|draft| draft.tasks = Some(task_settings())).await;
    let conversation = office.write(&hello("ivan")).await;
    let again = Says {
        conversation: Some(conversation),
        occasion: 3,
        ..hello("ivan")
    };
    office.write(&again).await;
    office.settled(1).await;
    assert_eq!(office.made(), [1, 1, 1, 1]);
    for task in office.fake.state().tasks.values_mut() {
        task["is_completed"] = json!(true);
    }
    office.write(&again).await;
    office.settled(2).await;
    assert_eq!(
        office.made(),
        [1, 1, 1, 2],
        "closed: the next message makes one"
    );
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn unsorted_records_come_with_new_and_closed_chats_and_their_task_once_accepted() {
    let (office, _) = Office::with(|draft| {
        draft.method = TransferMethod::UseUnsorted.into();
        draft.tasks = Some(task_settings());
    })
    .await;
    let conversation = office.write(&hello("ivan")).await;
    let in_it = |occasion: i16| Says {
        conversation: Some(conversation),
        occasion,
        ..hello("ivan")
    };
    office.write(&in_it(3)).await;
    office.settled(1).await;
    assert_eq!(office.fake.state().unsorted.len(), 1);
    assert_eq!(office.made(), [0; 4]);
    office.write(&in_it(2)).await;
    office.settled(2).await;
    assert_eq!(
        office.fake.state().unsorted.len(),
        2,
        "the chat was closed (SYN-10)"
    );
    let uids: Vec<String> = office.fake.state().unsorted.keys().cloned().collect();
    office.fake.state().accept(uids.last().expect("a record"));
    office.write(&in_it(3)).await;
    office.settled(3).await;
    assert_eq!(
        office.made(),
        [1, 1, 1, 1],
        "accepted: note and task in its deal (A-35)"
    );
    office.fake.assert_nothing_wrong();
}
