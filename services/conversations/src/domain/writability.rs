//! What may be written in a chat right now, until when, and why not (decision table 2.4 of the requirements). Every write asks
//! here.

use time::OffsetDateTime;

/// How long free text may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialogue {
    /// The channel sets no end.
    Unlimited,
    /// Until then.
    OpenUntil(OffsetDateTime),
    /// The time is over, or the client has never written.
    Closed,
}

impl Dialogue {
    /// The dialogue that the client's last message opened; a `window` of 0 seconds sets no end.
    #[must_use]
    pub fn at(now: OffsetDateTime, window: i32, client_time: Option<OffsetDateTime>) -> Self {
        if window == 0 {
            return Self::Unlimited;
        }
        let end = client_time
            .and_then(|time| time.checked_add(time::Duration::seconds(i64::from(window))));
        match end {
            Some(end) if now < end => Self::OpenUntil(end),
            Some(_) | None => Self::Closed,
        }
    }
}

/// The templates of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Templates {
    /// It has none that may be sent.
    None,
    /// It has some, none of them paid.
    Unpaid,
    /// It has some that may be sent.
    Paid,
}

/// All that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The conversation that is asked about is closed (CNV-20).
    pub is_closed: bool,
    /// The client is on the black list.
    pub is_blocked: bool,
    /// The account has an active subscription.
    pub has_subscription: bool,
    /// The connection is switched on.
    pub is_enabled: bool,
    /// The client's data were erased after their last message.
    pub is_erased: bool,
    /// The client has blocked the line, and has not written since.
    pub is_unreachable: bool,
    /// How long free text may be sent.
    pub dialogue: Dialogue,
    /// The templates of the connection.
    pub templates: Templates,
}

/// Why something may not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The conversation is closed: it offers no action.
    ConversationClosed,
    /// The client is on the black list (CHW-56).
    Blocked,
    /// There is no active subscription (CHW-54).
    NoSubscription,
    /// The connection is switched off.
    ConnectionDisabled,
    /// The client's data were erased (CAB-26).
    Erased,
    /// The client has blocked the line.
    Unreachable,
    /// The dialogue is over (WA-03).
    DialogueClosed,
    /// The connection has no templates.
    NoTemplates,
    /// The templates are not paid (CHW-55).
    TemplatesUnpaid,
}

/// What may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writability {
    /// Free text.
    pub free_text: Result<(), Obstacle>,
    /// A template.
    pub template: Result<(), Obstacle>,
    /// When free text ends by itself.
    pub end: Option<OffsetDateTime>,
}

/// What may be written.
#[must_use]
pub fn decide(facts: &Facts) -> Writability {
    if let Some(obstacle) = of_everything(facts) {
        return Writability {
            free_text: Err(obstacle),
            template: Err(obstacle),
            end: None,
        };
    }
    let (free_text, end) = match facts.dialogue {
        Dialogue::Unlimited => (Ok(()), None),
        Dialogue::OpenUntil(end) => (Ok(()), Some(end)),
        Dialogue::Closed => (Err(Obstacle::DialogueClosed), None),
    };
    let template = match facts.templates {
        Templates::None => Err(Obstacle::NoTemplates),
        Templates::Unpaid => Err(Obstacle::TemplatesUnpaid),
        Templates::Paid => Ok(()),
    };
    Writability {
        free_text,
        template,
        end,
    }
}

