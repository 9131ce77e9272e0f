//! How many conversations there are: exact, and under rights.

use std::collections::BTreeMap;

use api::conversations::v1::watch_counters_response::Event;
use api::conversations::v1::{
    CloseConversationRequest, Connection, Conversation, ConversationAnswer, ConversationLife,
    Counters, GetCountersRequest, LinkConversationRequest, ListConversationsRequest,
    MarkNoAnswerNeededRequest, Tally, WatchCountersRequest, WatchCountersResponse,
};
use api::identity::v1::RightLevel;
use auth::Role;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use testkit::{wait_for, wait_for_state};
use tonic::Streaming;
use types::{ContactId, GroupId, UserId};

use crate::rights::{tell_contact, viewing};
use crate::world::{World, with};

pub async fn counters(world: &World, token: &str) -> Counters {
    let reply = world
        .counters()
        .get_counters(with(token, GetCountersRequest {}))
        .await;
    let counters = reply.expect("counters").into_inner().counters;
    counters.expect("always there")
}

async fn watch(world: &World, token: &str) -> Streaming<WatchCountersResponse> {
    let stream = world
        .counters()
        .watch_counters(with(token, WatchCountersRequest {}))
        .await;
    stream.expect("a stream").into_inner()
}

/// The next counters of a stream.
async fn next(stream: &mut Streaming<WatchCountersResponse>) -> Counters {
    loop {
        let step = stream.message().await.expect("a step").expect("it goes on");
        if let Some(Event::Counters(counters)) = step.event {
            return counters;
        }
    }
}

/// Waits until a stream tells what is expected.
async fn comes(
    stream: &mut Streaming<WatchCountersResponse>,
    expected: impl Fn(&Counters) -> bool,
) {
    while !expected(&next(stream).await) {}
}

async fn listed(world: &World, token: &str) -> Vec<Conversation> {
    let mut found = Vec::new();
    for life in [ConversationLife::Open, ConversationLife::Closed] {
        let request = ListConversationsRequest {
            life: life.into(),
            page_size: 200,
            ..ListConversationsRequest::default()
        };
        let page = world
            .inbox()
            .list_conversations(with(token, request))
            .await
            .expect("a page");
        found.extend(page.into_inner().conversations);
    }
    found
}

fn add(tally: &mut Tally, open: bool, unanswered: bool, by: i64) {
    match (open, unanswered) {
        (true, true) => tally.requires_answer += by,
        (true, false) => tally.no_answer_needed += by,
        (false, true) => tally.closed_unanswered += by,
        (false, false) => {}
    }
    *(if open {
        &mut tally.open
    } else {
        &mut tally.closed
    }) += by;
}

/// The list, counted.
fn tally(conversations: &[Conversation]) -> Tally {
    let mut tally = Tally::default();
    for it in conversations {
        let open = it.life() == ConversationLife::Open;
        let unanswered = it.answer() == ConversationAnswer::RequiresAnswer;
        add(&mut tally, open, unanswered, 1);
    }
    tally
}

/// The table, counted, by owner.
async fn naive(world: &World) -> BTreeMap<String, Tally> {
    let rows: Vec<(Option<uuid::Uuid>, i16, i16, i64)> = sqlx::query_as(
        "SELECT contact_owner, life, answer, count(*) FROM conversations.conversations WHERE account_id = $1 GROUP BY 1, 2, 3",
    )
    .bind(world.account.uuid())
    .fetch_all(&mut world.db.owner().await)
    .await
    .expect("counted");
    let mut tallies = BTreeMap::new();
    for (owner, life, answer, many) in rows {
        let owner = owner.map_or_else(String::new, |owner| UserId::from(owner).to_string());
        add(
            tallies.entry(owner).or_default(),
            life == 1,
            answer == 1,
            many,
        );
    }
    tallies
}

pub fn by_user(counters: &Counters) -> BTreeMap<String, Tally> {
    let nobody = (String::new(), counters.nobody.unwrap_or_default());
    let users = counters
        .users
        .iter()
        .map(|user| (user.user_id.clone(), user.tally.unwrap_or_default()));
    users
        .chain([nobody])
        .filter(|(_, tally)| tally != &Tally::default())
        .collect()
}

async fn link(world: &World, conversation: &str, contact: ContactId) {
    let request = LinkConversationRequest {
        conversation_id: conversation.to_owned(),
        contact_id: contact.to_string(),
        card_id: String::new(),
    };
    wait_for("the contact has arrived", async || {
        let request = with(&world.admin, request.clone());
        world.conversations().link_conversation(request).await.ok()
    })
    .await;
}

/// Ends the connections that fold counts, at whatever they are doing.
async fn kill_folding(world: &World) {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE '%DELETE FROM conversation_count_changes%' AND pid <> pg_backend_pid()",
    )
    .execute(&mut world.db.owner().await)
    .await
    .expect("killed");
}

/// What happens at random.
struct Play<'a> {
    world: &'a World,
    connection: Connection,
    dice: SmallRng,
    owners: Vec<UserId>,
    contacts: Vec<(ContactId, i64)>,
    conversations: Vec<String>,
}

