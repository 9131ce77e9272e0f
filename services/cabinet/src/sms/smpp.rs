//! SMPP 3.4: a connection to an SMS centre that stays, for each provider that an account has installed.
//!
//! - [`message`]: how an SMS and a delivery receipt look. [`session`]: one connection, with its window, its signs of life, and coming back.
//!
//! Which centre is called is the operator's, like the host of an HTTP provider (BESEDA_SMS_WIDGETS); an account has its log-in there. Each
//! replica that sends has a connection of its own: a receipt may come to any of them, and is noted in the database.

mod message;
mod session;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use kit::secrets::sha256;
use pg::SystemScope;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use types::{AccountId, Clock, SmsProviderId};

use super::description::Setting;
use super::{ErrorClass, Fault, Provider, Sent, Sms};
use crate::state::State;
use crate::store::messages;
use message::Receipt;
use session::{Order, Session};

/// SMS that wait for a connection.
const WAITING: usize = 100;
/// Receipts that wait to be noted.
const RECEIPTS: usize = 1_000;
/// A receipt may overtake the answer to its SMS: it is looked for so often, a second apart.
const LOOKS: u32 = 5;

/// An SMS centre, as the operator describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smsc {
    /// Its key as a widget.
    pub key: String,
    /// Its name for people.
    pub title: String,
    /// How it is reached.
    pub smpp: Link,
    /// What its own statuses mean, by their decimal numbers: beside those of the standard.
    #[serde(default)]
    pub errors: BTreeMap<String, ErrorClass>,
    /// What an account has to set.
    #[serde(skip)]
    pub settings: Vec<Setting>,
}

/// How a centre is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// "host:port".
    pub address: String,
    /// `system_type` of the bind; most want none.
    #[serde(default)]
    pub system_type: String,
    /// SMS without an answer at once.
    #[serde(default = "usual_window")]
    pub window: usize,
    /// After so much silence it is asked whether it is there.
    #[serde(default = "usual_silence")]
    pub enquire_seconds: u64,
}

fn usual_window() -> usize {
    10
}

fn usual_silence() -> u64 {
    30
}

impl Smsc {
    /// Reads a description.
    ///
    /// # Errors
    /// A text that says what is wrong with it.
    pub fn read(json: serde_json::Value) -> Result<Self, String> {
        let mut smsc: Self = serde_json::from_value(json).map_err(|error| error.to_string())?;
        if smsc.key.is_empty() || smsc.title.is_empty() {
            return Err("key and title must not be empty".to_owned());
        }
        let port = smsc.smpp.address.rsplit_once(':').map(|(_, port)| port);
        if port.is_none_or(|port| port.parse::<u16>().is_err()) {
            return Err("smpp.address must be host:port".to_owned());
        }
        if !(1..=1_000).contains(&smsc.smpp.window) || smsc.smpp.enquire_seconds == 0 {
            return Err(
                "smpp.window must be 1 to 1000, smpp.enquire_seconds at least 1".to_owned(),
            );
        }
        smsc.settings = [
            ("system_id", "Login", false, true),
            ("password", "Password", true, true),
            ("sender", "Sender", false, false),
        ]
        .map(|(name, title, secret, required)| Setting {
            name: name.to_owned(),
            title: title.to_owned(),
            secret,
            required,
        })
        .to_vec();
        Ok(smsc)
    }
}

/// Whose connection.
type Owner = (AccountId, SmsProviderId);

/// The connection of an owner with settings of this digest.
type Key = (Owner, [u8; 32]);

/// The connections of this replica.
pub struct Sessions {
    open: Mutex<HashMap<Key, mpsc::Sender<Order>>>,
    begin: mpsc::UnboundedSender<Session>,
    begun: Mutex<Option<mpsc::UnboundedReceiver<Session>>>,
    patience: Duration,
}

