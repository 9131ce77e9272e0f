//! The same answer over every path: on random rights and cards the evaluator, the list, search, counters, single reads, messages, checks,
//! who-can-see, previews and live streams agree about every (employee, conversation).
//!
//! Short on every run; `BESEDA_RIGHTS=long` compares a million (employee, conversation, path) and more, in a larger account, and says how
//! far it is.
//! `BESEDA_SEED` repeats the choices of a run.

mod life;
mod paths;

use testkit::{Seed, is_long_for_rights};

use crate::search;
use crate::world::World;
use life::Account;
use paths::Watching;

/// Paths that are asked about every conversation: the list, checks, search in messages, search in chats, the live stream. The other paths
/// answer with numbers or are asked about a few.
const PATHS: usize = 5;

/// How large the account is, and how many (employee, conversation) are compared at the least under the rights and cards of a round, each
/// over every path.
struct Extent {
    conversations: usize,
    cards: usize,
    pairs: usize,
}

const LONG: Extent = Extent {
    conversations: 400,
    cards: 60,
    pairs: 1_000_000 / PATHS,
};
const SHORT: Extent = Extent {
    conversations: 40,
    cards: 12,
    pairs: 1_000,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_path_gives_the_evaluators_answer_on_random_rights_and_cards() {
    let seed = Seed::take();
    let world = World::start().await;
    let extent = if is_long_for_rights() { LONG } else { SHORT };
    let mut account = Account::people(&world, &seed, &extent).await;
    search::indexed(&world).await;
    let mut compared = 0;
    while compared < extent.pairs {
        account.change_rights(&world, &seed).await;
        account.change_cards(&world, &seed).await;
        account.link_some(&world, &seed).await;
        let mut streams = Vec::new();
        for person in &account.people {
            streams.push(Watching::start(&world, person, &account.seen_by(person)).await);
        }
        // What happens while somebody watches is told to them, and only to who sees it or saw it.
        account.change_cards(&world, &seed).await;
        for (person, watching) in account.people.iter().zip(streams) {
            let seen = account.seen_by(person);
            watching.agrees_at_last(&seen).await;
            paths::agree(&world, person, &seen, &seed).await;
            paths::counters_agree(&world, &account, person).await;
            paths::window_agrees(&world, &account, person).await;
            compared += seen.len();
        }
        paths::who_can_see_agrees(&world, &account, &seed).await;
        paths::a_preview_agrees(&world, &account, &seed).await;
        let triples = compared * PATHS;
        println!("{compared} pairs, {triples} with their path, no difference");
    }
}
