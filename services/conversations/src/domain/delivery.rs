//! Messages on their way to connectors.

use std::time::Duration;

use time::OffsetDateTime;
use types::{AccountId, ChatId, ConnectionId, ConversationId, DeliveryId, MessageId};

use super::message::Status;
use super::template::Filled;

/// A message that a connector is to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Account.
    pub account: AccountId,
    /// Its id.
    pub id: DeliveryId,
    /// Which connector takes it.
    pub connector_key: String,
    /// By which connection it goes.
    pub connection: ConnectionId,
    /// The chat: the unit of order.
    pub chat: ChatId,
    /// Conversation of the message.
    pub conversation: ConversationId,
    /// The message.
    pub message: MessageId,
    /// Place of the message in the chat.
    pub seq: i64,
    /// The channel's id of the chat.
    pub external_chat_id: String,
    /// The channel's id of the thread; empty without threads.
    pub thread: String,
    /// What to send.
    pub text: String,
    /// The template that the text was made from.
    pub template: Option<Filled>,
    /// Has the message files?
    pub rich: bool,
    /// Name of the employee who wrote.
    pub author_name: String,
    /// When it was queued: it may go from then on.
    pub create_time: OffsetDateTime,
}

/// How long a connector may keep a delivery before somebody else gets it.
pub const LEASE: Duration = Duration::from_secs(30);

/// The shortest pause before another try: a connector that asks for none would turn in circles.
pub const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// What a connector says of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The channel took it.
    Sent,
    /// It is on the client's device.
    Delivered,
    /// The client has seen it.
    Read,
    /// It failed for good.
    Failed {
        /// Why, for the employee.
        why: String,
    },
    /// Try again after a pause.
    Retry {
        /// How long to wait.
        pause: Duration,
    },
    /// Nobody knows whether the channel took it.
    Unknown,
    /// It goes to the channel now.
    Sending,
}

impl News {
    /// The status of the message that the news tell of; `None` when it stays on its way.
    fn status(&self) -> Option<Status> {
        Some(match self {
            Self::Sent => Status::Sent,
            Self::Delivered => Status::Delivered,
            Self::Read => Status::Read,
            Self::Failed { .. } => Status::Failed,
            Self::Unknown => Status::Unknown,
            Self::Retry { .. } | Self::Sending => return None,
        })
    }

    /// A receipt proves that the message arrived, whoever sent it: it needs no lease.
    fn is_receipt(&self) -> bool {
        matches!(self, Self::Delivered | Self::Read)
    }

    /// The channel's own word for what became of a message: it needs no lease either once the channel was given the message.
    fn is_word(&self) -> bool {
        matches!(self, Self::Sent | Self::Failed { .. })
    }
}

/// The report came from somebody who does not have the delivery (any more).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseLost;

/// How far a delivery and its message have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The channel took it, or it failed for good.
    pub done: bool,
    /// Is it with a connector?
    pub leased: bool,
    /// Fencing token of the newest lease; 0 before the first.
    pub lease_token: i64,
    /// It was handed to the channel, and nothing is known after that.
    pub sending: bool,
    /// May be handed out from then on.
    pub not_before: OffsetDateTime,
    /// Status of the message.
    pub status: Status,
    /// Why the message failed.
    pub failure_text: String,
}

impl Progress {
    /// Takes news in. Old news change nothing and are no error.
    ///
    /// # Errors
    /// [`LeaseLost`] when `token` is not that of the newest lease, except that the channel's own word may come without one (0).
    pub fn take(&mut self, news: &News, token: i64, now: OffsetDateTime) -> Result<(), LeaseLost> {
        // Of what was never handed out there can be no news.
        let was_taken = self.lease_token > 0;
        let was_given = self.done || self.sending;
        let is_later = news.is_receipt() || (news.is_word() && was_given);
        let may_tell = token == self.lease_token || (token == 0 && is_later);
        if !was_taken || !may_tell {
            return Err(LeaseLost);
        }
        match (news, news.status()) {
            // A lease that is over but not yet another's is this one's again.
            (News::Sending, _) if !self.done && self.leased => {
                self.sending = true;
                self.not_before = now + LEASE;
            }
            (News::Retry { pause }, _) if !self.done => {
                self.leased = false;
                self.sending = false;
                self.not_before = now + (*pause).max(SHORTEST_PAUSE);
            }
            (_, Some(status)) => self.finish(news, status),
            (_, None) => {}
        }
        Ok(())
    }

    /// It is not to be sent any more; false when it is with a connector, or was given to the channel: then it is too late.
    pub fn withdraw(&mut self, why: &str) -> bool {
        if self.done || self.leased || self.sending {
            return false;
        }
        let news = News::Failed {
            why: why.to_owned(),
        };
        self.finish(&news, Status::Failed);
        true
    }

