//! Every path by which somebody learns of a conversation, asked and compared with the evaluator. A path that is added gets a
//! function here and a call in [`agree`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use access::Visibility;
use api::conversations::v1::filter_node::Node;
use api::conversations::v1::notification_service_client::NotificationServiceClient;
use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    BatchCheckVisibilityRequest, ChangeKind, CheckVisibilityRequest, Conversation,
    ConversationLife, ConversationVisibility as Seen, ExportConversationRequest,
    GetConversationRequest, ListConversationsRequest, ListMessagesRequest,
    ListNotificationsRequest, PreviewRightsRequest, VisibilityQuestion, WatchInboxRequest,
    WhoCanSeeRequest,
};
use api::identity::v1 as id;
use testkit::{Seed, wait_for_state};
use tokio::task::JoinSet;

use super::life::{Account, CLIENT, Person};
use crate::counters::{by_user, counters};
use crate::filters::{any, node};
use crate::window::contacts;
use crate::world::{World, with};
use crate::{filter_counts, search, search_chats};

/// How many conversations are asked for one by one, for each employee and round.
const FEW: usize = 6;

/// What every client writes, [`World::conversation`].
const GREETING: &str = "hello";

/// What somebody sees, by conversation.
type Sights = BTreeMap<String, Visibility>;

fn wire(visibility: Visibility) -> Seen {
    match visibility {
        Visibility::Hidden => Seen::Unspecified,
        Visibility::ContactOnly => Seen::ContactOnly,
        Visibility::ContactAndChat => Seen::ContactAndChat,
        Visibility::DealAndChat => Seen::DealAndChat,
    }
}

/// Without what is hidden.
fn shown(seen: &Sights) -> BTreeMap<String, Seen> {
    let shown = seen
        .iter()
        .filter(|(_, sight)| **sight != Visibility::Hidden);
    shown
        .map(|(id, sight)| (id.clone(), wire(*sight)))
        .collect()
}

/// Only where messages may be read.
fn read(seen: &Sights) -> BTreeMap<String, Seen> {
    let read = seen.iter().filter(|(_, sight)| sight.shows_messages());
    read.map(|(id, sight)| (id.clone(), wire(*sight))).collect()
}

/// All paths that are asked at one moment. Paths that give many answers are asked for all, the others for a few.
pub async fn agree(world: &World, person: &Person, seen: &Sights, seed: &Seed) {
    let all = shown(seen);
    assert_eq!(
        listed(world, person, seen.len(), seed).await,
        all,
        "the list"
    );
    assert_eq!(checked(world, person, seen).await, all, "checks");
    assert_eq!(found(world, person).await, read(seen), "search");
    assert_eq!(chats_found(world, person).await, all, "search in chats");
    the_feed_agrees(world, person, &all).await;
    counts_of_filters_agree(world, person, all.len()).await;
    let few = some(seen, seed);
    assert_eq!(got(world, person, &few).await, shown(&few), "single reads");
    messages_agree(world, person, &few).await;
}

/// A random few.
fn some(seen: &Sights, seed: &Seed) -> Sights {
    let mut all: Vec<_> = seen.iter().collect();
    seed.shuffle(&mut all);
    let few = all.into_iter().take(FEW);
    few.map(|(id, sight)| (id.clone(), *sight)).collect()
}

