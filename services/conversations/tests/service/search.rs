//! Search in messages.

use std::collections::BTreeSet;

use api::conversations::v1::list_messages_request::Position;
use api::conversations::v1::{
    ListMessagesRequest, MessageHit, SearchMatch, SearchMessagesRequest, SearchMessagesResponse,
};
use api::identity::v1::RightLevel::{Allowed, Own};
use auth::Role;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::Row;
use testkit::{wait_for, wait_for_state};
use tonic::Status;
use types::AccountId;

use crate::rights::{case, tell_contact, viewing};
use crate::world::{World, refusal, with};

pub async fn ask(
    world: &World,
    token: &str,
    request: &SearchMessagesRequest,
) -> Result<SearchMessagesResponse, Status> {
    let reply = world
        .search()
        .search_messages(with(token, request.clone()))
        .await?;
    Ok(reply.into_inner())
}

pub fn words(query: &str) -> SearchMessagesRequest {
    SearchMessagesRequest {
        query: query.to_owned(),
        ..SearchMessagesRequest::default()
    }
}

pub fn part(query: &str) -> SearchMessagesRequest {
    SearchMessagesRequest {
        r#match: SearchMatch::Substring.into(),
        ..words(query)
    }
}

/// All hits, page after page.
pub async fn all(world: &World, token: &str, request: &SearchMessagesRequest) -> Vec<MessageHit> {
    let (mut request, mut hits) = (request.clone(), Vec::new());
    loop {
        let reply = ask(world, token, &request).await.expect("found");
        hits.extend(reply.hits);
        if reply.next_page_token.is_empty() {
            return hits;
        }
        request.page_token = reply.next_page_token;
    }
}

/// What is marked in the texts that an administrator finds.
async fn marked(world: &World, request: &SearchMessagesRequest) -> Vec<Vec<String>> {
    let hits = all(world, &world.admin, request).await;
    let parts = |hit: &MessageHit| {
        let text = &hit.message.as_ref().expect("a message").text;
        let part = |mark: &api::conversations::v1::Highlight| {
            let (start, length) = (mark.start as usize, mark.length as usize);
            text.chars().skip(start).take(length).collect::<String>()
        };
        hit.highlights.iter().map(part).collect()
    };
    hits.iter().map(parts).collect()
}

/// Waits until everything that was published is in the index.
pub async fn indexed(world: &World) {
    let lag = async || {
        let row = sqlx::query(
            "SELECT o.shard, o.last_position, p.position FROM conversations.outbox_shards o
               LEFT JOIN conversations.consumer_positions p ON p.shard = o.shard AND p.source = 'search'
              WHERE o.last_position > coalesce(p.position, 0) LIMIT 1",
        );
        let behind = row
            .fetch_optional(&mut world.db.owner().await)
            .await
            .expect("readable");
        behind.map_or(Ok(()), |row| Err(row.get::<i16, _>("shard")))
    };
    wait_for_state("everything is indexed", lag).await;
}

/// Messages of one client, one call each, so that their order is known.
async fn written(world: &World, texts: &[&str]) -> Vec<String> {
    let connection = world.connection().await;
    let mut ids = Vec::new();
    for text in texts {
        let event = world.message(&connection, "anna", text);
        let results = world.publish(vec![event]).await.expect("published");
        ids.push(results[0].message_id.clone());
    }
    indexed(world).await;
    ids
}

pub fn ids(hits: &[MessageHit]) -> Vec<String> {
    let id = |hit: &MessageHit| hit.message.as_ref().expect("a message").id.clone();
    hits.iter().map(id).collect()
}

#[tokio::test]
async fn a_word_is_found_in_each_of_its_forms() {
    let world = World::start().await;
    let texts = [
        "Обещали скидку 10%",
        "скидками не занимаемся",
        "We promised a delivery",
        "Los envíos llegan mañana",
    ];
    let written = written(&world, &texts).await;
    let hits = all(&world, &world.admin, &words("скидка")).await;
    assert_eq!(
        ids(&hits),
        [written[1].clone(), written[0].clone()],
        "the newest first"
    );
    assert_eq!(
        marked(&world, &words("скидка")).await,
        [["скидками"], ["скидку"]]
    );
    assert_eq!(
        marked(&world, &words("deliveries PROMISE")).await,
        [["promised", "delivery"]]
    );
    assert_eq!(marked(&world, &words("envio")).await, [["envíos"]]);
    assert_eq!(
        marked(&world, &words("скидка завтра")).await,
        Vec::<Vec<String>>::new()
    );
}

#[tokio::test]
async fn words_in_quotes_stand_one_after_the_other() {
    let world = World::start().await;
    written(
        &world,
        &["доставка бесплатная", "бесплатную доставку обещали"],
    )
    .await;
    assert_eq!(marked(&world, &words("бесплатная доставка")).await.len(), 2);
    assert_eq!(
        marked(&world, &words("\"бесплатная доставка\"")).await,
        [["бесплатную", "доставку"]]
    );
}