    fn finish(&mut self, news: &News, status: Status) {
        self.done = true;
        self.leased = false;
        if self.status.moves_to(status) {
            self.status = status;
            self.failure_text = match news {
                News::Failed { why } => why.clone(),
                _ => String::new(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn leased() -> Progress {
        Progress {
            done: false,
            leased: true,
            lease_token: 7,
            sending: false,
            not_before: NOW + LEASE,
            status: Status::Queued,
            failure_text: String::new(),
        }
    }

    fn failed() -> News {
        News::Failed {
            why: "blocked".to_owned(),
        }
    }

    #[test]
    fn a_report_without_the_newest_lease_changes_nothing() {
        let pause = Duration::from_secs(1);
        for news in [
            News::Sent,
            failed(),
            News::Retry { pause },
            News::Unknown,
            News::Read,
        ] {
            let mut progress = leased();
            assert_eq!(progress.take(&news, 6, NOW), Err(LeaseLost));
            assert_eq!(progress, leased());
        }
        assert_eq!(leased().take(&News::Sent, 0, NOW), Err(LeaseLost));
    }

    #[test]
    fn a_receipt_needs_no_lease() {
        let mut progress = leased();
        assert_eq!(progress.take(&News::Delivered, 0, NOW), Ok(()));
        assert!(progress.done, "what arrived is not sent again");
        assert_eq!(progress.status, Status::Delivered);
    }

    #[test]
    fn what_the_channel_says_later_resolves_what_nobody_knew() {
        let mut progress = leased();
        progress.take(&News::Sending, 7, NOW).unwrap();
        progress.take(&News::Unknown, 7, NOW).unwrap();
        progress.take(&News::Sent, 0, NOW).unwrap();
        assert_eq!((progress.status, progress.done), (Status::Sent, true));
        progress.take(&failed(), 0, NOW).unwrap();
        assert_eq!(progress.status, Status::Failed);
        progress.take(&News::Sent, 0, NOW).unwrap();
        assert_eq!(progress.status, Status::Failed, "old news");

        let mut early = leased();
        early.take(&News::Sending, 7, NOW).unwrap();
        early.take(&News::Sent, 0, NOW).unwrap();
        assert!(early.done, "a status that comes before the answer");
        assert_eq!(early.take(&News::Unknown, 7, NOW), Ok(()));
        assert_eq!(early.status, Status::Sent);
    }

    #[test]
    fn of_what_was_never_handed_out_there_are_no_news() {
        let mut progress = Progress {
            lease_token: 0,
            leased: false,
            ..leased()
        };
        assert_eq!(progress.take(&News::Read, 0, NOW), Err(LeaseLost));
        assert!(!progress.done);
    }

    #[test]
    fn a_retry_waits_and_keeps_the_message_queued() {
        let mut progress = leased();
        assert_eq!(
            progress.take(
                &News::Retry {
                    pause: Duration::from_secs(5)
                },
                7,
                NOW
            ),
            Ok(())
        );
        let expected = Progress {
            leased: false,
            not_before: NOW + Duration::from_secs(5),
            ..leased()
        };
        assert_eq!(progress, expected);
    }

    #[test]
    fn what_goes_to_the_channel_begins_its_lease_anew_until_it_is_known() {
        let mut progress = leased();
        let later = NOW + LEASE / 2;
        progress.take(&News::Sending, 7, later).unwrap();
        assert!(progress.sending && progress.leased && !progress.done);
        assert_eq!(progress.not_before, later + LEASE);
        progress
            .take(&News::Retry { pause: LEASE }, 7, later)
            .unwrap();
        assert!(!progress.sending, "the channel did not take it");
    }

    #[test]
    fn a_retry_of_what_is_done_is_old_news() {
        let mut progress = leased();
        progress.take(&News::Unknown, 7, NOW).unwrap();
        let done = progress.clone();
        assert_eq!(progress.take(&News::Retry { pause: LEASE }, 7, NOW), Ok(()));
        assert_eq!(progress, done);
    }

    #[test]
    fn a_failure_says_why_until_a_receipt_proves_otherwise() {
        let mut progress = leased();
        progress.take(&failed(), 7, NOW).unwrap();
        assert_eq!(
            (progress.status, &progress.failure_text[..]),
            (Status::Failed, "blocked")
        );
        progress.take(&News::Sent, 7, NOW).unwrap();
        assert_eq!(progress.status, Status::Failed, "old news");
        progress.take(&News::Read, 0, NOW).unwrap();
        assert_eq!(
            (progress.status, &progress.failure_text[..]),
            (Status::Read, "")
        );
    }
}
