//! A client has their data erased.

use std::time::{Duration, Instant};

use api::connector::v1::incoming_media::Source;
use api::connector::v1::upload_media_request::Part;
use api::connector::v1::{
    ChannelEvent, IncomingMedia, IncomingMessage, ReportPictureRequest, UploadMediaHeader,
    UploadMediaRequest, channel_event::Event,
};
use api::conversations::v1::get_writability_request::Place;
use api::conversations::v1::{
    AttachmentFailure, AttachmentKind, AuthorKind, Connection, GetWritabilityRequest,
    SearchMessagesRequest, SendMessageRequest,
};
use api::crm::internal::v1::{CardChanged, CardKind};
use api::erasure::internal::v1::{
    ChannelPerson, ErasePersonRequest, ErasePersonResponse, FindPersonRequest, Person,
    PersonalValue, PersonalValueKind, RemovedData, ScanPersonRequest,
};
use prost::Message as _;
use testkit::{Dump, wait_for};
use types::{ContactId, UserId};
use uuid::Uuid;

use crate::world::{CONNECTOR, World, refusal, with};

const NAME: &str = "Аля Кузнецова";
const PHONE: &str = "+79161234567";
const EMAIL: &str = "alevtina@example.com";

/// What was planted, as it was and as it stands in the index.
const PLANTED: [&str; 6] = [
    NAME,
    "9161234567",
    EMAIL,
    "аля кузнецова",
    "alya_k",
    "alya_public",
];

fn account(world: &World) -> Vec<u8> {
    world.account.uuid().as_bytes().to_vec()
}

/// A message of the client, under a name.
fn says(world: &World, connection: &Connection, text: &str) -> ChannelEvent {
    ChannelEvent {
        event: Some(Event::Message(IncomingMessage {
            sender_name: "alya_k".to_owned(),
            text: text.to_owned(),
            facts: [("username".to_owned(), "alya_public".to_owned())].into(),
            ..IncomingMessage::default()
        })),
        ..world.message(connection, "55501", "")
    }
}

async fn publish(world: &World, events: Vec<ChannelEvent>) -> String {
    let results = world.publish(events).await.expect("published");
    assert_eq!(results[0].reason, "");
    results[0].conversation_id.clone()
}

/// The client sends their visiting card as a file.
async fn send_card(world: &World, connection: &Connection) {
    let header = UploadMediaHeader {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.id.clone(),
        external_chat_id: "55501".to_owned(),
        kind: AttachmentKind::Document.into(),
        file_name: format!("{NAME}.txt"),
        ..UploadMediaHeader::default()
    };
    let contents = format!("{NAME}\nTEL:{PHONE}\n");
    let parts = [Part::Header(header), Part::Chunk(contents.into_bytes())];
    let parts = parts.map(|part| UploadMediaRequest { part: Some(part) });
    let request = with(&world.connector, tokio_stream::iter(parts));
    let file = world.hub().upload_media(request).await.expect("uploaded");
    let id = file.into_inner().attachment.expect("a file").id;
    let media = IncomingMedia {
        kind: AttachmentKind::Document.into(),
        source: Some(Source::AttachmentId(id)),
        ..IncomingMedia::default()
    };
    let event = ChannelEvent {
        event: Some(Event::Message(IncomingMessage {
            media: vec![media],
            ..IncomingMessage::default()
        })),
        ..world.message(connection, "55501", "")
    };
    publish(world, vec![event]).await;
}

/// The client shows a picture, whose contents name them.
async fn show_picture(world: &World, connection: &Connection) {
    let header = UploadMediaHeader {
        file_name: String::new(),
        ..crate::attachments::header(connection, "55501")
    };
    let contents = [crate::attachments::PNG, NAME.as_bytes()].concat();
    let file = crate::attachments::upload_media(world, header, &contents).await;
    let request = ReportPictureRequest {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.id.clone(),
        external_chat_id: "55501".to_owned(),
        picture_id: "one".to_owned(),
        attachment_id: file.expect("uploaded").id,
    };
    let told = world
        .hub()
        .report_picture(with(&world.connector, request))
        .await;
    told.expect("kept");
}