async fn listed(
    world: &World,
    person: &Person,
    seen: usize,
    seed: &Seed,
) -> BTreeMap<String, Seen> {
    let mut found = BTreeMap::new();
    let mut request = ListConversationsRequest {
        page_size: i32::try_from(1 + seed.below(20 + seen / 4)).expect("small"),
        ..ListConversationsRequest::default()
    };
    loop {
        let asked = with(&person.token, request.clone());
        let page = world.inbox().list_conversations(asked).await;
        let page = page.expect("a page").into_inner();
        for row in &page.conversations {
            shows_no_more(row, row.visibility());
            let twice = found.insert(row.id.clone(), row.visibility());
            assert_eq!(twice, None, "listed twice");
        }
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn got(world: &World, person: &Person, seen: &Sights) -> BTreeMap<String, Seen> {
    let mut found = BTreeMap::new();
    for id in seen.keys() {
        let request = GetConversationRequest {
            conversation_id: id.clone(),
        };
        let asked = with(&person.token, request);
        if let Ok(reply) = world.conversations().get_conversation(asked).await {
            let row = reply.into_inner().conversation.expect("it");
            shows_no_more(&row, row.visibility());
            found.insert(id.clone(), row.visibility());
        }
    }
    found
}

/// A row has the chat, the actions and the deal only where they may be seen.
fn shows_no_more(row: &Conversation, seen: Seen) {
    let readable = matches!(seen, Seen::ContactAndChat | Seen::DealAndChat);
    assert_eq!(row.last_message.is_some(), readable, "{row:?}");
    assert_eq!(!row.allowed_actions.is_empty(), readable, "{row:?}");
    assert!(
        seen == Seen::DealAndChat || row.card_id.is_empty(),
        "{row:?}"
    );
}

async fn messages_agree(world: &World, person: &Person, seen: &Sights) {
    for (id, sight) in seen {
        let request = ListMessagesRequest {
            conversation_id: id.clone(),
            ..ListMessagesRequest::default()
        };
        let asked = with(&person.token, request);
        let page = world.conversations().list_messages(asked).await;
        assert_eq!(page.is_ok(), sight.shows_messages(), "{sight:?} of {id}");
        let request = ExportConversationRequest {
            conversation_id: id.clone(),
        };
        let asked = with(&person.token, request);
        let export = world.conversations().export_conversation(asked).await;
        assert_eq!(export.is_ok(), sight.shows_messages(), "{sight:?} of {id}");
    }
}

async fn checked(world: &World, person: &Person, seen: &Sights) -> BTreeMap<String, Seen> {
    let ids: Vec<_> = seen.keys().cloned().collect();
    let question = |id: &String| VisibilityQuestion {
        conversation_id: id.clone(),
        ..VisibilityQuestion::default()
    };
    let request = BatchCheckVisibilityRequest {
        questions: ids.iter().map(question).collect(),
    };
    let asked = with(&person.token, request);
    let reply = world.visibility().batch_check_visibility(asked).await;
    let answers = reply.expect("answers").into_inner().answers;
    // One at a time gives the same.
    let request = CheckVisibilityRequest {
        question: ids.first().map(question),
    };
    let asked = with(&person.token, request);
    let alone = world.visibility().check_visibility(asked).await;
    let alone = alone.expect("an answer").into_inner().answer;
    assert_eq!(alone.as_ref(), answers.first());
    let answers = ids.into_iter().zip(&answers);
    answers
        .map(|(id, answer)| (id, answer.visibility()))
        .filter(|(_, seen)| *seen != Seen::Unspecified)
        .collect()
}

/// What search finds of a text that every conversation holds.
async fn found(world: &World, person: &Person) -> BTreeMap<String, Seen> {
    let hits = search::all(world, &person.token, &search::part(GREETING)).await;
    let mut found = BTreeMap::new();
    for hit in hits {
        let row = hit.conversation.expect("it");
        shows_no_more(&row, row.visibility());
        let twice = found.insert(row.id.clone(), row.visibility());
        assert_eq!(twice, None, "found twice");
    }
    found
}

/// What search in chats finds of a name that every client has.
async fn chats_found(world: &World, person: &Person) -> BTreeMap<String, Seen> {
    let hits = search_chats::all(world, &person.token, CLIENT).await;
    let rows = hits.into_iter().map(|hit| hit.conversation.expect("it"));
    let mut found = BTreeMap::new();
    for row in rows {
        shows_no_more(&row, row.visibility());
        let twice = found.insert(row.id.clone(), row.visibility());
        assert_eq!(twice, None, "found twice");
    }
    found
}

/// A filter that everything fits counts what is seen, up to its bound.
async fn counts_of_filters_agree(world: &World, person: &Person, seen: usize) {
    let lives = [ConversationLife::Open, ConversationLife::Closed];
    let everything = any(lives.map(|life| node(Node::Life(life.into()))).into());
    let filter = filter_counts::save(world, &person.token, everything).await;
    let counts = filter_counts::count(world, &person.token, &[&filter], true).await;
    let counts = counts.expect("counted").filters;
    let counted = usize::try_from(counts[0].count).expect("a number");
    assert_eq!((counted, counts[0].more), (seen.min(99), seen > 99));
    filter_counts::delete(world, &person.token, &filter).await;
}

/// The feed holds what concerns somebody: each entry with as much as is seen of its conversation.
async fn the_feed_agrees(world: &World, person: &Person, all: &BTreeMap<String, Seen>) {
    let mut request = ListNotificationsRequest {
        page_size: 100,
        ..ListNotificationsRequest::default()
    };
    let mut feed = NotificationServiceClient::new(world.channel());
    loop {
        let asked = with(&person.token, request.clone());
        let page = feed.list_notifications(asked).await;
        let page = page.expect("a page").into_inner();
        for entry in page.notifications {
            let row = entry.conversation.expect("it");
            shows_no_more(&row, row.visibility());
            assert_eq!(all.get(&row.id), Some(&row.visibility()), "the feed");
            assert!(entry.message_id.is_empty() || row.last_message.is_some());
        }
        if page.next_page_token.is_empty() {
            return;
        }
        request.page_token = page.next_page_token;
    }
}

/// The window's list: each contact once of whom somebody sees a conversation, and each chat without one.
pub async fn window_agrees(world: &World, account: &Account, person: &Person) {
    let mut expected: Vec<String> = Vec::new();
    for (place, id) in account.conversations.iter().enumerate() {
        if account.seen_by(person)[id] != Visibility::Hidden {
            expected.push(account.contact_of(place).unwrap_or_else(|| id.clone()));
        }
    }
    expected.sort();
    expected.dedup();
    let listed = contacts::listed(world, &person.token).await;
    let mut listed: Vec<String> = listed
        .into_iter()
        .map(|entry| {
            let row = entry.last_chat.expect("a chat").conversation.expect("it");
            shows_no_more(&row, row.visibility());
            match entry.contact_id.is_empty() {
                true => row.id,
                false => entry.contact_id,
            }
        })
        .collect();
    listed.sort();
    assert_eq!(listed, expected, "the window's list");
}

/// Counters of all and of each who is responsible for contacts.
pub async fn counters_agree(world: &World, account: &Account, person: &Person) {
    let seen = account.seen_by(person);
    let mut expected = BTreeMap::new();
    for (place, id) in account.conversations.iter().enumerate() {
        if seen[id] != Visibility::Hidden {
            let owner = account.facts(place, person.user).contact_owner;
            let owner = owner.map_or_else(String::new, |owner| owner.to_string());
            *expected.entry(owner).or_default() += 1;
        }
    }
    let counters = counters(world, &person.token).await;
    let all = counters.all.unwrap_or_default().open;
    assert_eq!(all, expected.values().sum::<i64>(), "all that are counted");
    let counted = by_user(&counters).into_iter();
    let counted: BTreeMap<_, _> = counted.map(|(user, tally)| (user, tally.open)).collect();
    assert_eq!(counted, expected, "counters by who is responsible");
}

/// A live stream: what it told, over what was seen when it began.
pub struct Watching {
    told: Arc<Mutex<Sights>>,
    /// Ends with it.
    _task: JoinSet<()>,
}

impl Watching {
    pub async fn start(world: &World, person: &Person, seen: &Sights) -> Self {
        let asked = with(&person.token, WatchInboxRequest::default());
        let mut stream = world
            .inbox()
            .watch_inbox(asked)
            .await
            .expect("a stream")
            .into_inner();
        stream.message().await.expect("a step").expect("it greets");
        let told = Arc::new(Mutex::new(seen.clone()));
        let seen = Arc::clone(&told);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok(Some(step)) = stream.message().await {
                if let Some(Event::Change(change)) = step.event {
                    let row = change.conversation.clone().expect("it");
                    let sight = match (change.kind(), row.visibility()) {
                        (ChangeKind::Hidden, _) => Visibility::Hidden,
                        (_, Seen::ContactOnly) => Visibility::ContactOnly,
                        (_, Seen::ContactAndChat) => Visibility::ContactAndChat,
                        (_, Seen::DealAndChat) => Visibility::DealAndChat,
                        (kind, Seen::Unspecified) => panic!("{kind:?} of what is hidden"),
                    };
                    if sight != Visibility::Hidden {
                        shows_no_more(&row, row.visibility());
                    }
                    seen.lock().expect("no panic").insert(row.id, sight);
                }
            }
        });
        Self { told, _task: task }
    }

    /// The list at the beginning with all changes that were told is what is seen in the end.
    pub async fn agrees_at_last(self, seen: &Sights) {
        wait_for_state("the stream has told every change", async || {
            let told = self.told.lock().expect("no panic").clone();
            if told == *seen {
                return Ok(());
            }
            let wrong = told.into_iter().filter(|(id, sight)| seen[id] != *sight);
            let wrong = wrong.map(|(id, sight)| (sight, seen[&id], id));
            Err(wrong.collect::<Vec<_>>())
        })
        .await;
    }
}

