//! Accounts.

use time::OffsetDateTime;
use types::AccountId;

/// A company that uses Beseda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Name.
    pub title: String,
    /// BCP 47 language.
    pub language: String,
    /// Tariff.
    pub plan: Plan,
    /// Is the subscription paid?
    pub subscription: Subscription,
    /// Is imBox switched on?
    pub imbox: bool,
    /// Does «Отправить NPS» send a survey? (CNV-17)
    pub nps_enabled: bool,
    /// The survey's question; empty: one in the account's language.
    pub nps_text: String,
    /// Whom crm's timelines name as the author of employees' messages.
    pub feed_author: FeedAuthor,
    /// What the bot is called there; empty: [`FEED_BOT`].
    pub feed_bot_name: String,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
}

/// What the bot of crm's timelines is called where the account has not named it.
const FEED_BOT: &str = "Beseda";

impl Account {
    /// The bot that crm's timelines name as the author of employees' messages (CHW-69); empty: they name the employee.
    #[must_use]
    pub fn feed_bot(&self) -> &str {
        match self.feed_author {
            FeedAuthor::Employee => "",
            FeedAuthor::Bot if self.feed_bot_name.is_empty() => FEED_BOT,
            FeedAuthor::Bot => &self.feed_bot_name,
        }
    }
}

/// Whom crm's timelines name as the author of employees' messages (A-17).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeedAuthor {
    /// The employee.
    #[default]
    Employee,
    /// A bot.
    Bot,
}

impl FeedAuthor {
    /// For the audit log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Bot => "bot",
        }
    }
}

/// Tariff, from small to large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// «Базовый».
    Basic,
    /// «Расширенный».
    Extended,
    /// «Профессиональный».
    Professional,
}

impl Plan {
    /// Does it include search in messages? (CNV-35)
    #[must_use]
    pub fn searches_messages(self) -> bool {
        match self {
            Self::Professional => true,
            Self::Basic | Self::Extended => false,
        }
    }

    /// Does it include NPS surveys? (A-08)
    #[must_use]
    pub fn sends_surveys(self) -> bool {
        match self {
            Self::Extended | Self::Professional => true,
            Self::Basic => false,
        }
    }

    /// Does it include the client's cabinet? (CAB-05)
    #[must_use]
    pub fn has_client_cabinet(self) -> bool {
        match self {
            Self::Extended | Self::Professional => true,
            Self::Basic => false,
        }
    }

    /// For the audit log and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Extended => "extended",
            Self::Professional => "professional",
        }
    }
}

/// State of the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// Paid.
    Active,
    /// Not paid: nothing can be sent.
    Unpaid,
}

impl Subscription {
    /// For the audit log and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unpaid => "unpaid",
        }
    }
}

/// Is it a BCP 47 tag, as far as its shape goes?
#[must_use]
pub fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let more = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.len() <= 35 && (2..=3).contains(&primary.len()) && letters(primary) && parts.all(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_have_a_shape() {
        for tag in ["ru", "es-MX", "zh-Hant-TW", "fil"] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for tag in ["", "r", "russian", "ru_RU", "ru-", "r1", "ru\n"] {
            assert!(!is_language_tag(tag), "{tag}");
        }
    }
}