/// A client whose data stand in every place that the service has; the conversation.
async fn plant(world: &World, contact: ContactId) -> String {
    let connection = world.connection().await;
    let conversation = publish(
        world,
        vec![
            says(world, &connection, "Здравствуйте"),
            says(world, &connection, "это Аля Кузнецова, 8 (916) 123-45-67"),
            says(world, &connection, "почта Alevtina@Example.com, жду"),
        ],
    )
    .await;
    send_card(world, &connection).await;
    show_picture(world, &connection).await;
    let endless = format!("{NAME} {}", "я".repeat(16_384));
    let refused = world
        .publish(vec![says(world, &connection, &endless)])
        .await;
    assert_ne!(refused.expect("kept")[0].quarantined_event_id, "");
    let request = SendMessageRequest {
        conversation_id: conversation.clone(),
        text: format!("Аля Кузнецова, запишу {PHONE}"),
        request_id: types::new_uuid().to_string(),
        ..SendMessageRequest::default()
    };
    let sent = world
        .conversations()
        .send_message(with(&world.admin, request))
        .await;
    sent.expect("sent");
    let card = CardChanged {
        account_id: account(world),
        kind: CardKind::Contact.into(),
        card_id: contact.uuid().as_bytes().to_vec(),
        version: 1,
        name: NAME.to_owned(),
        responsible_user_id: UserId::generate().uuid().as_bytes().to_vec(),
        ..CardChanged::default()
    };
    world
        .crm
        .tell(world.account, "crm.contact.changed", card.encode_to_vec());
    let link = api::conversations::v1::LinkConversationRequest {
        conversation_id: conversation.clone(),
        contact_id: contact.to_string(),
        card_id: String::new(),
    };
    wait_for("the contact has arrived", async || {
        let link = with(&world.admin, link.clone());
        world.conversations().link_conversation(link).await.ok()
    })
    .await;
    wait_for("the index and Redis have all", async || {
        let dump = Dump::of(&world.db).await;
        let mut places = dump.places(NAME);
        places.extend(dump.places("alya_public"));
        let has = |name: &str| places.iter().any(|place| place.starts_with(name));
        let wanted = [
            "conversations.search_messages",
            "conversations.search_chats",
            "conversations.chat_profiles",
            "redis",
        ];
        wanted.into_iter().all(has).then_some(())
    })
    .await;
    conversation
}

async fn whole_dump(world: &World) -> Dump {
    let mut dump = Dump::of(&world.db).await;
    dump.add_files(world.files());
    dump
}

/// What crm knows, and what this service adds.
async fn find(world: &World, contact: ContactId) -> Person {
    let value = |kind: PersonalValueKind, text: &str| PersonalValue {
        kind: kind.into(),
        text: text.to_owned(),
    };
    let mut person = Person {
        contact_ids: vec![contact.uuid().as_bytes().to_vec()],
        values: vec![
            value(PersonalValueKind::Name, NAME),
            value(PersonalValueKind::Phone, PHONE),
            value(PersonalValueKind::Email, EMAIL),
        ],
        ..Person::default()
    };
    let request = FindPersonRequest {
        account_id: account(world),
        phone: PHONE.into(),
        person: Some(person.clone()),
    };
    let found = world
        .erasure()
        .find_person(with(&world.connector, request))
        .await;
    let found = found.expect("found").into_inner().person.expect("a person");
    let known = ChannelPerson {
        connector_key: CONNECTOR.to_owned(),
        external_id: "55501".to_owned(),
    };
    assert_eq!(found.channels, [known]);
    person.channels = found.channels;
    person.values.extend(found.values);
    person
}

async fn erase(world: &World, person: &Person, erasure: Uuid) -> ErasePersonResponse {
    loop {
        let request = ErasePersonRequest {
            account_id: account(world),
            erasure_id: erasure.as_bytes().to_vec(),
            attempt: 1,
            person: Some(person.clone()),
        };
        let part = world
            .erasure()
            .erase_person(with(&world.connector, request))
            .await;
        let part = part.expect("erased").into_inner();
        if part.done {
            return part;
        }
    }
}

