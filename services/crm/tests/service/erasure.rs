//! A client has their data erased.

use api::crm::v1::{
    Address, CardKind, Contact, CreateFieldRequest, CreateTaskRequest, CreateUnsortedRecordRequest,
    Deal, Email, Field, FieldType, FieldValue, ListTimelineEntriesRequest, MergeContactsRequest,
    MergeSource, MessengerIdentity, Phone, Task, TimelineEntry, TimelineEntryKind, UnsortedRecord,
    UpdateContactRequest,
};
use api::erasure::internal::v1::{
    ChannelPerson, ErasePersonRequest, ErasePersonResponse, FindPersonRequest, Person, RemovedData,
    ScanPersonRequest, ValueDigest,
};
use api::error::v1::ErrorReason as R;
use testkit::Dump;
use uuid::Uuid;

use crate::world::{World, mask, reason};

const PHONE: &str = "+79161234567";
const OLD_PHONE: &str = "+74957654321";

/// What was planted; the digits of numbers are looked for as well.
const PLANTED: [&str; 10] = [
    "Алевтина Кузнецова",
    "Аля Кузнецова",
    PHONE,
    "9161234567",
    OLD_PHONE,
    "alevtina@example.com",
    "ул. Тайная, 17",
    "alya_k",
    "+79037770011",
    "Кузнецова А. (старая)",
];

fn phone(number: &str) -> Phone {
    Phone {
        number: number.to_owned(),
        label: "её мобильный".to_owned(),
    }
}

fn messenger() -> MessengerIdentity {
    MessengerIdentity {
        connector_key: "telegram".into(),
        external_id: "55501".into(),
        name: "alya_k".into(),
    }
}

fn client() -> Contact {
    Contact {
        name: "Аля Кузнецова".into(),
        phones: vec![phone(PHONE), phone(OLD_PHONE)],
        emails: vec![Email {
            address: "Alevtina@example.com".into(),
            label: String::new(),
        }],
        addresses: vec![Address {
            text: "Москва, ул. Тайная, 17".into(),
            label: String::new(),
        }],
        messengers: vec![messenger()],
        ..Contact::default()
    }
}

/// A client whose data stand in every place that crm has, and the deal.
async fn plant(world: &World) -> (Contact, Deal) {
    world.pipeline("Продажи", &[]).await;
    let field = Field {
        card_kind: CardKind::Contact.into(),
        r#type: FieldType::Text.into(),
        name: "Заметка".into(),
        ..Field::default()
    };
    let field = CreateFieldRequest {
        field: Some(field),
        request_id: String::new(),
    };
    let field = world.fields().create_field(world.admin.ask(field)).await;
    let field = field.expect("made").into_inner().field.expect("it");
    let mut contact = client();
    contact.field_values = vec![FieldValue {
        field_id: field.id,
        value: Some(api::crm::v1::field_value::Value::Text(format!(
            "звонить на {PHONE}"
        ))),
    }];
    let request = api::crm::v1::CreateContactRequest {
        contact: Some(contact),
        request_id: types::new_uuid().to_string(),
    };
    let made = world
        .contacts()
        .create_contact(world.admin.ask(request))
        .await;
    let mut contact = made.expect("made").into_inner().contact.expect("it");
    contact.name = "Алевтина Кузнецова".into();
    contact.phones = vec![phone(PHONE)];
    let update = UpdateContactRequest {
        contact: Some(contact.clone()),
        update_mask: mask(&["name", "phones"]),
    };
    world
        .contacts()
        .update_contact(world.admin.ask(update))
        .await
        .expect("updated");
    merge(world, &contact).await;
    let deal = Deal {
        name: "Шкаф: Алевтина Кузнецова".into(),
        main_contact_id: contact.id.clone(),
        ..Deal::default()
    };
    let deal = world.create_deal(&world.admin, deal).await.expect("made");
    let task = Task {
        text: "Позвонить 8 (916) 123-45-67, alevtina@example.com".into(),
        card_id: deal.id.clone(),
        due_time: Some(prost_types::Timestamp::default()),
        ..Task::default()
    };
    let task = CreateTaskRequest {
        task: Some(task),
        request_id: String::new(),
    };
    world
        .tasks()
        .create_task(world.admin.ask(task))
        .await
        .expect("made");
    let record = UnsortedRecord {
        title: "Заявка от Аля Кузнецова".into(),
        source_key: "site".into(),
        text: format!("перезвоните: {PHONE}"),
        phone: PHONE.into(),
        ..UnsortedRecord::default()
    };
    let record = CreateUnsortedRecordRequest {
        record: Some(record),
        request_id: String::new(),
    };
    world
        .unsorted()
        .create_unsorted_record(world.admin.ask(record))
        .await
        .expect("made");
    (contact, deal)
}

