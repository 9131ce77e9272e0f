//! Requests that nobody has taken up yet.

use time::OffsetDateTime;
use types::{ContactId, ConversationId, DealId, PipelineId, UnsortedId};

use super::card::Messenger;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id; later ones are greater.
    pub id: UnsortedId,
    /// Name for people, and of the deal.
    pub title: String,
    /// From where.
    pub source: String,
    /// What was asked.
    pub text: String,
    /// The conversation it came in.
    pub conversation: Option<ConversationId>,
    /// The pipeline for its deal; `None` for the first.
    pub pipeline: Option<PipelineId>,
    /// Who asked.
    pub contact_name: String,
    /// Their telephone number, E.164.
    pub phone: Option<String>,
    /// Their e-mail.
    pub email: Option<String>,
    /// How the channel knows them.
    pub messenger: Option<Messenger>,
    /// What became of it.
    pub decision: Option<Decision>,
    /// When it came in.
    pub create_time: OffsetDateTime,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What.
    pub verdict: Verdict,
    /// Who: "user_…" or "key_…".
    pub by: String,
    /// When.
    pub time: OffsetDateTime,
}

/// How a record was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It became a deal with this contact.
    Accepted(DealId, ContactId),
    /// It belongs to a deal that was there.
    Linked(DealId),
    /// It was put aside.
    Declined,
}

/// Which records a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not decided.
    Pending,
    /// Accepted.
    Accepted,
    /// Linked.
    Linked,
    /// Declined.
    Declined,
}

impl Record {
    /// Its state.
    #[must_use]
    pub fn state(&self) -> State {
        match self.decision.as_ref().map(|decision| decision.verdict) {
            None => State::Pending,
            Some(Verdict::Accepted(..)) => State::Accepted,
            Some(Verdict::Linked(_)) => State::Linked,
            Some(Verdict::Declined) => State::Declined,
        }
    }

    /// Its deal.
    #[must_use]
    pub fn deal(&self) -> Option<DealId> {
        match self.decision.as_ref()?.verdict {
            Verdict::Accepted(deal, _) | Verdict::Linked(deal) => Some(deal),
            Verdict::Declined => None,
        }
    }

    /// Its contact.
    #[must_use]
    pub fn contact(&self) -> Option<ContactId> {
        match self.decision.as_ref()?.verdict {
            Verdict::Accepted(_, contact) => Some(contact),
            Verdict::Linked(_) | Verdict::Declined => None,
        }
    }
}