/// What stands in the way of free text and templates alike; what only an administrator can lift comes first.
fn of_everything(facts: &Facts) -> Option<Obstacle> {
    [
        (facts.is_blocked, Obstacle::Blocked),
        (!facts.has_subscription, Obstacle::NoSubscription),
        (facts.is_closed, Obstacle::ConversationClosed),
        (!facts.is_enabled, Obstacle::ConnectionDisabled),
        (facts.is_erased, Obstacle::Erased),
        (facts.is_unreachable, Obstacle::Unreachable),
    ]
    .into_iter()
    .find_map(|(holds, obstacle)| holds.then_some(obstacle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-11-21 12:00 UTC);
    const DAY: i32 = 86_400;

    /// A WABA chat inside the dialogue, with paid templates.
    fn facts() -> Facts {
        Facts {
            is_closed: false,
            is_blocked: false,
            has_subscription: true,
            is_enabled: true,
            is_erased: false,
            is_unreachable: false,
            dialogue: Dialogue::at(NOW, DAY, Some(NOW)),
            templates: Templates::Paid,
        }
    }

    /// Decision table 2.4, row by row: free text, template.
    #[test]
    fn every_row_of_the_table_holds() {
        use Obstacle::{
            Blocked, ConversationClosed, DialogueClosed, Erased, NoSubscription, TemplatesUnpaid,
        };
        let closed = Dialogue::at(NOW, DAY, None);
        let table = [
            (
                "blacklisted",
                Facts {
                    is_blocked: true,
                    ..facts()
                },
                Err(Blocked),
                Err(Blocked),
            ),
            (
                "no subscription",
                Facts {
                    has_subscription: false,
                    ..facts()
                },
                Err(NoSubscription),
                Err(NoSubscription),
            ),
            ("dialogue open", facts(), Ok(()), Ok(())),
            (
                "dialogue closed",
                Facts {
                    dialogue: closed,
                    ..facts()
                },
                Err(DialogueClosed),
                Ok(()),
            ),
            (
                "templates unpaid, open",
                Facts {
                    templates: Templates::Unpaid,
                    ..facts()
                },
                Ok(()),
                Err(TemplatesUnpaid),
            ),
            (
                "templates unpaid, closed",
                Facts {
                    templates: Templates::Unpaid,
                    dialogue: closed,
                    ..facts()
                },
                Err(DialogueClosed),
                Err(TemplatesUnpaid),
            ),
            (
                "erased",
                Facts {
                    is_erased: true,
                    ..facts()
                },
                Err(Erased),
                Err(Erased),
            ),
            (
                "conversation closed",
                Facts {
                    is_closed: true,
                    ..facts()
                },
                Err(ConversationClosed),
                Err(ConversationClosed),
            ),
        ];
        for (row, facts, free_text, template) in table {
            let decided = decide(&facts);
            assert_eq!(
                (decided.free_text, decided.template),
                (free_text, template),
                "{row}"
            );
        }
    }

    #[test]
    fn the_dialogue_ends_a_day_after_the_clients_message_and_not_before() {
        let end = NOW + time::Duration::DAY;
        let second = time::Duration::SECOND;
        assert_eq!(
            Dialogue::at(end - second, DAY, Some(NOW)),
            Dialogue::OpenUntil(end)
        );
        assert_eq!(Dialogue::at(end, DAY, Some(NOW)), Dialogue::Closed);
        assert_eq!(Dialogue::at(end, 0, None), Dialogue::Unlimited);
        assert_eq!(decide(&facts()).end, Some(end));
    }

    proptest! {
        /// Nothing is written to a blocked or erased client, or without a subscription, whatever else holds; an end is told only
        /// where free text may be written.
        #[test]
        fn what_forbids_everything_forbids_everything(bits in 0u8..64, open: bool, paid: bool) {
            let facts = Facts {
                is_closed: bits & 1 > 0,
                is_blocked: bits & 2 > 0,
                has_subscription: bits & 4 == 0,
                is_enabled: bits & 8 == 0,
                is_erased: bits & 16 > 0,
                is_unreachable: bits & 32 > 0,
                dialogue: Dialogue::at(NOW, DAY, open.then_some(NOW)),
                templates: if paid { Templates::Paid } else { Templates::Unpaid },
            };
            let decided = decide(&facts);
            prop_assert_eq!(decided.free_text.is_ok(), bits == 0 && open);
            prop_assert_eq!(decided.template.is_ok(), bits == 0 && paid);
            prop_assert!(decided.end.is_none() || decided.free_text.is_ok());
        }
    }
}
