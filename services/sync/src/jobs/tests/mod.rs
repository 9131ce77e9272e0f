//! The workers against a CRM that fails as CRMs do, on a real database.

mod crm;
mod employees;
mod faults;
mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use kit::secrets::MasterKey;
use pg::{Db, SystemScope};
use rules::{Method, Names, Occasion, Parameter, Settings};
use testkit::TestDb;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::sync::Notify;
use types::{AccountId, Clock, ConversationId, IntegrationId, Language, MessageId};

use self::crm::FakeCrm;
use crate::MIGRATIONS;
use crate::core::Core;
use crate::domain::client::Asked;
use crate::domain::integration::Integration;
use crate::domain::run::Run;
use crate::store::jobs::{self, Job};
use crate::store::runs::Which;
use crate::store::{integrations, requests, runs};
use crate::target::amo::Amo;

/// How often the workers look by themselves.
const POLL: Duration = Duration::from_millis(500);
/// How often it is looked whether they have taken who is due, before they are woken once more.
const LOOKS: usize = 50;
const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// An account with an integration, workers, and a CRM that does as it is told.
struct World {
    core: Arc<Core>,
    crm: Arc<FakeCrm>,
    clock: Clock,
    account: AccountId,
    integration: Integration,
    life: Lifecycle,
    db: TestDb,
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}

fn settings() -> Settings {
    Settings {
        name: "Site".into(),
        enabled: true,
        exclusive: true,
        channels: vec!["telegram".into()],
        method: Method::ContactAndDeal,
        filter: None,
        tasks: None,
        tags: Vec::new(),
        names: Names::default(),
        pipeline: String::new(),
        stage: String::new(),
        pipeline_rules: Vec::new(),
        responsible: "anna".into(),
        fields: Vec::new(),
    }
}

impl World {
    /// Nothing works until [`World::work`].
    async fn start() -> Self {
        let database = testkit::database(&[&MIGRATIONS]).await;
        let config = pg::Config::new(database.url(&MIGRATIONS));
        let db = Db::connect(&config, &MIGRATIONS).await.expect("connected");
        let (crm, clock) = (Arc::new(FakeCrm::default()), Clock::manual(NOW));
        let target: Arc<FakeCrm> = Arc::clone(&crm);
        let key = MasterKey::parse(&MasterKey::generate()).expect("a key");
        let amo = Amo::new(db.clone(), clock.clone(), key, None).expect("a client");
        let news = Arc::new(Notify::new());
        let core = Core::new(db, clock.clone(), target, Arc::new(amo), news);
        let world = Self {
            core: Arc::new(core),
            crm,
            clock,
            account: AccountId::generate(),
            integration: Integration {
                id: IntegrationId::generate(),
                position: 0,
                language: Language::En,
                portal: None,
                settings: settings(),
                daily_sync: false,
                employee_sync_time: None,
                version: 1,
                create_time: NOW,
                update_time: NOW,
            },
            life: Lifecycle::new(),
            db: database,
        };
        let (account, integration) = (world.account, world.integration.clone());
        let made = world.core.db.tx(SystemScope::for_job("test"), move |tx| {
            Box::pin(async move { integrations::insert(tx, account, &integration, "user_1").await })
        });
        made.await.expect("stored");
        world
    }

    fn work(&self) {
        super::work::spawn(&self.core, &self.life);
    }

    /// A message of a client in a conversation of their own.
    async fn write(&self, client: &str, place: i64) -> ConversationId {
        let (account, message) = (self.account, MessageId::generate());
        let now = self.clock.now();
        let facts = BTreeMap::from([
            (Parameter::Channel, "telegram".to_owned()),
            (Parameter::ExternalId, client.to_owned()),
            (Parameter::ClientName, client.to_owned()),
            (Parameter::ConversationNumber, place.to_string()),
        ]);
        let asked = Asked {
            conversation: ConversationId::generate(),
            number: place,
            client_key: format!("telegram\n{client}"),
            facts: facts.clone(),
            is_group: false,
            first_message: message,
            occasion: Occasion::New,
            message_time: NOW,
            create_time: NOW,
        };
        let id = asked.conversation;
        let job = Job {
            place,
            id: message.uuid(),
            conversation: id,
            occasion: Occasion::New,
            facts,
            message_time: NOW,
            is_rerun: false,
        };
        let written = self.core.db.tx(SystemScope::for_job("test"), move |tx| {
            Box::pin(async move {
                requests::keep(tx, account, &asked).await?;
                jobs::add(tx, account, &asked.client_key, &job, now).await
            })
        });
        let written: Result<(), pg::Error> = written.await;
        written.expect("stored");
        self.core.news.notify_one();
        id
    }

    /// Moves the clock to when the next client is due, at most so far; not at all while a worker has one.
    async fn tick(&self, most: Duration) {
        for _ in 0..LOOKS {
            let now = self.clock.now();
            match self.next_due().await {
                (0, None) => return self.clock.advance(most),
                (0, Some(due)) if due > now => {
                    let until = (due - now).unsigned_abs().max(POLL);
                    return self.clock.advance(until.min(most));
                }
                // Workers are about to look, or work.
                _ => Clock::system().sleep(Duration::from_millis(2)).await,
            }
        }
        if self.next_due().await.0 == 0 {
            self.clock.advance(POLL);
        }
    }

    /// How many clients workers have, and when the next of the others is due.
    async fn next_due(&self) -> (i64, Option<OffsetDateTime>) {
        let looked = self.core.db.tx(SystemScope::for_job("test"), move |tx| {
            Box::pin(async move {
                let found = sqlx::query_as(
                    "SELECT count(holder), min(due_time) FILTER (WHERE holder IS NULL) FROM clients",
                );
                Ok::<_, pg::Error>(found.fetch_one(&mut **tx).await?)
            })
        });
        looked.await.expect("read")
    }

    /// Lets so much time pass.
    async fn pass(&self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.tick((end - self.clock.now()).unsigned_abs()).await;
        }
    }

    /// The runs, the oldest first, once they are as they should be.
    async fn runs(&self, as_wanted: impl Fn(&[Run]) -> bool) -> Vec<Run> {
        let account = self.account;
        testkit::wait_for_state("the runs are as they should be", async || {
            let listed = self.core.db.tx(SystemScope::for_job("test"), move |tx| {
                Box::pin(async move { runs::list(tx, account, Which::All, None, 100).await })
            });
            self.tick(POLL).await;
            let listed: Result<Vec<Run>, pg::Error> = listed.await;
            let mut listed = listed.expect("listed");
            listed.reverse();
            if as_wanted(&listed) {
                Ok(listed)
            } else {
                Err(format!("{listed:#?}"))
            }
        })
        .await
    }
}
