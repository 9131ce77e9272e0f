//! A client's data are erased in all stores, whatever is cut off meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::{Contact, CreateContactRequest, Email, Phone};
use api::erasure::internal::v1::erasure_store_service_client::ErasureStoreServiceClient;
use api::erasure::internal::v1::erasure_store_service_server::{
    ErasureStoreService, ErasureStoreServiceServer,
};
use api::erasure::internal::v1::{
    ErasePersonRequest, ErasePersonResponse, FindPersonRequest, FindPersonResponse,
    ScanPersonRequest, ScanPersonResponse,
};
use cabinet::MIGRATIONS;
use cabinet::admin::{self, Stage};
use cabinet::domain::erasure::Erasure;
use cabinet::erasure::{Subject, begin};
use pg::Db;
use testkit::{Dump, wait_for};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use types::{ContactId, ErasureId};

use crate::world::{PHONE, World, with};

/// A store whose answer gets lost once: what it did is done, and nobody knows.
#[derive(Clone)]
pub struct Lossy {
    inner: ErasureStoreServiceClient<Channel>,
    calls: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
}

impl Lossy {
    /// In front of a store; its own address.
    pub async fn start(url: &str, life: &kit::lifecycle::Lifecycle) -> (Self, String) {
        let inner = ErasureStoreServiceClient::new(kit::channel(url).expect("an address"));
        let lossy = Self {
            inner,
            calls: Arc::default(),
            lost: Arc::new(AtomicUsize::new(usize::MAX)),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let service = ErasureStoreServiceServer::new(lossy.clone());
        let stopping = life.stopping();
        life.spawn("lossy", async move {
            let incoming = TcpListenerStream::new(listener);
            let serving = tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming_shutdown(incoming, stopping.cancelled_owned());
            serving.await.expect("served");
        });
        (lossy, address)
    }

    /// From now on, the answer of the call of this number gets lost.
    fn lose(&self, call: usize) {
        self.calls.store(0, Ordering::SeqCst);
        self.lost.store(call, Ordering::SeqCst);
    }

    fn pass<T>(&self, answer: Result<Response<T>, Status>) -> Result<Response<T>, Status> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if call == self.lost.load(Ordering::SeqCst) {
            return Err(Status::unavailable("the answer got lost"));
        }
        answer
    }
}

#[tonic::async_trait]
impl ErasureStoreService for Lossy {
    async fn find_person(
        &self,
        request: Request<FindPersonRequest>,
    ) -> Result<Response<FindPersonResponse>, Status> {
        self.pass(self.inner.clone().find_person(request).await)
    }

    async fn erase_person(
        &self,
        request: Request<ErasePersonRequest>,
    ) -> Result<Response<ErasePersonResponse>, Status> {
        self.pass(self.inner.clone().erase_person(request).await)
    }

    async fn scan_person(
        &self,
        request: Request<ScanPersonRequest>,
    ) -> Result<Response<ScanPersonResponse>, Status> {
        self.pass(self.inner.clone().scan_person(request).await)
    }
}

pub async fn db(world: &World) -> Db {
    let config = pg::Config::new(world.db.url(&MIGRATIONS));
    Db::connect(&config, &MIGRATIONS).await.expect("connected")
}

/// A client of this number: known to crm, logged in at the cabinet.
async fn plant(world: &World, number: usize) -> (Planted, String) {
    let planted = Planted {
        name: format!("Аля Кузнецова{number}"),
        phone: format!("+7916123450{number}"),
        email: format!("alya{number}@example.com"),
    };
    let contact = Contact {
        name: planted.name.clone(),
        phones: vec![Phone {
            number: planted.phone.clone(),
            label: String::new(),
        }],
        emails: vec![Email {
            address: planted.email.clone(),
            label: String::new(),
        }],
        ..Contact::default()
    };
    let request = CreateContactRequest {
        contact: Some(contact),
        request_id: String::new(),
    };
    let mut crm = ContactServiceClient::new(world.crm.clone());
    let made = crm
        .create_contact(with(&world.admin, request))
        .await
        .expect("made");
    let contact = made.into_inner().contact.expect("it").id;
    let mut owner = world.db.owner().await;
    let client = types::new_uuid();
    sqlx::query("INSERT INTO cabinet.clients (account_id, id, phone, create_time) VALUES ($1, $2, $3, now())")
        .bind(world.account.uuid())
        .bind(client)
        .bind(&planted.phone)
        .execute(&mut owner)
        .await
        .expect("a client");
    sqlx::query(
        "INSERT INTO cabinet.client_sessions (account_id, token_digest, client_id, create_time, expire_time)
         VALUES ($1, sha256($2), $3, now(), now() + interval '1 day')",
    )
    .bind(world.account.uuid())
    .bind(client.as_bytes().to_vec())
    .bind(client)
    .execute(&mut owner)
    .await
    .expect("a session");
    (planted, contact)
}

struct Planted {
    name: String,
    phone: String,
    email: String,
}

impl Planted {
    fn all(&self) -> [&str; 3] {
        [&self.name, &self.phone, &self.email]
    }
}

async fn start(world: &World, db: &Db, phone: &str) -> ErasureId {
    let subject = Subject::Phone(phone.to_owned());
    let key = testkit::master_key();
    let begun = begin(db, &key, world.account, subject, world.clock.now());
    begun.await.expect("begun")
}

/// Time passes until it is over.
pub async fn finished(world: &World, db: &Db, id: ErasureId) -> Erasure {
    wait_for("the erasure is over", async || {
        world.clock.advance(Duration::from_secs(1));
        let erasure = admin::erasure(db, world.account, id).await.expect("read");
        erasure.filter(|erasure| erasure.stage == Stage::Done)
    })
    .await
}

