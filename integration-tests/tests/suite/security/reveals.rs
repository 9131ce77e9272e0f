//! No path reveals more of a conversation or a card than reading it does.
//!
//! People with random rights call every method of the contracts. What [`BASE`] answers somebody is what they may know; nothing that
//! belongs to another conversation or card may be found in any other answer, refusals included: everything has a text of its own that
//! is looked for in the bytes. The methods come from the contracts: one without a case in `cases.rs` fails the test.

mod cases;
mod office;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use integration_tests::actors::Employee;
use integration_tests::{Seed, raw};
use prost::Message;

use super::methods;
use cases::cases;
use office::{Kind, Office, Thing};

/// What a method can reveal.
enum Reveals {
    /// Nothing of conversations and cards; why.
    Nothing(&'static str),
    /// It answers to these requests. They are made for every thing, whoever may see it.
    Reads(fn(&Thing) -> Option<Bytes>),
    /// The same, once: it names no thing.
    Lists(fn(&Office) -> Bytes),
    /// It changes a thing. Tried on what the caller may not see: it has to be refused.
    Changes(fn(&Thing) -> Option<Bytes>),
    /// It tells live what happens.
    Tells(fn(&Office) -> Bytes),
}

/// Reading one: what these answer is what somebody may know.
const BASE: [(Kind, &str); 7] = [
    (
        Kind::Conversation,
        "/beseda.conversations.v1.ConversationService/GetConversation",
    ),
    (Kind::Contact, "/beseda.crm.v1.ContactService/GetContact"),
    (Kind::Company, "/beseda.crm.v1.CompanyService/GetCompany"),
    (Kind::Deal, "/beseda.crm.v1.DealService/GetDeal"),
    (Kind::Customer, "/beseda.crm.v1.CustomerService/GetCustomer"),
    (Kind::Task, "/beseda.crm.v1.TaskService/GetTask"),
    (
        Kind::Record,
        "/beseda.crm.v1.UnsortedService/GetUnsortedRecord",
    ),
];

#[tokio::test]
async fn no_path_reveals_more_than_reading_does() {
    let seed = Seed::take();
    let cases: BTreeMap<&str, Reveals> = cases().into_iter().collect();
    let known: BTreeSet<String> = cases.keys().map(|path| (*path).to_owned()).collect();
    assert_eq!(
        known,
        methods::paths(false),
        "every public method says in cases.rs what it reveals, and every case is a method"
    );
    let office = Office::open(&seed).await;
    let mut wrong = Vec::new();
    for person in &office.people {
        let mut walk = Walk::begin(&office, person, &cases).await;
        for (path, case) in &cases {
            walk.try_path(path, case).await;
        }
        wrong.append(&mut walk.wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One person on the way through all methods.
struct Walk<'o> {
    office: &'o Office,
    person: &'o Employee,
    token: String,
    /// The texts that may be known.
    known: BTreeSet<&'o str>,
    /// The things that may be read.
    read: BTreeSet<&'o str>,
    wrong: Vec<String>,
}

impl<'o> Walk<'o> {
    async fn begin(
        office: &'o Office,
        person: &'o Employee,
        cases: &BTreeMap<&str, Reveals>,
    ) -> Self {
        let mut walk = Self {
            office,
            person,
            token: person.token().await,
            known: BTreeSet::new(),
            read: BTreeSet::new(),
            wrong: Vec::new(),
        };
        for (kind, path) in BASE {
            let Some(Reveals::Reads(request)) = cases.get(path) else {
                panic!("{path} reads");
            };
            for thing in office.things.iter().filter(|thing| thing.kind == kind) {
                let asked = request(thing).expect("a request for its own kind");
                if let Ok(answer) = walk.call(path, asked).await {
                    walk.read.insert(&thing.id);
                    walk.known.extend(office.found_in(&answer));
                }
            }
        }
        walk
    }

    async fn try_path(&mut self, path: &str, case: &Reveals) {
        match case {
            Reveals::Nothing(why) => assert!(!why.is_empty(), "{path} needs a reason"),
            Reveals::Reads(request) => {
                for thing in &self.office.things {
                    if let Some(asked) = request(thing) {
                        let answer = self.call(path, asked).await;
                        self.compare(path, &thing.id, &bytes_of(answer));
                    }
                }
            }
            Reveals::Lists(request) => {
                let answer = self.call(path, request(self.office)).await;
                self.compare(path, "the list", &bytes_of(answer));
            }
            Reveals::Changes(request) => {
                for thing in &self.office.things {
                    if !self.may_not_touch(thing) {
                        continue;
                    }
                    if let Some(asked) = request(thing) {
                        let answer = self.call(path, asked).await;
                        if answer.is_ok() {
                            let name = &thing.name;
                            self.wrong.push(format!("{path}: {name} was changed"));
                        }
                        self.compare(path, &thing.id, &bytes_of(answer));
                    }
                }
            }
            Reveals::Tells(request) => {
                let told = self.told(path, request(self.office)).await;
                self.compare(path, "the stream", &told);
            }
        }
    }

    /// It may not be read, or of a conversation only the contact.
    fn may_not_touch(&self, thing: &Thing) -> bool {
        let is_known = self.known.contains(&thing.name[..]);
        !self.read.contains(&thing.id[..]) || (thing.kind == Kind::Conversation && !is_known)
    }

    async fn call(&self, path: &str, asked: Bytes) -> Result<Bytes, tonic::Status> {
        raw::call(&self.person.channel(), path, &self.token, asked).await
    }

    /// What a stream tells while something happens to everything.
    async fn told(&self, path: &str, asked: Bytes) -> Bytes {
        let channel = self.person.channel();
        let mut stream = raw::stream(&channel, path, &self.token, asked)
            .await
            .expect("a stream");
        let mut told = stream
            .message()
            .await
            .expect("it greets")
            .expect("a step")
            .to_vec();
        self.office.stir().await;
        while let Ok(step) = tokio::time::timeout(office::QUIET, stream.message()).await {
            match step.expect("no refusal") {
                Some(step) => told.extend_from_slice(&step),
                None => break,
            }
        }
        told.into()
    }

    fn compare(&mut self, path: &str, of: &str, answer: &[u8]) {
        let found = self.office.found_in(answer);
        // Its id was in the request.
        let asked_by_id = |text: &&str| *text == of;
        let more: Vec<_> = found
            .into_iter()
            .filter(|text| !self.known.contains(text) && !asked_by_id(text))
            .collect();
        if !more.is_empty() {
            let who = &self.person.user().email;
            self.wrong
                .push(format!("{path} of {of} tells {who} of {more:?}"));
        }
    }
}

/// An answer or a refusal with all its details.
fn bytes_of(answer: Result<Bytes, tonic::Status>) -> Bytes {
    answer.unwrap_or_else(|status| {
        [status.message().as_bytes(), status.details()]
            .concat()
            .into()
    })
}

/// A message as it goes over the wire.
fn encoded(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}
