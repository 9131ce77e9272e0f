//! Laws of the plan, without a database.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use time::OffsetDateTime;
use types::{AccountId, ChatId, ConnectionId};

use super::*;
use crate::domain::connection::{Connection, Mode, Settings};

fn connection(mode: Mode) -> Arc<Connection> {
    Arc::new(Connection {
        id: ConnectionId::generate(),
        account: AccountId::generate(),
        connector_key: "test".to_owned(),
        external_id: "1".to_owned(),
        title: "Test".to_owned(),
        mode,
        enabled: true,
        version: 1,
        create_time: OffsetDateTime::UNIX_EPOCH,
        settings: Settings::default(),
        health: None,
        in_subscription: true,
    })
}

fn item(
    connection: &Arc<Connection>,
    chat: &str,
    thread: &str,
    event: &str,
    kind: ItemKind,
) -> Item {
    Item {
        connection: Arc::clone(connection),
        event_id: event.to_owned(),
        chat: chat.to_owned(),
        thread: thread.to_owned(),
        group: false,
        event_time: None,
        imported: None,
        kind,
    }
}

fn text(text: &str) -> ItemKind {
    ItemKind::Message {
        text: text.to_owned(),
        sender_name: String::new(),
        unsupported_kind: String::new(),
        facts: Vec::new(),
        files: Vec::new(),
        cart: None,
    }
}

/// Runs items where nothing is known yet.
fn run(items: &[Item]) -> Plan {
    run_on(Known::default(), items)
}

fn run_on(known: Known, items: &[Item]) -> Plan {
    let mut plan = Plan::new(OffsetDateTime::UNIX_EPOCH, known);
    for item in items {
        plan.take(item);
    }
    plan
}

fn numbers(plan: &Plan) -> Vec<i64> {
    plan.outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Accepted(stored) | Outcome::Duplicate(stored) => stored.number,
            Outcome::Refused(_) | Outcome::Failed(_) => 0,
        })
        .collect()
}

fn made(plan: &Plan) -> Vec<&Conversation> {
    plan.works()
        .filter(|work| work.stored.is_none())
        .map(|work| &work.conversation)
        .collect()
}

#[test]
fn a_message_after_finishing_begins_a_new_conversation_with_threads() {
    let connection = connection(Mode::Multiple);
    let plan = run(&[
        item(&connection, "c", "t", "1", text("a")),
        item(&connection, "c", "t", "2", ItemKind::Finished),
        item(&connection, "c", "t", "3", text("b")),
        item(&connection, "c", "u", "4", text("c")),
    ]);
    assert_eq!(numbers(&plan), [1, 1, 2, 3]);
    let kinds: Vec<ChangeKind> = plan.changes.iter().map(|change| change.kind).collect();
    assert_eq!(
        kinds,
        [
            ChangeKind::Created,
            ChangeKind::Closed,
            ChangeKind::Created,
            ChangeKind::Created
        ]
    );
}

#[test]
fn one_active_conversation_is_opened_again_and_keeps_its_number() {
    let connection = connection(Mode::OneActive);
    let message = item(&connection, "c", "ignored", "1", text("b"));
    let chat = Chat {
        id: ChatId::generate(),
        client_name: "Client".to_owned(),
        last_seq: 1,
        group: false,
        client_time: None,
    };
    let mut closed = conversation::tests::sample();
    closed.number = 7;
    closed.close(ClosedBy::Program, OffsetDateTime::UNIX_EPOCH);
    let as_read = |version| AsRead {
        version,
        place: "(0,1)".to_owned(),
    };
    let read = as_read(closed.version);
    let known = Known {
        chats: HashMap::from([(chat_key(&message), (chat.clone(), as_read(1)))]),
        conversations: HashMap::from([((chat.id, String::new()), (closed, read.clone()))]),
        ..Known::default()
    };
    let plan = run_on(known, &[message]);
    assert_eq!(numbers(&plan), [7]);
    assert_eq!(plan.changes[0].kind, ChangeKind::Reopened);
    let work = plan.works().next().expect("it changed");
    assert!(work.conversation.is_open());
    assert_eq!(work.stored, Some(read));
    let changed = plan.chats().next().expect("its chat changed");
    assert_eq!(
        (&changed.stored, changed.chat.last_seq),
        (&Some(as_read(1)), 2)
    );
}