async fn sessions(world: &World) -> i64 {
    let mut owner = world.db.owner().await;
    sqlx::query_scalar("SELECT count(*) FROM cabinet.client_sessions")
        .fetch_one(&mut owner)
        .await
        .expect("counted")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_gets_lost_at_any_step_changes_nothing() {
    let world = World::start().await;
    let db = db(&world).await;
    let mut receipts = Vec::new();
    let mut all = Vec::new();
    for call in 0..6 {
        all.push(plant(&world, call).await.0);
    }
    let dump = Dump::of(&world.db).await;
    for text in all.iter().flat_map(Planted::all) {
        assert!(
            !dump.places(text).is_empty(),
            "{text} has to be found before"
        );
    }
    for (call, planted) in all.iter().enumerate() {
        world.lossy.lose(call);
        let id = start(&world, &db, &planted.phone).await;
        let left = 5 - i64::try_from(call).expect("few");
        assert_eq!(sessions(&world).await, left, "the client is out at once");
        let erasure = finished(&world, &db, id).await;
        let dump = Dump::of(&world.db).await;
        for text in planted.all() {
            assert_eq!(dump.places(text), Vec::<&str>::new(), "{text}, call {call}");
        }
        assert!(erasure.receipt.found.is_empty() && erasure.receipt.looked_at > 0);
        assert_eq!(erasure.receipt.digests.len(), 3);
        receipts.push(erasure.receipt.removed);
    }
    for receipt in &receipts[1..] {
        assert_eq!(
            receipt, &receipts[0],
            "whatever got lost, each row is counted once"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_that_erase_at_once_make_one_erasure() {
    let world = World::start().await;
    let db = db(&world).await;
    let (planted, _) = plant(&world, 1).await;
    let (one, two) = tokio::join!(
        start(&world, &db, &planted.phone),
        start(&world, &db, &planted.phone)
    );
    finished(&world, &db, one).await;
    finished(&world, &db, two).await;
    let mut owner = world.db.owner().await;
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM crm.timeline WHERE kind = 14")
        .fetch_one(&mut owner)
        .await
        .expect("counted");
    assert_eq!(told, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_check_finds_what_came_back_and_tombstones_erase_it_again() {
    let world = World::start().await;
    let db = db(&world).await;
    let (planted, contact) = plant(&world, 1).await;
    let id = start(&world, &db, &planted.phone).await;
    finished(&world, &db, id).await;
    // As a restored backup would bring it.
    let mut owner = world.db.owner().await;
    sqlx::query("UPDATE crm.cards SET name = $1")
        .bind(&planted.name)
        .execute(&mut owner)
        .await
        .expect("planted");
    assert!(
        admin::check(&db, &world.clock, world.account, id)
            .await
            .expect("asked")
    );
    let checked = finished(&world, &db, id).await;
    let places: Vec<_> = checked.receipt.found["crm"].keys().collect();
    assert_eq!(places, ["crm.contacts"]);
    let contact: ContactId = contact.parse().expect("an id");
    let key = testkit::master_key();
    let again = admin::erase_again(&db, &key, &world.clock, world.account, vec![contact]);
    let again = again.await.expect("begun");
    finished(&world, &db, again).await;
    assert!(
        admin::check(&db, &world.clock, world.account, id)
            .await
            .expect("asked")
    );
    let checked = finished(&world, &db, id).await;
    assert!(checked.receipt.found.is_empty());
    assert_eq!(
        Dump::of(&world.db).await.places(&planted.name),
        Vec::<&str>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_in_the_cabinet_is_erased_whoever_it_belongs_to() {
    let world = World::start().await;
    let db = db(&world).await;
    // Two contacts with the number: the chat is nobody's, and only the cabinet knows who wrote in it.
    for name in ["Мария Крылова", "Крылова М."] {
        world.contact(name, PHONE).await;
    }
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    let text = format!("Я Мария Крылова, звоните {PHONE}");
    world.write(&token, 1, &text).await;
    let conversation = world.conversation().await;
    world.answer(&conversation.id, "Мария Крылова, ждите").await;
    let personal = ["Мария Крылова", PHONE];
    let dump = Dump::of(&world.db).await;
    for text in personal {
        let places = dump.places(text);
        assert!(
            places.iter().any(|it| it.starts_with("conversations.")),
            "{places:?}"
        );
    }
    let id = start(&world, &db, PHONE).await;
    let erasure = finished(&world, &db, id).await;
    let dump = Dump::of(&world.db).await;
    for text in personal {
        assert_eq!(dump.places(text), Vec::<&str>::new(), "{text}");
    }
    assert!(erasure.receipt.removed.contains_key("conversations"));
    let refused = world.messages_of(&token).await;
    assert_eq!(
        refused.expect_err("out").code(),
        tonic::Code::Unauthenticated
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_under_another_number_of_the_person_is_erased_too() {
    let world = World::start().await;
    let db = db(&world).await;
    let contact = Contact {
        name: "Мария Крылова".to_owned(),
        phones: [PHONE, "+79990000009"]
            .map(|number| Phone {
                number: number.to_owned(),
                label: String::new(),
            })
            .to_vec(),
        ..Contact::default()
    };
    let request = CreateContactRequest {
        contact: Some(contact),
        ..CreateContactRequest::default()
    };
    let made = ContactServiceClient::new(world.crm.clone())
        .create_contact(with(&world.admin, request))
        .await;
    made.expect("made");
    world.contact("Крылова М.", PHONE).await;
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    world.write(&token, 1, "Мария Крылова пишет").await;
    let id = start(&world, &db, "+79990000009").await;
    finished(&world, &db, id).await;
    let dump = Dump::of(&world.db).await;
    assert_eq!(dump.places("Мария Крылова"), Vec::<&str>::new());
}
