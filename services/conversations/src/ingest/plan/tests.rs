//! Laws of the plan, without a database.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use time::OffsetDateTime;
use types::{AccountId, ChatId, ConnectionId};

use super::*;
use crate::domain::connection::{Connection, Mode};

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
        event_time: None,
        kind,
    }
}

fn text(text: &str) -> ItemKind {
    ItemKind::Message {
        text: text.to_owned(),
        sender_name: String::new(),
        unsupported_kind: String::new(),
        facts: Vec::new(),
    }
}

/// Runs items against chats that exist and conversations that do not, numbers from 1.
fn run(items: &[Item]) -> Plan {
    let chats = items
        .iter()
        .map(|item| {
            let chat = Chat {
                id: ChatId::generate(),
                client_name: "Client".to_owned(),
                next_seq: 1,
            };
            ((item.connection.id, item.chat.clone()), chat)
        })
        .collect::<HashMap<_, _>>();
    let mut plan = Plan::new(OffsetDateTime::UNIX_EPOCH, chats, HashMap::new());
    for item in items {
        plan.take(item);
    }
    let first: Vec<(AccountId, i64)> = plan
        .numbers_wanted()
        .into_iter()
        .map(|(account, _)| (account, 1))
        .collect();
    plan.number(&first);
    plan
}

fn numbers(plan: &Plan) -> Vec<i64> {
    plan.outcomes()
        .iter()
        .map(|outcome| match outcome {
            Outcome::Accepted(stored) | Outcome::Duplicate(stored) => stored.number,
            Outcome::Refused(_) | Outcome::Failed(_) => 0,
        })
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
        next_seq: 2,
    };
    let mut closed = conversation::tests::sample();
    closed.number = 7;
    closed.close(ClosedBy::Program, OffsetDateTime::UNIX_EPOCH);
    let chats = HashMap::from([((connection.id, "c".to_owned()), chat.clone())]);
    let mut plan = Plan::new(OffsetDateTime::UNIX_EPOCH, chats, HashMap::new());
    plan.found(chat.id, "", closed);
    plan.take(&message);
    assert_eq!(numbers(&plan), [7]);
    assert_eq!(plan.changes[0].kind, ChangeKind::Reopened);
    let (new, changed) = plan.rows();
    assert!(new.is_empty() && changed[0].is_open());
}

#[test]
fn a_client_cannot_finish_the_one_active_conversation() {
    let connection = connection(Mode::OneActive);
    let plan = run(&[
        item(&connection, "c", "", "1", text("a")),
        item(&connection, "c", "", "2", ItemKind::Finished),
    ]);
    assert!(matches!(plan.outcomes()[1], Outcome::Refused(_)));
    assert!(plan.rows().0[0].is_open());
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

        let (new, _) = plan.rows();
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