async fn scan(world: &World, person: &Person) -> Vec<RemovedData> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let request = ScanPersonRequest {
            account_id: account(world),
            person: Some(person.clone()),
            token,
            ..ScanPersonRequest::default()
        };
        let scanned = world
            .erasure()
            .scan_person(with(&world.connector, request))
            .await;
        let scanned = scanned.expect("scanned").into_inner();
        found.extend(scanned.found);
        token = scanned.next_token;
        if token.is_empty() {
            return found;
        }
    }
}

/// Ids, numbers and links, which stay as they are.
async fn bones(world: &World) -> Vec<String> {
    let mut owner = world.db.owner().await;
    sqlx::query_scalar(
        "SELECT concat_ws(' ', id, connection_id, external_id, contact_id) FROM conversations.chats
          UNION ALL SELECT concat_ws(' ', id, number, chat_id, contact_id, card_id, life, answer) FROM conversations.conversations
          UNION ALL SELECT concat_ws(' ', id, seq, conversation_id, author) FROM conversations.messages WHERE author <> 4
          UNION ALL SELECT concat_ws(' ', id, message_id) FROM conversations.attachments WHERE message_id IS NOT NULL
          UNION ALL SELECT concat_ws(' ', id, message_id) FROM conversations.deliveries
          UNION ALL SELECT concat_ws(' ', message_id, place) FROM conversations.search_messages WHERE folded NOT LIKE '%робот%' ORDER BY 1",
    )
    .fetch_all(&mut owner)
    .await
    .expect("rows")
}