async fn merge(world: &World, contact: &Contact) {
    let old = Contact {
        name: "Кузнецова А. (старая)".into(),
        phones: vec![phone("+79037770011")],
        ..Contact::default()
    };
    let old = world.create_contact(&world.admin, old).await.expect("made");
    let request = MergeContactsRequest {
        target_contact_id: contact.id.clone(),
        sources: vec![MergeSource {
            contact_id: old.id,
            etag: String::new(),
        }],
        ..MergeContactsRequest::default()
    };
    world
        .contacts()
        .merge_contacts(world.admin.ask(request))
        .await
        .expect("merged");
}

fn account(world: &World) -> Vec<u8> {
    world.account.uuid().as_bytes().to_vec()
}

async fn find(world: &World) -> Person {
    let request = FindPersonRequest {
        account_id: account(world),
        phone: PHONE.into(),
        person: None,
    };
    let found = world
        .erasure()
        .find_person(world.service().ask(request))
        .await;
    found.expect("found").into_inner().person.expect("a person")
}

async fn erase(world: &World, person: &Person, erasure: Uuid, attempt: i32) -> ErasePersonResponse {
    loop {
        let request = ErasePersonRequest {
            account_id: account(world),
            erasure_id: erasure.as_bytes().to_vec(),
            attempt,
            person: Some(person.clone()),
        };
        let part = world
            .erasure()
            .erase_person(world.service().ask(request))
            .await;
        let part = part.expect("erased").into_inner();
        if part.done {
            return part;
        }
    }
}

/// Looks by digests, as it is done when the values are gone.
async fn scan(world: &World, person: &Person) -> Vec<RemovedData> {
    let salt = erasure::Salt::new(b"salt of the test");
    let whole = erasure::Person::from_wire(person.clone()).expect("a person");
    let digests: Vec<ValueDigest> = whole
        .values
        .iter()
        .filter_map(|value| erasure::Digest::of(value, &salt))
        .map(|digest| digest.to_wire())
        .collect();
    let request = ScanPersonRequest {
        account_id: account(world),
        person: Some(Person {
            values: Vec::new(),
            ..person.clone()
        }),
        salt: b"salt of the test".to_vec(),
        digests,
        token: String::new(),
    };
    let scanned = world
        .erasure()
        .scan_person(world.service().ask(request))
        .await;
    let scanned = scanned.expect("scanned").into_inner();
    assert_eq!(scanned.next_token, "");
    assert!(scanned.looked_at > 10, "{}", scanned.looked_at);
    scanned.found
}

/// Ids and links, which stay as they are.
async fn bones(world: &World) -> Vec<String> {
    let mut owner = world.db.owner().await;
    sqlx::query_scalar(
        "SELECT concat_ws(' ', card_id, kind, responsible_user_id, company_id, stage_id, delete_time) FROM crm.cards
          UNION ALL SELECT concat_ws(' ', card_id, contact_id, position) FROM crm.card_contacts
          UNION ALL SELECT concat_ws(' ', task_id, card_id, responsible_user_id) FROM crm.tasks
          UNION ALL SELECT concat_ws(' ', card_id, entry_id, kind, field) FROM crm.timeline WHERE author_id <> ''
          UNION ALL SELECT concat_ws(' ', record_id, state, source_key) FROM crm.unsorted
          UNION ALL SELECT concat_ws(' ', contact_id, version, merge -> 'sources') FROM crm.merges
          UNION ALL SELECT concat_ws(' ', shard, position, kind, aggregate_id) FROM crm.outbox WHERE position <= 7 ORDER BY 1",
    )
    .fetch_all(&mut owner)
    .await
    .expect("rows")
}