#[tokio::test]
async fn a_hit_says_who_wrote_when_and_where() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    for n in 0..9 {
        world.answer(&conversation, &format!("ответ {n}")).await;
    }
    indexed(&world).await;
    let hits = all(&world, &world.admin, &part("вет 4")).await;
    let [hit] = &hits[..] else {
        panic!("one hit: {hits:?}")
    };
    let message = hit.message.clone().expect("a message");
    assert_eq!(message.author.expect("an author").name, "Мария");
    assert!(message.create_time.is_some());
    assert_eq!(hit.conversation.as_ref().expect("it").id, conversation);
    // The place: a page around it, from which it goes on to both sides.
    let around = |position| ListMessagesRequest {
        conversation_id: conversation.clone(),
        page_size: 3,
        position: Some(position),
    };
    let list = async |position| {
        let request = with(&world.admin, around(position));
        let reply = world.conversations().list_messages(request).await;
        reply.expect("listed").into_inner()
    };
    let texts = |messages: &[api::conversations::v1::Message]| -> Vec<String> {
        messages.iter().map(|it| it.text.clone()).collect()
    };
    let page = list(Position::AroundSeq(message.seq)).await;
    assert_eq!(texts(&page.messages), ["ответ 3", "ответ 4", "ответ 5"]);
    let older = list(Position::PageToken(page.older_page_token)).await;
    assert_eq!(texts(&older.messages), ["ответ 0", "ответ 1", "ответ 2"]);
    let newer = list(Position::PageToken(page.newer_page_token)).await;
    assert_eq!(texts(&newer.messages), ["ответ 6", "ответ 7", "ответ 8"]);
}

#[tokio::test]
async fn every_part_that_like_finds_is_found() {
    let world = World::start().await;
    let connection = world.connection().await;
    let mut runner = TestRunner::deterministic();
    let text = "[а-еёж-иА-Е ,.!a-eñéA-C0-3%_-]{1,60}";
    let mut pick = |strategy: &str| {
        let tree = strategy.new_tree(&mut runner).expect("a text");
        tree.current()
    };
    let texts: Vec<String> = (0..400).map(|_| pick(text)).collect();
    for batch in texts.chunks(100) {
        let events = batch.iter().filter(|text| !text.trim().is_empty());
        let events = events.map(|text| world.message(&connection, "anna", text));
        world.publish(events.collect()).await.expect("published");
    }
    indexed(&world).await;
    let mut owner = world.db.owner().await;
    for (n, text) in texts.iter().enumerate().step_by(8) {
        let part_of: String = text.chars().skip(n % 7).take(3 + n % 5).collect();
        let looked = part_of.trim();
        if looked.chars().count() < 3 {
            continue;
        }
        let expected: Vec<String> = sqlx::query_scalar(
            "SELECT text FROM conversations.messages WHERE position($1 IN text) > 0",
        )
        .bind(looked)
        .fetch_all(&mut owner)
        .await
        .expect("readable");
        let found = all(&world, &world.admin, &part(looked)).await;
        let found: BTreeSet<_> = found
            .iter()
            .map(|hit| hit.message.as_ref().expect("a message").text.as_str())
            .collect();
        let missing: Vec<_> = expected
            .iter()
            .filter(|text| !found.contains(text.as_str()))
            .collect();
        assert!(
            !expected.is_empty() && missing.is_empty(),
            "{looked:?}: {missing:?}"
        );
    }
}

#[tokio::test]
async fn what_may_not_be_read_is_not_found() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let (_, other) = world.member(world.account, Role::Manager, None);
    world.set_rights(boris, viewing(Own, Allowed));
    let case = case(&world, &connection, "anna", other).await;
    world.answer(&case.conversation, "тайная скидка").await;
    indexed(&world).await;
    assert_eq!(all(&world, &world.admin, &words("скидка")).await.len(), 1);
    let hidden = wait_for("the rights have arrived", async || {
        let reply = ask(&world, &token, &words("скидка")).await.expect("asked");
        reply.hits.is_empty().then_some(reply)
    })
    .await;
    assert_eq!(
        hidden.next_page_token, "",
        "not even that there is something"
    );
    tell_contact(&world, case.contact, boris, 2);
    wait_for("the contact is theirs", async || {
        let hits = all(&world, &token, &words("скидка")).await;
        (hits.len() == 1).then_some(())
    })
    .await;
    // Another account has nothing, and its token goes nowhere.
    let foreign = world.administrator_of(AccountId::generate());
    assert!(all(&world, &foreign, &words("скидка")).await.is_empty());
}