/// Who sees a random conversation.
pub async fn who_can_see_agrees(world: &World, account: &Account, seed: &Seed) {
    let id = &account.conversations[seed.below(account.conversations.len())];
    let mut found = BTreeMap::new();
    let mut request = WhoCanSeeRequest {
        conversation_id: id.clone(),
        page_size: 2,
        ..WhoCanSeeRequest::default()
    };
    loop {
        let asked = with(&world.admin, request.clone());
        let page = world.visibility().who_can_see(asked).await;
        let page = page.expect("a page").into_inner();
        for viewer in page.viewers {
            let answer = viewer.answer.expect("it");
            assert!(answer.rule.starts_with("IDN-"), "{answer:?}");
            found.insert(viewer.user_id, answer.visibility());
        }
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    for person in &account.people {
        let expected = shown(&account.seen_by(person)).get(id).copied();
        let seen = found.get(&person.user.to_string()).copied();
        assert_eq!(seen, expected, "{id}");
    }
}

/// What a random change would do.
pub async fn a_preview_agrees(world: &World, account: &Account, seed: &Seed) {
    let subject = id::rights_subject::Subject::Role(id::Role::Manager.into());
    let wished = account.random_rules(seed, subject);
    let mut fields = kit::validate::Fields::new();
    let rules = auth::rights::rules(&mut fields, "rights", &wished);
    let mut after = account.rights.clone();
    let manager = access::Subject::Role(auth::Role::Manager);
    after.rules.subjects.insert(manager, rules);
    let request = PreviewRightsRequest {
        rights: Some(wished),
        ..PreviewRightsRequest::default()
    };
    let asked = with(&world.admin, request);
    let reply = world.visibility().preview_rights(asked).await;
    let previews = reply.expect("previews").into_inner().previews;
    for person in account.people.iter().filter(|it| !it.is_administrator) {
        let (was, would) = (
            account.seen_by(person),
            account.seen_under(&after, person.user),
        );
        let changes = was.iter().map(|(id, was)| (*was, would[id]));
        let count = |of: fn(Visibility, Visibility) -> bool| {
            let of = changes.clone().filter(|(was, would)| of(*was, *would));
            i32::try_from(of.count()).expect("few")
        };
        let expected = [
            count(|was, would| was == Visibility::Hidden && would > was),
            count(|was, would| would == Visibility::Hidden && was > would),
            count(|was, would| was != Visibility::Hidden && would > was),
            count(|was, would| would != Visibility::Hidden && was > would),
        ];
        let user = person.user.to_string();
        let told = previews.iter().find(|preview| preview.user_id == user);
        let told = told.expect("everybody of the role is told of");
        let counts = [told.appear, told.disappear, told.widen, told.narrow];
        assert_eq!(counts, expected);
        let differ = changes.filter(|(was, would)| was != would).count();
        assert_eq!(told.examples.len(), differ.min(10));
        for example in &told.examples {
            assert_eq!(example.before(), wire(was[&example.conversation_id]));
            assert_eq!(example.after(), wire(would[&example.conversation_id]));
        }
    }
}