async fn timeline(world: &World, card: &str) -> Vec<TimelineEntry> {
    let request = ListTimelineEntriesRequest {
        card_id: card.to_owned(),
        ..ListTimelineEntriesRequest::default()
    };
    let listed = world
        .timeline()
        .list_timeline_entries(world.admin.ask(request))
        .await;
    listed.expect("listed").into_inner().entries
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_values_are_nowhere_and_cards_links_and_entries_stay() {
    let world = World::start().await;
    let (contact, deal) = plant(&world).await;
    let person = find(&world).await;
    assert_eq!(person.contact_ids.len(), 2, "the merged one too");
    testkit::wait_for("all events in Redis", async || {
        let dump = Dump::of(&world.db).await;
        let places = dump.places("Шкаф: Алевтина Кузнецова");
        places
            .iter()
            .any(|place| place.starts_with("redis"))
            .then_some(())
    })
    .await;
    let dump = Dump::of(&world.db).await;
    for planted in PLANTED {
        assert!(
            !dump.places(planted).is_empty(),
            "{planted} has to be found before"
        );
    }
    let before = bones(&world).await;
    assert!(!scan(&world, &person).await.is_empty());

    let done = erase(&world, &person, types::new_uuid(), 1).await;
    let places: Vec<_> = done.removed.iter().map(|it| &it.place[..]).collect();
    let expected = [
        "crm.card_values",
        "crm.cards",
        "crm.contact_points",
        "crm.contacts",
        "crm.idempotency_keys",
        "crm.merges",
        "crm.outbox",
        "crm.streams",
        "crm.tasks",
        "crm.timeline",
        "crm.unsorted",
    ];
    assert_eq!(places, expected);

    let dump = Dump::of(&world.db).await;
    for planted in PLANTED {
        assert_eq!(dump.places(planted), Vec::<&str>::new(), "{planted}");
    }
    assert_eq!(scan(&world, &person).await, []);
    assert_eq!(bones(&world).await, before);
    let erased = world
        .get_contact(&world.admin, &contact.id)
        .await
        .expect("there");
    assert_eq!(
        (&erased.name[..], erased.phones.len(), erased.emails.len()),
        ("", 0, 0)
    );
    assert_eq!(
        erased.messengers[0].external_id, "55501",
        "answers find their way"
    );
    let deal = world.get_deal(&world.admin, &deal.id).await.expect("there");
    assert_eq!(
        (&deal.name[..], &deal.main_contact_id),
        ("Шкаф: ***", &contact.id)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_of_the_erasure_and_not_of_what_was_there() {
    let world = World::start().await;
    let (contact, _) = plant(&world).await;
    let count = timeline(&world, &contact.id).await.len();
    let person = find(&world).await;
    let erasure = types::new_uuid();
    let first = erase(&world, &person, erasure, 1).await;
    // Again, and by two at once: it is done, and nothing is counted or told twice.
    let (second, third) = tokio::join!(
        erase(&world, &person, erasure, 1),
        erase(&world, &person, erasure, 1)
    );
    assert_eq!((&second, &third), (&first, &first));
    erase(&world, &person, erasure, 2).await;

    let entries = timeline(&world, &contact.id).await;
    let told: Vec<_> = entries
        .iter()
        .filter(|it| it.author_name == "Робот")
        .collect();
    let erased: Vec<_> = told
        .iter()
        .filter(|it| it.kind() == TimelineEntryKind::Erased)
        .collect();
    assert_eq!(erased.len(), 1);
    assert_eq!(
        erased[0].text,
        "Робот : Пользователь запросил удаление данных"
    );
    let fields: Vec<_> = told.iter().map(|it| &it.field[..]).collect();
    for field in ["name", "phones", "emails", "addresses", "messengers"] {
        assert!(fields.contains(&field), "{field}: {fields:?}");
    }
    assert_eq!(entries.len(), count + told.len(), "no entry is gone");
    for entry in &entries {
        let of_client = ["name", "phones", "emails", "addresses", "messengers"];
        if of_client.contains(&&entry.field[..]) {
            assert_eq!((&entry.before_json[..], &entry.after_json[..]), ("", ""));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_overlooked_is_found_by_its_digest() {
    let world = World::start().await;
    plant(&world).await;
    let person = find(&world).await;
    erase(&world, &person, types::new_uuid(), 1).await;
    assert_eq!(scan(&world, &person).await, []);
    let mut owner = world.db.owner().await;
    sqlx::query("UPDATE crm.tasks SET text = 'набрать 916-123-45-67'")
        .execute(&mut owner)
        .await
        .expect("planted");
    let found = scan(&world, &person).await;
    let places: Vec<_> = found.iter().map(|it| (&it.place[..], it.count)).collect();
    assert_eq!(places, [("crm.tasks", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_with_the_same_name_lose_nothing() {
    let world = World::start().await;
    plant(&world).await;
    let namesake = world.contact(&world.admin, "Алевтина Кузнецова").await;
    let deal = Deal {
        name: "Стол: Алевтина Кузнецова".into(),
        main_contact_id: namesake.id.clone(),
        ..Deal::default()
    };
    let deal = world.create_deal(&world.admin, deal).await.expect("made");
    let person = find(&world).await;
    erase(&world, &person, types::new_uuid(), 1).await;
    let left = world
        .get_contact(&world.admin, &namesake.id)
        .await
        .expect("there");
    assert_eq!(left.name, "Алевтина Кузнецова");
    let left = world.get_deal(&world.admin, &deal.id).await.expect("there");
    assert_eq!(left.name, deal.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_services_erase_and_only_what_the_account_has() {
    let world = World::start().await;
    plant(&world).await;
    let request = FindPersonRequest {
        account_id: account(&world),
        phone: PHONE.into(),
        person: None,
    };
    let asked = world
        .erasure()
        .find_person(world.admin.ask(request.clone()))
        .await;
    assert_eq!(reason(&asked.expect_err("refused")), R::PermissionMissing);
    let foreign = FindPersonRequest {
        account_id: types::new_uuid().as_bytes().to_vec(),
        ..request
    };
    let asked = world
        .erasure()
        .find_person(world.service().ask(foreign))
        .await;
    let person = asked.expect("asked").into_inner().person.expect("a person");
    assert_eq!(person, Person::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_that_a_channel_knows_as_the_same_person_is_theirs() {
    let world = World::start().await;
    let of = |name: &str, external_id: &str| Contact {
        name: name.into(),
        messengers: vec![MessengerIdentity {
            connector_key: "onlinechat".into(),
            external_id: external_id.into(),
            name: String::new(),
        }],
        ..Contact::default()
    };
    let mut ids = Vec::new();
    for (name, visitor) in [("Зинаида Ёлкина", "vis_1"), ("Пётр", "vis_2")] {
        let made = world.create_contact(&world.admin, of(name, visitor)).await;
        ids.push(
            made.expect("made")
                .id
                .parse::<types::ContactId>()
                .expect("an id"),
        );
    }
    let known = Person {
        channels: vec![ChannelPerson {
            connector_key: "onlinechat".into(),
            external_id: "vis_1".into(),
        }],
        ..Person::default()
    };
    let request = FindPersonRequest {
        account_id: account(&world),
        phone: PHONE.into(),
        person: Some(known),
    };
    let found = world
        .erasure()
        .find_person(world.service().ask(request))
        .await;
    let found = found.expect("found").into_inner().person.expect("a person");
    assert_eq!(found.contact_ids, [ids[0].uuid().as_bytes().to_vec()]);
    let names: Vec<_> = found.values.iter().map(|value| &value.text[..]).collect();
    assert_eq!(names, ["Зинаида Ёлкина"]);
}