/// A page of somebody who may read little is filled from all that was found: how much of it is hidden shows nowhere.
#[tokio::test]
async fn a_short_page_tells_nothing_of_hidden_messages() {
    const HIDDEN: usize = 5_500;
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    world.set_rights(boris, viewing(Own, Allowed));
    let own = case(&world, &connection, "own", boris).await;
    world
        .answer(&own.conversation, "treasure of one's own")
        .await;
    for _ in 0..HIDDEN / 500 {
        let hidden = (0..500).map(|_| world.message(&connection, "hidden", "treasure"));
        world.publish(hidden.collect()).await.expect("published");
    }
    indexed(&world).await;
    let found = async |query: &str| {
        let page = ask(&world, &token, &words(query)).await.expect("asked");
        let hits = page.hits.into_iter();
        let texts: Vec<_> = hits.map(|hit| hit.message.expect("it").text).collect();
        (texts, page.next_page_token)
    };
    let own = ["treasure of one's own".to_owned()].to_vec();
    wait_for("the rights have arrived", async || {
        (found("treasure").await.0 == own).then_some(())
    })
    .await;
    assert_eq!(found("treasure").await, (own, String::new()));
    assert_eq!(found("nowhere").await, (Vec::new(), String::new()));
}

#[tokio::test]
async fn only_the_professional_plan_searches_messages() {
    let world = World::start().await;
    let account = AccountId::generate();
    world.identity.basic(account);
    let token = world.administrator_of(account);
    assert_eq!(
        refusal(ask(&world, &token, &words("скидка")).await),
        "FailedPrecondition PLAN_INSUFFICIENT {plan=professional}"
    );
}

#[tokio::test]
async fn questions_that_cannot_be_answered_are_refused() {
    let world = World::start().await;
    let refused = async |request| refusal(ask(&world, &world.admin, &request).await);
    for (request, minimum) in [(words("?"), 2), (part(" аб "), 3)] {
        let expected = format!("InvalidArgument SEARCH_TOO_SHORT {{minimum={minimum}}}");
        assert_eq!(refused(request).await, expected);
    }
    for request in [
        words(&"я".repeat(201)),
        words(&"да ".repeat(17)),
        SearchMessagesRequest {
            r#match: 7,
            ..words("да")
        },
        SearchMessagesRequest {
            page_size: -1,
            ..words("да")
        },
    ] {
        let reason = refused(request).await;
        assert!(reason.contains("FIELD_INVALID"), "{reason}");
    }
    written(&world, &["да", "да", "да"]).await;
    let first = SearchMessagesRequest {
        page_size: 2,
        ..words("да")
    };
    let page = ask(&world, &world.admin, &first).await.expect("found");
    assert_eq!(page.hits.len(), 2);
    let other = SearchMessagesRequest {
        page_token: page.next_page_token,
        ..words("нет")
    };
    assert_eq!(
        refused(other).await,
        "InvalidArgument PAGE_TOKEN_MISMATCH {}"
    );
}

#[tokio::test]
async fn a_message_is_indexed_once_whoever_indexes() {
    let world = World::start().await;
    let connection = world.connection().await;
    let _second = world.another_replica().await;
    for n in 0..20 {
        let events = (0..10).map(|_| world.message(&connection, &format!("client {n}"), "слово"));
        world.publish(events.collect()).await.expect("published");
        if n % 5 == 0 {
            // As if somebody had been killed before it noted how far it was.
            forget_position(&world).await;
        }
    }
    indexed(&world).await;
    let places: Vec<i64> =
        sqlx::query_scalar("SELECT place FROM conversations.search_messages ORDER BY place")
            .fetch_all(&mut world.db.owner().await)
            .await
            .expect("readable");
    assert_eq!(places, (1..=200).collect::<Vec<_>>());
    assert_eq!(all(&world, &world.admin, &words("слова")).await.len(), 200);
}

pub async fn forget_position(world: &World) {
    sqlx::query("UPDATE conversations.consumer_positions SET position = 0 WHERE source = 'search'")
        .execute(&mut world.db.owner().await)
        .await
        .expect("forgotten");
}

#[tokio::test]
async fn what_was_erased_or_changed_is_found_as_it_is() {
    let world = World::start().await;
    let written = written(&world, &["первая скидка", "вторая скидка", "третья"]).await;
    let mut owner = world.db.owner().await;
    for statement in [
        "DELETE FROM conversations.messages WHERE text = 'вторая скидка'",
        "UPDATE conversations.messages SET text = 'теперь скидка' WHERE text = 'третья'",
    ] {
        let done = sqlx::query(statement).execute(&mut owner).await;
        assert_eq!(done.expect("done").rows_affected(), 1);
    }
    let before = all(&world, &world.admin, &words("скидка")).await;
    assert_eq!(ids(&before), [written[0].clone()], "gone at once");
    forget_position(&world).await;
    // The next event shows the consumer that it stands elsewhere.
    let connection = world.connection().await;
    world.conversation(&connection, "boris").await;
    indexed(&world).await;
    let after = all(&world, &world.admin, &words("скидка")).await;
    assert_eq!(ids(&after), [written[2].clone(), written[0].clone()]);
}
