//! How connections are, told to the hub when it changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::connector::v1::HealthReport;
use api::conversations::v1::ConnectionState;
use tokio::sync::Notify;
use types::Clock;

use crate::backoff::Backoff;
use crate::channel::Trouble;
use crate::hub::Hub;

/// Reports in one call at most.
const MOST: usize = 100;

/// The longest text, in characters.
const LONGEST: usize = 500;

type Told = (ConnectionState, String);

/// What is to be told. A clone is cheap.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Book>);

#[derive(Debug, Default)]
struct Book {
    states: Mutex<BTreeMap<String, (Told, IsTold)>>,
    changed: Notify,
}

type IsTold = bool;

impl Health {
    /// A connection works.
    pub fn working(&self, connection: &str) {
        self.note(connection, (ConnectionState::Working, String::new()));
    }

    /// A connection does not work.
    pub fn trouble(&self, connection: &str, trouble: &Trouble) {
        let (state, text) = match trouble {
            Trouble::Disturbed(text) => (ConnectionState::Disturbed, text),
            Trouble::Broken(text) => (ConnectionState::Broken, text),
        };
        let text: String = text
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect();
        self.note(connection, (state, text));
    }

    fn note(&self, connection: &str, now: Told) {
        let is_new = self.with(|states| {
            let known = states.get(connection).map(|(told, _)| told);
            if known == Some(&now) {
                return false;
            }
            states.insert(connection.to_owned(), (now, false));
            true
        });
        if is_new {
            self.0.changed.notify_one();
        }
    }

    /// Tells the hub, for ever.
    pub async fn keep(self, hub: Hub) {
        let mut backoff = Backoff::default();
        loop {
            let news = self.untold();
            if news.is_empty() {
                self.0.changed.notified().await;
                continue;
            }
            match hub.report_health(news.clone()).await {
                Ok(()) => {
                    backoff.reset();
                    self.told(&news);
                }
                Err(error) => {
                    tracing::debug!(%error, "the state of connections was not taken; telling it again");
                    Clock::system().sleep(backoff.wait()).await;
                }
            }
        }
    }

    fn untold(&self) -> Vec<HealthReport> {
        self.with(|states| {
            let untold = states.iter().filter(|(_, (_, is_told))| !is_told);
            untold
                .take(MOST)
                .map(|(connection, ((state, text), _))| HealthReport {
                    connection_id: connection.clone(),
                    state: (*state).into(),
                    text: text.clone(),
                })
                .collect()
        })
    }

    /// What changed while it was told is told again.
    fn told(&self, reports: &[HealthReport]) {
        self.with(|states| {
            for report in reports {
                if let Some(((state, text), is_told)) = states.get_mut(&report.connection_id) {
                    *is_told = i32::from(*state) == report.state && *text == report.text;
                }
            }
        });
    }

    fn with<T>(&self, action: impl FnOnce(&mut BTreeMap<String, (Told, IsTold)>) -> T) -> T {
        action(&mut self.0.states.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
