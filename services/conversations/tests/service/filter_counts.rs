//! How many conversations fit saved filters, and how many are favourites (CNV-27, CNV-29).

use api::conversations::v1::filter_node::Node;
use api::conversations::v1::filter_service_client::FilterServiceClient;
use api::conversations::v1::watch_filter_counts_response::Event;
use api::conversations::v1::{
    AddFavouriteRequest, Connection, CountFiltersRequest, CreateFilterRequest, DeleteFilterRequest,
    FilterCount, FilterCounts, FilterNode, SavedFilter, WatchFilterCountsRequest,
    WatchFilterCountsResponse,
};
use api::identity::v1::RightLevel;
use auth::Role;
use tonic::{Status, Streaming};

use crate::filters::{node, values};
use crate::rights::viewing;
use crate::world::{World, refusal, with};

/// Saves a filter; its id.
pub async fn save(world: &World, token: &str, filter: FilterNode) -> String {
    let request = CreateFilterRequest {
        filter: Some(SavedFilter {
            name: format!("filter {}", world.unique()),
            filter: Some(filter),
            ..SavedFilter::default()
        }),
        request_id: String::new(),
    };
    let mut filters = FilterServiceClient::new(world.channel());
    let reply = filters.create_filter(with(token, request)).await;
    reply.expect("saved").into_inner().filter.expect("it").id
}

pub async fn delete(world: &World, token: &str, filter_id: &str) {
    let request = DeleteFilterRequest {
        filter_id: filter_id.to_owned(),
    };
    let mut filters = FilterServiceClient::new(world.channel());
    let deleted = filters.delete_filter(with(token, request)).await;
    deleted.expect("deleted");
}

pub async fn count(
    world: &World,
    token: &str,
    filter_ids: &[&String],
    favourites: bool,
) -> Result<FilterCounts, Status> {
    let request = CountFiltersRequest {
        filter_ids: filter_ids.iter().map(|id| (*id).clone()).collect(),
        favourites,
    };
    let reply = world.counters().count_filters(with(token, request)).await?;
    Ok(reply.into_inner().counts.expect("always there"))
}

fn of(connection: &Connection) -> FilterNode {
    node(Node::ConnectionIds(values([&connection.id])))
}

/// Each as (how many, more).
fn numbers(counts: &FilterCounts) -> Vec<(i32, bool)> {
    let all = counts.filters.iter().chain(&counts.favourites);
    all.map(|count| (count.count, count.more)).collect()
}

async fn favourite(world: &World, token: &str, conversation: &str) {
    let request = AddFavouriteRequest {
        conversation_id: conversation.to_owned(),
    };
    let added = world.inbox().add_favourite(with(token, request)).await;
    added.expect("added");
}

#[tokio::test]
async fn filters_and_favourites_are_counted_as_they_are_listed() {
    let world = World::start().await;
    let [few, many] = [world.connection().await, world.connection().await];
    let (manager, who) = world.member(world.account, Role::Manager, None);
    let first = world.conversation(&few, "a").await;
    world.conversation(&few, "b").await;
    let events = (0..120).map(|chat| world.message(&many, &format!("chat {chat}"), "hello"));
    world.publish(events.collect()).await.expect("published");
    let everything = viewing(RightLevel::Allowed, RightLevel::Allowed);
    world.set_rights(who, everything);
    for token in [&world.admin, &manager] {
        favourite(&world, token, &first).await;
        let [few, many] = [
            save(&world, token, of(&few)).await,
            save(&world, token, of(&many)).await,
        ];
        let counts = count(&world, token, &[&few, &many], true).await;
        let counts = counts.expect("counted");
        assert_eq!(numbers(&counts), [(2, false), (99, true), (1, false)]);
        let ids: Vec<_> = counts.filters.iter().map(|it| &it.filter_id).collect();
        assert_eq!(ids, [&few, &many]);
        let alone = count(&world, token, &[], true).await.expect("counted");
        let one = FilterCount {
            count: 1,
            ..FilterCount::default()
        };
        assert_eq!((alone.filters, alone.favourites), (vec![], Some(one)));
    }

    // Nobody is responsible for their contacts.
    let mine = save(&world, &manager, of(&many)).await;
    world.set_rights(who, viewing(RightLevel::Own, RightLevel::Allowed));
    testkit::wait_for("the rights have arrived", async || {
        let counts = count(&world, &manager, &[&mine], true).await;
        let counts = numbers(&counts.expect("counted"));
        (counts == [(0, false), (0, false)]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused() {
    let world = World::start().await;
    let line = world.connection().await;
    let mine = save(&world, &world.admin, of(&line)).await;
    let other = world.administrator_of(world.account);
    let refused = async |token: &str, ids: &[&String]| {
        let answer = count(&world, token, ids, false).await;
        refusal(answer)
    };
    for (token, ids, reason) in [
        (&other, vec![&mine], "FILTER_NOT_FOUND"),
        (&world.admin, vec![&mine, &mine], "FIELD_INVALID"),
        (&world.admin, vec![&line.id], "FIELD_INVALID"),
        (&world.admin, vec![], "FIELD_INVALID"),
        (&world.admin, vec![&mine; 21], "FIELD_INVALID"),
    ] {
        let refused = refused(token, &ids).await;
        assert!(refused.contains(reason), "{refused}");
        assert!(!refused.contains("; "), "told once: {refused}");
    }
}

async fn watch(
    world: &World,
    token: &str,
    filter_id: &str,
) -> Streaming<WatchFilterCountsResponse> {
    let request = WatchFilterCountsRequest {
        filter_ids: vec![filter_id.to_owned()],
        favourites: true,
    };
    let stream = world
        .counters()
        .watch_filter_counts(with(token, request))
        .await;
    stream.expect("a stream").into_inner()
}

/// Waits until a stream tells these numbers: of the filter and of the favourites.
async fn comes(stream: &mut Streaming<WatchFilterCountsResponse>, expected: [i32; 2]) {
    loop {
        let step = stream.message().await.expect("a step").expect("it goes on");
        if let Some(Event::Counts(counts)) = step.event
            && numbers(&counts) == expected.map(|count| (count, false))
        {
            return;
        }
    }
}

/// CNV-29.
#[tokio::test]
async fn counts_of_filters_come_live_and_follow_rights() {
    let world = World::start().await;
    let line = world.connection().await;
    let (manager, who) = world.member(world.account, Role::Manager, None);
    world.set_rights(who, viewing(RightLevel::Allowed, RightLevel::Allowed));
    let filter = save(&world, &manager, of(&line)).await;
    let mut stream = watch(&world, &manager, &filter).await;
    comes(&mut stream, [0, 0]).await;
    let id = world.conversation(&line, "client").await;
    comes(&mut stream, [1, 0]).await;
    favourite(&world, &manager, &id).await;
    comes(&mut stream, [1, 1]).await;
    world.set_rights(who, viewing(RightLevel::Forbidden, RightLevel::Allowed));
    comes(&mut stream, [0, 0]).await;
    delete(&world, &manager, &filter).await;
    world.conversation(&line, "another").await;
    let ended = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            ended => break ended,
        }
    };
    assert!(refusal(ended).contains("FILTER_NOT_FOUND"));
}
