//! Calls that clients share: a portal takes few calls a second, but up to fifty things in one.
//!
//! Each client's worker keeps for itself what it has begun, as it would for a call of its own: that calls go together shows nowhere else. amoCRM
//! refuses a call as a whole where it does not like one thing, and says which; the others are asked for again without it.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::hash::Hash;
use std::sync::Arc;

use quick_cache::sync::Cache;
use reqwest::Method;
use serde_json::{Value, json};
use types::PortalId;

use super::queue::{Queue, Step, Waiting};
use super::{Failure, Portal, wire};
use crate::store::portal_calls::Slot;

/// How many things amoCRM makes in one call.
const THINGS: usize = 50;
/// How many ids one question names: more do not fit into an address.
const IDS: usize = 200;

/// How many lines of waiting calls are kept; a line that is dropped only makes calls smaller.
const LINES: usize = 10_000;

/// A thing that waits to be made.
type Thing = Waiting<Value, Value>;
/// Ids that wait to be looked at.
type Question = Waiting<Vec<i64>, Vec<Value>>;
/// Lines by portal and kind of call.
type Lines<K, Q, A> = Cache<(PortalId, K), Arc<Queue<Q, A>>>;

/// The calls of all portals that wait.
pub(super) struct Shared {
    adding: Lines<Place, Value, Value>,
    reading: Lines<&'static str, Vec<i64>, Vec<Value>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            adding: Cache::new(LINES),
            reading: Cache::new(LINES),
        }
    }
}

impl Shared {
    fn adding(&self, portal: PortalId, at: Place) -> Arc<Queue<Value, Value>> {
        line(&self.adding, &(portal, at))
    }

    fn reading(&self, portal: PortalId, kind: &'static str) -> Arc<Queue<Vec<i64>, Vec<Value>>> {
        line(&self.reading, &(portal, kind))
    }
}

fn line<K: Clone + Eq + Hash, Q, A>(
    lines: &Lines<K, Q, A>,
    key: &(PortalId, K),
) -> Arc<Queue<Q, A>> {
    let new = || Ok::<_, Infallible>(Arc::default());
    lines.get_or_insert_with(key, new).unwrap_or_default()
}

impl Portal {
    /// Makes a thing; what amoCRM says of it. After [`Failure::Unknown`] it may be done.
    ///
    /// # Errors
    /// What is wrong with this thing, or with the call.
    pub(super) async fn add(&self, at: Place, thing: Value) -> Result<Value, Failure> {
        let queue = self.amo.shared.adding(self.id, at);
        let mut ticket = queue.join(thing);
        loop {
            let first = match queue.wait(&mut ticket).await {
                Step::Told(answer) => return answer,
                Step::First(first) => first,
            };
            let slot = self.turn().await?;
            let things = first.take(|taken, _| taken.len() < THINGS);
            self.add_all(at, slot, things).await;
        }
    }

    async fn add_all(&self, at: Place, slot: Slot, things: Vec<Thing>) {
        let (mut slot, mut parts) = (Some(slot), vec![things]);
        while let Some(things) = parts.pop() {
            let turn = match slot.take() {
                Some(slot) => Ok(slot),
                None => self.turn().await,
            };
            let asked = match turn {
                Ok(slot) => {
                    let body = body(&things);
                    let call = self.call_at(slot, (&Method::POST, at.path), &[], Some(&body));
                    call.await
                }
                Err(failure) => Err(failure),
            };
            match asked {
                Ok(answer) => tell(at, things, answer.unwrap_or_default()),
                Err(failure) => parts.extend(without(things, &failure)),
            }
        }
    }