/// Numbers go on from the account's newest one, and the plan says on which it counts.
#[test]
fn numbers_go_on_from_the_newest() {
    let connection = connection(Mode::NewAfterClose);
    let known = Known {
        numbers: HashMap::from([(connection.account, 41)]),
        ..Known::default()
    };
    let items = ["a", "b"].map(|chat| item(&connection, chat, "", chat, text("x")));
    let plan = run_on(known, &items);
    assert_eq!(numbers(&plan), [42, 43]);
    let used: Vec<_> = plan.numbers().collect();
    let expected = Numbers {
        stored: Some(41),
        last: 43,
    };
    assert_eq!(used, [(connection.account, expected)]);
}

#[test]
fn a_client_cannot_finish_the_one_active_conversation() {
    let connection = connection(Mode::OneActive);
    let plan = run(&[
        item(&connection, "c", "", "1", text("a")),
        item(&connection, "c", "", "2", ItemKind::Finished),
    ]);
    assert!(matches!(plan.outcomes[1], Outcome::Refused(_)));
    assert!(made(&plan)[0].is_open());
}

#[test]
fn nobody_reads_what_is_not_there() {
    let connection = connection(Mode::OneActive);
    let plan = run(&[
        item(&connection, "c", "", "1", text("a")),
        item(&connection, "c", "", "2", ItemKind::Read { seq: 99 }),
        item(&connection, "c", "", "3", ItemKind::Read { seq: 1 }),
    ]);
    assert_eq!(
        plan.reads.iter().map(|read| read.seq).collect::<Vec<_>>(),
        [1]
    );
}

proptest! {
    /// However events are repeated and mixed: each is stored once, places in a chat have no holes, numbers neither.
    #[test]
    fn events_are_stored_once_and_places_have_no_holes(
        mode in prop_oneof![Just(Mode::NewAfterClose), Just(Mode::OneActive), Just(Mode::Multiple)],
        events in proptest::collection::vec((0u8..3, 0u8..2, 0u8..12, prop::bool::weighted(0.2)), 0..60),
    ) {
        let connection = connection(mode);
        let items: Vec<Item> = events.iter().map(|(chat, thread, event, finish)| {
            let kind = if *finish { ItemKind::Finished } else { text("x") };
            // An event has one id wherever it is repeated.
            item(&connection, &format!("chat{chat}"), &format!("t{thread}"), &format!("{chat}-{thread}-{event}"), kind)
        }).collect();
        let plan = run(&items);

        let distinct: std::collections::HashSet<&str> = items.iter()
            .filter(|item| matches!(item.kind, ItemKind::Message { .. })).map(|item| &item.event_id[..]).collect();
        prop_assert_eq!(plan.messages.len(), distinct.len());

        let new = made(&plan);
        let mut given: Vec<i64> = new.iter().map(|conversation| conversation.number).collect();
        given.sort_unstable();
        prop_assert_eq!(given, (1..=i64::try_from(new.len()).expect("few")).collect::<Vec<_>>());

        let mut places: HashMap<ChatId, Vec<i64>> = HashMap::new();
        for (_, message) in &plan.messages {
            let conversation = new.iter().find(|conversation| conversation.id == message.conversation).expect("its conversation");
            places.entry(conversation.chat).or_default().push(message.seq);
        }
        for seqs in places.values() {
            prop_assert_eq!(seqs.clone(), (1..=i64::try_from(seqs.len()).expect("few")).collect::<Vec<_>>());
        }
        let open = new.iter().filter(|conversation| conversation.is_open());
        let mut threads: Vec<(ChatId, &str)> = open.map(|conversation| (conversation.chat, &conversation.thread[..])).collect();
        threads.sort_unstable();
        let count = threads.len();
        threads.dedup();
        prop_assert_eq!(threads.len(), count, "one open conversation a thread");
    }
}
