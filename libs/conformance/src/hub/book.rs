//! What the hub knows.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use api::connector::v1::{ChannelEvent, ConnectorConnection, ConnectorManifest, PublishResult};
use api::conversations::v1::ConnectionState;

use super::Options;
use super::deliveries::Held;
use super::files::{Coming, Kept};
use super::history::Chat;

/// A bad moment of the hub.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It cannot do it now, and did not.
    Unavailable,
    /// It is too busy for so long, and did not do it.
    Busy(Duration),
    /// It did it, and the answer is lost.
    LoseAnswer,
    /// It takes so long.
    Slow(Duration),
}

/// Bad moments to come.
#[derive(Debug, Default)]
pub struct Faults {
    /// Of the next calls of Publish.
    pub publish: VecDeque<Fault>,
    /// Of every call of Publish after those.
    pub publish_always: Option<Fault>,
    /// Events with this text are refused for good.
    pub refuse_text: String,
    /// Of the next reports that say how a delivery ended.
    pub report: VecDeque<Fault>,
    /// Deliveries that are somebody else's when the connector wants to begin.
    pub fenced: HashSet<String>,
    /// Of the next uploads.
    pub upload: VecDeque<Fault>,
    /// So many downloads break off in the middle.
    pub broken_downloads: usize,
}

/// All of it.
#[derive(Debug)]
pub struct Book {
    /// Its connection.
    pub connection: ConnectorConnection,
    /// Counts its changes.
    pub version: u64,
    /// What the connector said of itself.
    pub manifest: Option<ConnectorManifest>,
    /// How often.
    pub registrations: u32,
    /// How it says its connection is.
    pub health: Option<(ConnectionState, String)>,
    /// Stored events in order of storing.
    pub events: Vec<ChannelEvent>,
    /// Every event that was ever brought, and how often, by its id.
    pub brought: HashMap<String, (ChannelEvent, u32)>,
    /// What became of each stored event, by its id.
    pub stored: HashMap<String, PublishResult>,
    /// Chats by the channel's ids.
    pub chats: BTreeMap<String, Chat>,
    /// Conversations so far.
    pub conversations: i64,
    /// Calls of Publish so far.
    pub publishes: u32,
    /// Chats of the calls of Publish that are not answered.
    pub publishing: Vec<HashSet<String>>,
    /// Open streams of deliveries.
    pub takers: usize,
    /// What is to be sent, in order of writing.
    pub deliveries: Vec<Held>,
    /// Where each stands among them, by its id.
    pub places: HashMap<String, usize>,
    /// How many of them were sent.
    pub sent: usize,
    /// Files.
    pub files: HashMap<String, Kept>,
    /// Files that come in parts, by chat and the client's own key, as far as they have come.
    pub coming: HashMap<(String, String), Coming>,
    /// What goes wrong next.
    pub faults: Faults,
    /// What no connector should do; each told once.
    pub offences: Vec<String>,
}

impl Book {
    pub(super) fn new(options: &Options, connection: String) -> Self {
        let settings = options.settings.clone();
        Self {
            connection: ConnectorConnection {
                id: connection,
                external_id: "conformance".to_owned(),
                title: "Conformance".to_owned(),
                enabled: true,
                settings: Some(kit::json::to_struct(settings)),
            },
            version: 1,
            manifest: None,
            registrations: 0,
            health: None,
            events: Vec::new(),
            brought: HashMap::new(),
            stored: HashMap::new(),
            chats: BTreeMap::new(),
            conversations: 0,
            publishes: 0,
            publishing: Vec::new(),
            takers: 0,
            deliveries: Vec::new(),
            places: HashMap::new(),
            sent: 0,
            files: HashMap::new(),
            coming: HashMap::new(),
            faults: Faults::default(),
            offences: Vec::new(),
        }
    }

    /// Notes what no connector should do.
    pub fn offence(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.offences.contains(&text) {
            self.offences.push(text);
        }
    }

    /// The connection is switched on or off.
    pub fn switch(&mut self, enabled: bool) {
        self.connection.enabled = enabled;
        self.version += 1;
        if enabled {
            self.show_what_waited();
        }
    }
}
