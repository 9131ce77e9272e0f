//! Landing sites and feedback buttons as jsonb.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::domain::landing::{
    ChatButton, FeedbackButton, Font, LandingSite, Placement, Style, WebAddress,
};
use crate::domain::look::Color;

/// A landing site.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SiteRow {
    name: String,
    text: String,
    settings_url: String,
    button: Option<ButtonRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ButtonRow {
    title: String,
    placement: u8,
    style: u8,
    font: u8,
    title_color: String,
    background_color: String,
    show_icon: bool,
}

/// A feedback button.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FeedbackRow {
    name: String,
    settings_url: String,
}

const PLACEMENTS: [(Placement, u8); 4] = [
    (Placement::Left, 1),
    (Placement::Center, 2),
    (Placement::Right, 3),
    (Placement::Wide, 4),
];
const STYLES: [(Style, u8); 3] = [(Style::Filled, 1), (Style::Outlined, 2), (Style::Pill, 3)];
const FONTS: [(Font, u8); 3] = [(Font::Sans, 1), (Font::Serif, 2), (Font::Mono, 3)];

fn number<T: PartialEq>(known: &[(T, u8)], value: &T) -> u8 {
    let found = known.iter().find(|(it, _)| it == value);
    found.map_or(0, |(_, number)| *number)
}

fn value<T: Copy>(known: &[(T, u8)], number: u8) -> Option<T> {
    let found = known.iter().find(|(_, it)| *it == number);
    found.map(|(value, _)| *value)
}

impl SiteRow {
    pub(super) fn of(site: &LandingSite) -> Json<Self> {
        let url = site.settings_url.as_ref().map(WebAddress::as_str);
        Json(Self {
            name: site.name.clone(),
            text: site.text.clone(),
            settings_url: url.unwrap_or_default().to_owned(),
            button: site.button.as_ref().map(|button| ButtonRow {
                title: button.title.clone(),
                placement: number(&PLACEMENTS, &button.placement),
                style: number(&STYLES, &button.style),
                font: number(&FONTS, &button.font),
                title_color: button.title_color.as_str().to_owned(),
                background_color: button.background_color.as_str().to_owned(),
                show_icon: button.show_icon,
            }),
        })
    }

    /// `None` for what no version of this program wrote.
    pub(super) fn read(self) -> Option<LandingSite> {
        let settings_url = match self.settings_url.as_str() {
            "" => None,
            url => Some(WebAddress::of(url)?),
        };
        Some(LandingSite {
            name: self.name,
            text: self.text,
            settings_url,
            button: match self.button {
                Some(row) => Some(row.read()?),
                None => None,
            },
        })
    }
}

impl ButtonRow {
    fn read(self) -> Option<ChatButton> {
        Some(ChatButton {
            title: self.title,
            placement: value(&PLACEMENTS, self.placement)?,
            style: value(&STYLES, self.style)?,
            font: value(&FONTS, self.font)?,
            title_color: Color::of(&self.title_color)?,
            background_color: Color::of(&self.background_color)?,
            show_icon: self.show_icon,
        })
    }
}

impl FeedbackRow {
    pub(super) fn all(buttons: &[FeedbackButton]) -> Json<Vec<Self>> {
        let rows = buttons.iter().map(|button| Self {
            name: button.name.clone(),
            settings_url: button.settings_url.as_str().to_owned(),
        });
        Json(rows.collect())
    }

    /// `None` for what no version of this program wrote.
    pub(super) fn read(self) -> Option<FeedbackButton> {
        Some(FeedbackButton {
            settings_url: WebAddress::of(&self.settings_url)?,
            name: self.name,
        })
    }
}