async fn is_erased(world: &World, conversation: &str) -> bool {
    let request = GetWritabilityRequest {
        place: Some(Place::ConversationId(conversation.to_owned())),
    };
    let said = world
        .chats()
        .get_writability(with(&world.admin, request))
        .await;
    !said
        .expect("said")
        .into_inner()
        .writability
        .expect("it")
        .free_text
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_values_are_nowhere_and_messages_numbers_and_links_stay() {
    let world = World::start().await;
    let contact = ContactId::generate();
    let conversation = plant(&world, contact).await;
    let dump = whole_dump(&world).await;
    for planted in PLANTED {
        assert!(
            !dump.places(planted).is_empty(),
            "{planted} has to be found before"
        );
    }
    let person = find(&world, contact).await;
    let before = bones(&world).await;
    assert!(!scan(&world, &person).await.is_empty());
    let erasure = types::new_uuid();
    let done = erase(&world, &person, erasure).await;
    assert_eq!(
        erase(&world, &person, erasure).await,
        done,
        "again changes nothing"
    );
    let places: Vec<_> = done.removed.iter().map(|it| &it.place[..]).collect();
    for place in [
        "attachments",
        "cards",
        "chats",
        "conversations",
        "deliveries",
        "files",
        "idempotency_keys",
        "messages",
        "outbox",
        "pictures",
        "quarantined_events",
        "search_chats",
        "search_messages",
        "streams",
    ] {
        assert!(
            places.contains(&&format!("conversations.{place}")[..]),
            "{place}: {places:?}"
        );
    }
    wait_for("nothing is left", async || {
        let dump = whole_dump(&world).await;
        let left: Vec<_> = PLANTED
            .iter()
            .flat_map(|planted| dump.places(planted))
            .collect();
        left.is_empty().then_some(())
    })
    .await;
    assert_eq!(scan(&world, &person).await, []);
    assert_eq!(bones(&world).await, before);
    let messages = world.messages(&conversation).await;
    let texts: Vec<_> = messages.iter().map(|message| &message.text[..]).collect();
    assert_eq!(
        texts,
        [
            "Здравствуйте",
            "это ***, ***",
            "почта ***, жду",
            "",
            "***, запишу +***",
            "Робот : Пользователь запросил удаление данных",
        ]
    );
    let robot = messages
        .last()
        .expect("it")
        .author
        .clone()
        .expect("an author");
    assert_eq!(robot.kind(), AuthorKind::System);
    let file = &messages[3].attachments[0];
    assert_eq!(
        (file.failure(), &file.file_name[..]),
        (AttachmentFailure::Erased, "***.txt")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_until_the_client_writes_again() {
    let world = World::start().await;
    let contact = ContactId::generate();
    let conversation = plant(&world, contact).await;
    assert!(!is_erased(&world, &conversation).await);
    let person = find(&world, contact).await;
    erase(&world, &person, types::new_uuid()).await;
    assert!(is_erased(&world, &conversation).await);
    let request = SendMessageRequest {
        conversation_id: conversation.clone(),
        text: "Добрый день".to_owned(),
        ..SendMessageRequest::default()
    };
    let send = async || {
        world
            .conversations()
            .send_message(with(&world.admin, request.clone()))
            .await
    };
    assert!(refusal(send().await).starts_with("FailedPrecondition CONTACT_ERASED"));
    world.clock.advance(Duration::from_secs(1));
    let again = ChannelEvent {
        connection_id: connection_of(&world, &conversation).await,
        ..world.message(&Connection::default(), "55501", "это снова я")
    };
    let same = publish(&world, vec![again]).await;
    assert_eq!(same, conversation, "in the same chat (A-24)");
    assert!(!is_erased(&world, &conversation).await);
    send().await.expect("sent");
}

async fn connection_of(world: &World, conversation: &str) -> String {
    let request = api::conversations::v1::GetConversationRequest {
        conversation_id: conversation.to_owned(),
    };
    let got = world
        .conversations()
        .get_conversation(with(&world.admin, request))
        .await;
    got.expect("there")
        .into_inner()
        .conversation
        .expect("it")
        .connection_id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_is_not_found_by_search() {
    let world = World::start().await;
    let contact = ContactId::generate();
    plant(&world, contact).await;
    let found = async |text: &str| {
        let request = SearchMessagesRequest {
            query: text.to_owned(),
            ..SearchMessagesRequest::default()
        };
        let found = world
            .search()
            .search_messages(with(&world.admin, request))
            .await;
        found.expect("searched").into_inner().hits.len()
    };
    assert!(found("Кузнецова").await > 0);
    let person = find(&world, contact).await;
    erase(&world, &person, types::new_uuid()).await;
    assert_eq!(found("Кузнецова").await, 0);
    assert!(found("запишу").await > 0, "what else was written is found");
}

/// Ten thousand messages, a tenth of which name the client; on a machine that does nothing else it takes some seconds.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_messages_are_erased_in_a_minute() {
    let world = World::start().await;
    let contact = ContactId::generate();
    let conversation = plant(&world, contact).await;
    let mut owner = world.db.owner().await;
    sqlx::query(
        "INSERT INTO conversations.messages (account_id, conversation_id, seq, id, author, author_name, text, unsupported_kind,
                external_event_id, status, create_time)
         SELECT account_id, conversation_id, 100 + n, gen_random_uuid(), 1, 'alya_k',
                CASE WHEN n % 10 = 0 THEN 'позвоните 8-916-123-45-67 Аля Кузнецова' ELSE 'сколько стоит доставка шкафа ' || n END, '', '', 0, create_time
           FROM conversations.messages m CROSS JOIN generate_series(1, 10000) AS n
          WHERE m.seq = 1 AND m.conversation_id = $1",
    )
    .bind(conversation.parse::<types::ConversationId>().expect("an id").uuid())
    .execute(&mut owner)
    .await
    .expect("planted");
    let person = find(&world, contact).await;
    let begin = Instant::now();
    let done = erase(&world, &person, types::new_uuid()).await;
    let took = begin.elapsed();
    println!("10,000 messages erased in {took:?}");
    let messages = done
        .removed
        .iter()
        .find(|it| it.place == "conversations.messages");
    assert!(
        messages.is_some_and(|it| it.count >= 10_000),
        "{:?}",
        done.removed
    );
    assert!(took.as_secs() < 60, "{took:?}");
    assert_eq!(scan(&world, &person).await, []);
}
