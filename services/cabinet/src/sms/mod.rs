//! SMS with codes: through whom they go, in which order, and what becomes of them.
//!
//! - [`description`]: how an HTTP provider is called, as data. [`http`]: calls one. [`outbox`]: the provider of `beseda up`, which only
//!   writes to the log.
//! - [`worker`]: takes what waits and sends it through the account's providers, one after the other until one takes it.
//! - [`report`]: what providers say later.
//!
//! To add a provider, write a description (docs/cabinet.md) and name its file in BESEDA_SMS_WIDGETS. A provider of another protocol
//! implements [`Provider`]: `smpp`, which the feature of this name builds in, is one.

pub mod description;
pub mod http;
pub mod outbox;
pub mod report;
#[cfg(feature = "smpp")]
pub mod smpp;
pub mod widgets;
pub mod worker;

use futures::future::BoxFuture;
use types::SmsMessageId;

pub use widgets::Widgets;

/// An SMS.
#[derive(Clone)]
pub struct Sms {
    /// Its id: the provider gets it where it takes one, so that a repeated SMS is known as such.
    pub id: SmsMessageId,
    /// To whom, E.164. Never log it.
    pub phone: String,
    /// What it says. Never log it.
    pub text: String,
    /// Where the provider may report what became of it.
    pub report_url: String,
}

/// A provider took an SMS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sent {
    /// The provider's own id; empty when it gives none.
    pub external_id: String,
    /// What is left to spend, in the provider's words; empty when it does not say.
    pub balance: String,
}

/// A provider did not take an SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Of what kind.
    pub class: ErrorClass,
    /// The provider's own words.
    pub text: String,
}

/// What goes wrong with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The number cannot be reached: another provider would not help.
    Number,
    /// Text, sender or parameters are refused.
    Settings,
    /// The credentials are refused.
    Credentials,
    /// The money is spent.
    Money,
    /// Too many requests.
    Busy,
    /// The provider is down.
    Unavailable,
    /// No answer in time: the SMS may have gone out.
    Unknown,
}

impl ErrorClass {
    /// All, in the order of their numbers in the database, which begin with 1.
    pub const ALL: [Self; 7] = [
        Self::Number,
        Self::Settings,
        Self::Credentials,
        Self::Money,
        Self::Busy,
        Self::Unavailable,
        Self::Unknown,
    ];

    /// For numbers and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Settings => "settings",
            Self::Credentials => "credentials",
            Self::Money => "money",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }

    /// May another provider, or the same one later, still send it? After [`ErrorClass::Unknown`] the client may get the same code twice,
    /// which does less harm than none.
    #[must_use]
    pub fn may_go_on(self) -> bool {
        self != Self::Number
    }
}

/// Something that sends SMS.
pub trait Provider: Send + Sync {
    /// Sends one.
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<Sent, Fault>>;
}