impl Play<'_> {
    async fn act(&mut self) {
        let some = self
            .conversations
            .get(self.dice.random_range(0..self.conversations.len().max(1)))
            .cloned();
        let (conversations, admin) = (self.world.conversations(), &self.world.admin);
        match (self.dice.random_range(0..6), some) {
            (0 | 1, _) | (_, None) => {
                let chat = format!("client {}", self.dice.random_range(0..12));
                let id = self.world.conversation(&self.connection, &chat).await;
                if !self.conversations.contains(&id) {
                    self.conversations.push(id);
                }
            }
            (2, Some(conversation_id)) => {
                let request = MarkNoAnswerNeededRequest { conversation_id };
                // A closed one refuses.
                let _ = conversations
                    .clone()
                    .mark_no_answer_needed(with(admin, request))
                    .await;
            }
            (3, Some(conversation_id)) => {
                let request = CloseConversationRequest {
                    conversation_id,
                    etag: String::new(),
                };
                conversations
                    .clone()
                    .close_conversation(with(admin, request))
                    .await
                    .expect("closed");
            }
            (4, Some(conversation)) => {
                let (contact, _) = self.contacts[self.dice.random_range(0..self.contacts.len())];
                link(self.world, &conversation, contact).await;
            }
            (_, Some(_)) => {
                let owner = self.owners[self.dice.random_range(0..self.owners.len())];
                let at = self.dice.random_range(0..self.contacts.len());
                let (contact, version) = &mut self.contacts[at];
                *version += 1;
                tell_contact(self.world, *contact, owner, *version);
            }
        }
    }
}

#[tokio::test]
async fn counters_equal_a_naive_count_after_random_operations() {
    let world = World::start().await;
    let group = GroupId::generate();
    let member = |group| world.member(world.account, Role::Manager, group);
    let (own, group_wide, everything) = (member(Some(group)), member(Some(group)), member(None));
    for ((_, user), contacts) in [
        (&own, RightLevel::Own),
        (&group_wide, RightLevel::Group),
        (&everything, RightLevel::Allowed),
    ] {
        world.set_rights(*user, viewing(contacts, RightLevel::Allowed));
    }
    let owners = vec![own.1, group_wide.1, everything.1];
    let mut contacts = Vec::new();
    for owner in &owners {
        let contact = ContactId::generate();
        tell_contact(&world, contact, *owner, 1);
        contacts.push((contact, 1));
    }
    let mut play = Play {
        connection: world.connection().await,
        world: &world,
        dice: SmallRng::seed_from_u64(20_261_122),
        owners,
        contacts,
        conversations: Vec::new(),
    };
    for round in 0..8 {
        for _ in 0..20 {
            play.act().await;
        }
        kill_folding(&world).await;
        for token in [&world.admin, &own.0, &group_wide.0, &everything.0] {
            wait_for_state(
                &format!("round {round}: counters are the list, counted"),
                async || {
                    let (counted, list) = (
                        counters(&world, token).await,
                        tally(&listed(&world, token).await),
                    );
                    let all = counted.all.unwrap_or_default();
                    if all == list {
                        Ok(())
                    } else {
                        Err((all, list))
                    }
                },
            )
            .await;
        }
        wait_for_state(&format!("round {round}: nothing drifts"), async || {
            let (counted, table) = (
                by_user(&counters(&world, &world.admin).await),
                naive(&world).await,
            );
            if counted == table {
                Ok(())
            } else {
                Err((counted, table))
            }
        })
        .await;
    }
    let (all, grouped) = (
        counters(&world, &world.admin).await,
        counters(&world, &group_wide.0).await,
    );
    let of_group = all
        .groups
        .iter()
        .find(|it| it.group_id == group.to_string());
    assert_eq!(
        of_group.and_then(|it| it.tally),
        grouped.all,
        "a department is what its member sees"
    );
    assert!(
        all.all.is_some_and(|all| all.open + all.closed > 10),
        "something was counted: {all:?}"
    );
}

#[tokio::test]
async fn counters_come_live_and_follow_rights() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let (mut admins, mut boriss) = (
        watch(&world, &world.admin).await,
        watch(&world, &token).await,
    );
    let nothing = |counters: &Counters| counters.all == Some(Tally::default());
    assert!(nothing(&next(&mut admins).await));
    assert!(nothing(&next(&mut boriss).await));

    let id = world.conversation(&connection, "anna").await;
    let contact = ContactId::generate();
    tell_contact(&world, contact, boris, 1);
    link(&world, &id, contact).await;
    let one = |counters: &Counters| {
        counters.users.iter().any(|it| {
            it.user_id == boris.to_string()
                && it
                    .tally
                    .is_some_and(|tally| (tally.open, tally.requires_answer) == (1, 1))
        })
    };
    comes(&mut admins, one).await;

    world.set_rights(boris, viewing(RightLevel::Own, RightLevel::Allowed));
    comes(&mut boriss, one).await;
    world.answer(&id, "hello").await;
    comes(&mut boriss, |it| {
        it.all
            .is_some_and(|all| (all.no_answer_needed, all.requires_answer) == (1, 0))
    })
    .await;
    world.set_rights(boris, viewing(RightLevel::Forbidden, RightLevel::Allowed));
    comes(&mut boriss, nothing).await;
}

#[tokio::test]
async fn folding_changes_no_count_and_leaves_nothing_to_add() {
    let world = World::start().await;
    let connection = world.connection().await;
    for chat in 0..5 {
        world
            .conversation(&connection, &format!("client {chat}"))
            .await;
    }
    let before = counters(&world, &world.admin).await;
    wait_for("everything is folded", async || {
        let (left,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM conversations.conversation_count_changes")
                .fetch_one(&mut world.db.owner().await)
                .await
                .expect("counted");
        (left == 0).then_some(())
    })
    .await;
    assert_eq!(before, counters(&world, &world.admin).await);
    assert_eq!(before.all.map(|all| all.requires_answer), Some(5));
}
