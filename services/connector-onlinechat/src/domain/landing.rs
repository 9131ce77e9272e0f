//! «Сайт-визитка» and the CRM plugin's feedback buttons: where a chat stands besides sites and applications.

use url::Url;

use super::look::Color;
use super::origin::parse_web_address;

/// The longest name, in characters.
pub const MAX_NAME: usize = 200;
/// The longest text of a landing site, in characters.
pub const MAX_TEXT: usize = 4_000;
/// The longest title of a button, in characters.
pub const MAX_BUTTON_TITLE: usize = 60;
/// The longest address, in characters.
pub const MAX_URL: usize = 2_000;
/// The most feedback buttons of one online chat.
pub const MAX_FEEDBACK_BUTTONS: usize = 20;

/// A page of the company, for one that has no site of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandingSite {
    /// Name and heading.
    pub name: String,
    /// What stands on it, in paragraphs.
    pub text: String,
    /// Where it is set up.
    pub settings_url: Option<WebAddress>,
    /// The button «Онлайн-чат» (ONL-25); without one the page has no chat.
    pub button: Option<ChatButton>,
}

/// How the button looks (ONL-26).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatButton {
    /// Title.
    pub title: String,
    /// Where on the page.
    pub placement: Placement,
    /// Style.
    pub style: Style,
    /// Font of the title.
    pub font: Font,
    /// Colour of the title.
    pub title_color: Color,
    /// Background.
    pub background_color: Color,
    /// Is the icon shown?
    pub show_icon: bool,
}

/// Where the button stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placement {
    /// At the left.
    Left,
    /// In the middle.
    Center,
    /// At the right.
    Right,
    /// As wide as the text.
    Wide,
}

/// Style of the button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Filled, with round corners.
    Filled,
    /// A border and no background.
    Outlined,
    /// Filled, with round ends.
    Pill,
}

/// Font of the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Font {
    /// Without serifs.
    Sans,
    /// With serifs.
    Serif,
    /// Letters of one width.
    Mono,
}

/// A feedback button of the CRM plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackButton {
    /// Its name.
    pub name: String,
    /// The settings of the plugin (ONL-03).
    pub settings_url: WebAddress,
}

/// An http or https address that a person can be led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(String);

impl WebAddress {
    /// The address of a text; `None` for anything else, also for one with a name or password in it.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if text.chars().count() > MAX_URL || text.chars().any(char::is_control) {
            return None;
        }
        let url: Url = parse_web_address(text)?;
        let plain = url.username().is_empty() && url.password().is_none();
        (plain && url.has_host()).then(|| Self(text.to_owned()))
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_web_page() {
        for good in ["https://crm.example/plugin", "http://localhost:8080/?a=1#b"] {
            assert_eq!(WebAddress::of(good).expect("one").as_str(), good);
        }
        for bad in [
            "",
            "crm.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https://me:secret@crm.example",
            "https://crm.example/\n",
        ] {
            assert_eq!(WebAddress::of(bad), None, "{bad:?}");
        }
    }
}
