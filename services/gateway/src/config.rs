//! The gateway's settings.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use types::Clock;

/// All of them.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where callers come in: gRPC, gRPC-Web and HTTP on one port.
    pub listen: SocketAddr,
    /// Where operators read `/metrics`; nowhere when empty. Keep it on loopback or inside the cluster.
    pub admin_listen: Option<SocketAddr>,
    /// Certificate and key, when no proxy in front ends TLS.
    pub tls: Option<Tls>,
    /// Shared counters of the rate limits. The gateway works without Redis, with limits of each replica's own.
    pub redis_url: String,
    /// Before every key in Redis, so that installations and tests can share one.
    pub redis_prefix: String,
    /// Address of identity, `http://HOST:PORT`.
    pub identity: String,
    /// Address of crm.
    pub crm: String,
    /// Address of conversations.
    pub conversations: String,
    /// Address of connector-onlinechat.
    pub onlinechat: String,
    /// Address of cabinet, if the installation has it.
    pub cabinet: Option<String>,
    /// Address of sync, if the installation has it.
    pub sync: Option<String>,
    /// Connectors that providers call at `/hooks/<key>/…`: their keys and addresses.
    pub hooks: Vec<(String, String)>,
    /// With what the gateway proves to identity who it is.
    pub service_secret: SecretString,
    /// The built web pages: `loader.js`, `chat.html`, `demo.html`, `assets/`.
    pub web_root: PathBuf,
    /// The built page of the client's cabinet: `cabinet.html`, `assets/`.
    pub cabinet_root: PathBuf,
    /// How the outside reaches this gateway, for example `https://chat.example.com`.
    pub public_url: String,
    /// The online chat on the demo page; without one there is no demo page.
    pub demo_chat: Option<String>,
    /// Pages of these origins may call the API from a browser. The chat window is of the gateway's own origin and needs none.
    pub cors_origins: Vec<String>,
    /// Proxies whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What one caller may use.
    pub limits: Limits,
    /// The time.
    pub clock: Clock,
}

/// Files in PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate and those that vouch for it.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What callers may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest message in bytes, also the largest body of a unary call.
    pub max_message: usize,
    /// Largest headers of a call in bytes.
    pub max_headers: u32,
    /// Open connections.
    pub max_connections: usize,
    /// Calls at once on one HTTP/2 connection.
    pub max_streams_per_connection: u32,
    /// Unary calls in progress.
    pub max_calls: usize,
    /// Streams in progress.
    pub max_streams: usize,
    /// Time of a unary call that names none, and the most it may name.
    pub call_time: Duration,
    /// Time to finish a TLS handshake, to begin to speak, and to send the headers of an HTTP/1 request.
    pub opening_time: Duration,
    /// Time to finish calls in progress when the gateway stops.
    pub drain_time: Duration,
    /// How long a call waits for a service that restarts.
    pub patience: Duration,
    /// Connections to each service from the start; more are opened as calls fill them.
    pub connections_per_service: usize,
    /// Calls per second.
    pub rates: Rates,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message: 4 << 20,
            max_headers: 16 << 10,
            max_connections: 20_000,
            max_streams_per_connection: 256,
            max_calls: 4096,
            max_streams: 20_000,
            call_time: Duration::from_secs(30),
            opening_time: Duration::from_secs(10),
            drain_time: Duration::from_secs(20),
            patience: Duration::from_secs(3),
            connections_per_service: 1,
            rates: Rates::default(),
        }
    }
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// At once, after a quiet time.
    pub burst: u32,
}

/// Calls per second of each kind of caller.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// All employees and programs of an account together.
    pub account: Rate,
    /// One API key.
    pub key: Rate,
    /// One address, for pages and for calls without an access token.
    pub address: Rate,
    /// Log-ins and client credentials from one address.
    pub log_in: Rate,
    /// Refreshed sessions from one address: a whole office may share it.
    pub refresh: Rate,
    /// New or resumed visitors from one address.
    pub visitor_session: Rate,
    /// API keys from one address that are not known here yet.
    pub key_exchange: Rate,
    /// Providers' calls from one address: a provider calls for all bots of an installation from few.
    pub hook: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        let rate = |per_second, burst| Rate { per_second, burst };
        Self {
            account: rate(1000.0, 2000),
            key: rate(500.0, 1000),
            address: rate(50.0, 300),
            log_in: rate(0.2, 20),
            refresh: rate(2.0, 100),
            visitor_session: rate(1.0, 30),
            key_exchange: rate(1.0, 30),
            hook: rate(1000.0, 4000),
        }
    }
}

impl Config {
    /// Settings for one machine: these services, everything else as usual.
    #[must_use]
    pub fn local(
        identity: &str,
        crm: &str,
        conversations: &str,
        onlinechat: &str,
        service_secret: SecretString,
    ) -> Self {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            listen: loopback(8080),
            admin_listen: None,
            tls: None,
            redis_url: "redis://127.0.0.1:6379".to_owned(),
            redis_prefix: String::new(),
            identity: identity.to_owned(),
            crm: crm.to_owned(),
            conversations: conversations.to_owned(),
            onlinechat: onlinechat.to_owned(),
            cabinet: None,
            sync: None,
            hooks: Vec::new(),
            service_secret,
            web_root: PathBuf::from("web/widget/dist"),
            cabinet_root: PathBuf::from("web/cabinet/dist"),
            public_url: "http://127.0.0.1:8080".to_owned(),
            demo_chat: None,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            clock: Clock::system(),
        }
    }
}