    /// Looks at cards or tasks by their ids; what is gone is left out.
    ///
    /// # Errors
    /// When amoCRM does not answer.
    pub(super) async fn named(
        &self,
        kind: &'static str,
        ids: &[i64],
    ) -> Result<Vec<Value>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let queue = self.amo.shared.reading(self.id, kind);
        let mut ticket = queue.join(ids.to_vec());
        loop {
            let first = match queue.wait(&mut ticket).await {
                // Reading again does no harm: an answer that was lost is a call that was not made.
                Step::Told(Err(Failure::Unknown(why))) => return Err(Failure::ours(why)),
                Step::Told(answer) => return answer,
                Step::First(first) => first,
            };
            let slot = self.turn().await?;
            let questions = first.take(|taken, more| {
                let so_far: usize = taken.iter().map(|it| it.question.len()).sum();
                so_far + more.len() <= IDS
            });
            self.read_all(kind, slot, questions).await;
        }
    }

    async fn read_all(&self, kind: &'static str, slot: Slot, questions: Vec<Question>) {
        let ids: BTreeSet<i64> = questions
            .iter()
            .flat_map(|it| &it.question)
            .copied()
            .collect();
        let mut query: Vec<_> = ids
            .iter()
            .map(|id| ("filter[id][]", id.to_string()))
            .collect();
        query.push(("limit", "250".to_owned()));
        if kind == "contacts" {
            query.push(("with", "leads".to_owned()));
        }
        let path = format!("/api/v4/{kind}");
        let asked = self
            .call_at(slot, (&Method::GET, &path), &query, None)
            .await;
        let found = asked.map(|answer| by_id(wire::listed(answer.as_ref(), kind)));
        for it in questions {
            let of = |found: &BTreeMap<i64, Value>| {
                let own = it.question.iter().filter_map(|id| found.get(id).cloned());
                own.collect()
            };
            let answer = found.as_ref().map(of).map_err(Clone::clone);
            it.tell(answer);
        }
    }
}

/// Where things are made, and under which name amoCRM lists what it has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub path: &'static str,
    pub kind: &'static str,
}

fn by_id(found: Vec<Value>) -> BTreeMap<i64, Value> {
    let id = |it: &Value| wire::id(it);
    found
        .into_iter()
        .filter_map(|it| Some((id(&it)?, it)))
        .collect()
}

/// What is asked for: each thing is known by its place in the call.
fn body(things: &[Thing]) -> Value {
    let numbered = things.iter().enumerate().map(|(place, it)| {
        let mut thing = it.question.clone();
        thing["request_id"] = json!(place.to_string());
        thing
    });
    numbered.collect()
}

/// Tells each what was made of its thing. A list may be bare or among others.
fn tell(at: Place, things: Vec<Thing>, answer: Value) {
    let made: Vec<Value> = match answer {
        Value::Array(made) => made,
        answer => wire::listed(Some(&answer), at.kind),
    };
    if let (1, [made]) = (things.len(), &made[..]) {
        let made = made.clone();
        return things.into_iter().for_each(|it| it.tell(Ok(made.clone())));
    }
    let made: BTreeMap<String, Value> = made
        .into_iter()
        .filter_map(|it| Some((wire::request_id(&it)?, it)))
        .collect();
    for (place, it) in things.into_iter().enumerate() {
        let own = made.get(&place.to_string()).cloned();
        let unknown = || Failure::Unknown("amoCRM says nothing of one of several".to_owned());
        it.tell(own.ok_or_else(unknown));
    }
}

/// Tells those whom a failure is about; the others, as they are to be asked for again.
fn without(things: Vec<Thing>, failure: &Failure) -> Vec<Vec<Thing>> {
    let alone = things.len() == 1;
    let named = |place: usize| match failure {
        Failure::Parts(parts) if alone => {
            let own = parts.values().next().cloned();
            Some(own.unwrap_or_else(|| Failure::Refused(failure.to_string())))
        }
        Failure::Parts(parts) => parts.get(&place.to_string()).cloned(),
        // It does not say which one it is about.
        Failure::Refused(_) | Failure::Stale(_) if !alone => None,
        failure => Some(failure.clone()),
    };
    let (count, mut rest) = (things.len(), Vec::new());
    for (place, it) in things.into_iter().enumerate() {
        match named(place) {
            Some(failure) => it.tell(Err(failure)),
            None => rest.push(it),
        }
    }
    if rest.len() < count {
        return match rest.is_empty() {
            true => Vec::new(),
            false => vec![rest],
        };
    }
    // Halves, until it is known which one it is.
    let other = rest.split_off(rest.len() / 2);
    vec![other, rest]
}
