//! An online chat: what administrators set and visitors get.

use time::OffsetDateTime;
use types::{AccountId, ConnectionId, OnlineChatId};

use super::external_id;
use super::landing::{FeedbackButton, LandingSite};
use super::look::{Avatar, Color, Greeting};
use super::placement::Placement;

/// The longest message of a visitor, in characters.
pub const MAX_TEXT: i32 = 4096;

/// One conversation or several (ONL-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// «Одна активная»: everything in one conversation (ONL-06).
    OneActive,
    /// «Множественные»: the visitor keeps several conversations apart by thread (ONL-07).
    Multiple,
}

impl Mode {
    /// As the database keeps it.
    #[must_use]
    pub fn number(self) -> i16 {
        match self {
            Self::OneActive => 1,
            Self::Multiple => 2,
        }
    }

    /// What the database kept.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::OneActive),
            2 => Some(Self::Multiple),
            _ => None,
        }
    }
}

/// What an administrator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Title of the window and name for employees.
    pub title: String,
    /// One conversation or several.
    pub mode: Mode,
    /// Where it may be shown.
    pub placement: Placement,
    /// Do employees' names reach the visitor? (ONL-29)
    pub show_sender_name: bool,
    /// May visitors write?
    pub enabled: bool,
    /// Picture in the header (ONL-28).
    pub avatar: Avatar,
    /// Colour of the window.
    pub accent_color: Color,
    /// What the bot says first (ONL-27).
    pub greeting: Greeting,
    /// Where crm keeps the external IDs of visitors (ONL-21).
    pub external_field: Option<external_id::Field>,
    /// The landing site on which the chat stands (ONL-04).
    pub landing_site: Option<LandingSite>,
    /// The CRM plugin's buttons that it is attached to (ONL-03).
    pub feedback_buttons: Vec<FeedbackButton>,
}

impl Settings {
    /// Does it stand on its landing site? Then our own pages may show it, wherever else it is placed (ONL-25).
    #[must_use]
    pub fn is_on_landing_site(&self) -> bool {
        self.landing_site
            .as_ref()
            .is_some_and(|site| site.button.is_some())
    }
}

/// An online chat that has its connection: without one it does not exist for anybody yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlineChat {
    /// Whose.
    pub account: AccountId,
    /// Its key in the embed code.
    pub id: OnlineChatId,
    /// Where its messages go in.
    pub connection: ConnectionId,
    /// What an administrator set.
    pub settings: Settings,
    /// Counts the changes; the etag.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
}

impl OnlineChat {
    /// The script element to paste into HTML; `None` while the code is locked (ONL-16).
    #[must_use]
    pub fn embed_code(&self, public_url: &str) -> Option<String> {
        if self.settings.placement == Placement::Locked {
            return None;
        }
        let (base, id) = (public_url.trim_end_matches('/'), self.id);
        Some(format!(
            r#"<script async src="{base}/widget/loader.js" data-chat="{id}"></script>"#
        ))
    }
}