impl Sessions {
    /// None yet. An SMS waits for its answer so long.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        let (begin, begun) = mpsc::unbounded_channel();
        Self {
            open: Mutex::default(),
            begin,
            begun: Mutex::new(Some(begun)),
            patience,
        }
    }

    /// A provider with an account's settings.
    pub fn provider(
        &self,
        smsc: &Arc<Smsc>,
        owner: Owner,
        settings: BTreeMap<String, String>,
    ) -> Box<dyn Provider> {
        Box::new(Smpp {
            orders: self.orders(smsc, owner, settings),
            patience: self.patience,
        })
    }

    /// The connection with these settings; with others it is another.
    fn orders(
        &self,
        smsc: &Arc<Smsc>,
        owner: Owner,
        settings: BTreeMap<String, String>,
    ) -> mpsc::Sender<Order> {
        let key = (owner, sha256(format!("{settings:?}").as_bytes()));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, orders| !orders.is_closed());
        let orders = open.entry(key).or_insert_with(|| {
            let (orders, taken) = mpsc::channel(WAITING);
            // The receiver lives as long as the service.
            let _ = self.begin.send(Session {
                smsc: Arc::clone(smsc),
                owner,
                settings,
                orders: taken,
                patience: self.patience,
            });
            orders
        });
        orders.clone()
    }
}

struct Smpp {
    orders: mpsc::Sender<Order>,
    patience: Duration,
}

impl Provider for Smpp {
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<Sent, Fault>> {
        async move {
            let (answer, answered) = oneshot::channel();
            let order = Order {
                sms: sms.clone(),
                answer,
            };
            // Not sent: it waits for the window of a centre that is slow, and is left there.
            let queued = tokio::time::timeout(self.patience, self.orders.send(order)).await;
            if !matches!(queued, Ok(Ok(()))) {
                return Err(fault(ErrorClass::Busy, "too many SMS wait for the centre"));
            }
            // A session answers each order, or is gone with its service.
            let gone = |_| Err(fault(ErrorClass::Unknown, "the connection ended"));
            answered.await.unwrap_or_else(gone)
        }
        .boxed()
    }
}

fn fault(class: ErrorClass, text: &str) -> Fault {
    Fault {
        class,
        text: text.to_owned(),
    }
}

/// Keeps the connections until the service stops, and notes what their receipts say.
pub async fn keep(state: State, stopping: CancellationToken) {
    let begun = state.smpp.begun.lock();
    let Some(mut begun) = begun.unwrap_or_else(PoisonError::into_inner).take() else {
        return;
    };
    let (receipts, mut told) = mpsc::channel(RECEIPTS);
    let (mut sessions, mut noting) = (FuturesUnordered::new(), FuturesUnordered::new());
    loop {
        tokio::select! {
            Some(session) = begun.recv() => sessions.push(session.run(receipts.clone(), stopping.clone())),
            Some(()) = sessions.next(), if !sessions.is_empty() => {}
            Some((owner, receipt)) = told.recv() => noting.push(note(&state, owner, receipt)),
            Some(()) = noting.next(), if !noting.is_empty() => {}
            () = stopping.cancelled(), if sessions.is_empty() => return,
            else => return,
        }
    }
}

/// A number of the centre's may come as decimal digits in one place and as hexadecimal ones in the other.
async fn note(state: &State, (account, provider): Owner, receipt: Receipt) {
    let (ids, delivered) = (receipt.ids(), receipt.delivered);
    for _ in 0..LOOKS {
        let ids = ids.clone();
        let job = SystemScope::for_job("note a delivery receipt");
        let noted = state.db.tx(job, move |tx| {
            Box::pin(async move {
                for id in &ids {
                    if messages::report(tx, account, provider, id, delivered).await? {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
        });
        match noted.await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                let error: pg::Error = error;
                tracing::warn!(%error, "a delivery receipt could not be noted; it is tried again");
            }
        }
        Clock::system().sleep(Duration::from_secs(1)).await;
    }
}
