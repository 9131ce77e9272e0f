//! Landing sites and feedback buttons on the wire.

use api::onlinechat::v1::{
    ButtonFont, ButtonPlacement, ButtonStyle, ChatButton as ButtonProto,
    FeedbackButton as Feedback, LandingSite as SiteProto, OnlineChat as Proto,
};
use kit::validate::Fields;
use types::OnlineChatId;

use crate::domain::landing::{
    ChatButton, FeedbackButton, Font, LandingSite, MAX_BUTTON_TITLE, MAX_FEEDBACK_BUTTONS,
    MAX_NAME, MAX_TEXT, Placement, Style, WebAddress,
};
use crate::domain::look::Color;

/// The landing site of an online chat. Its page has the chat's key in its address.
pub(crate) fn to_proto(site: &LandingSite, public_url: &str, chat: OnlineChatId) -> SiteProto {
    let url = site.settings_url.as_ref().map(WebAddress::as_str);
    SiteProto {
        name: site.name.clone(),
        text: site.text.clone(),
        settings_url: url.unwrap_or_default().to_owned(),
        chat_button: site.button.as_ref().map(button_to_proto),
        page_url: format!("{}/site/{chat}", public_url.trim_end_matches('/')),
    }
}

fn button_to_proto(button: &ChatButton) -> ButtonProto {
    let placement = match button.placement {
        Placement::Left => ButtonPlacement::Left,
        Placement::Center => ButtonPlacement::Center,
        Placement::Right => ButtonPlacement::Right,
        Placement::Wide => ButtonPlacement::Wide,
    };
    let style = match button.style {
        Style::Filled => ButtonStyle::Filled,
        Style::Outlined => ButtonStyle::Outlined,
        Style::Pill => ButtonStyle::Pill,
    };
    let font = match button.font {
        Font::Sans => ButtonFont::Sans,
        Font::Serif => ButtonFont::Serif,
        Font::Mono => ButtonFont::Mono,
    };
    ButtonProto {
        title: button.title.clone(),
        placement: placement.into(),
        style: style.into(),
        font: font.into(),
        title_color: button.title_color.as_str().to_owned(),
        background_color: button.background_color.as_str().to_owned(),
        show_icon: button.show_icon,
    }
}

pub(super) fn feedback_to_proto(buttons: &[FeedbackButton]) -> Vec<Feedback> {
    let buttons = buttons.iter().map(|button| Feedback {
        name: button.name.clone(),
        settings_url: button.settings_url.as_str().to_owned(),
    });
    buttons.collect()
}

/// The landing site of a request. What does not fit is noted in `fields`; the result counts only when nothing was.
pub(super) fn site(fields: &mut Fields, chat: &Proto) -> Option<LandingSite> {
    let proto = chat.landing_site.as_ref()?;
    let at = "online_chat.landing_site";
    let settings_url = match proto.settings_url.as_str() {
        "" => None,
        url => address(fields, &format!("{at}.settings_url"), url),
    };
    Some(LandingSite {
        name: fields.line(&format!("{at}.name"), &proto.name, 1..=MAX_NAME),
        text: fields.text(&format!("{at}.text"), &proto.text, 0..=MAX_TEXT),
        settings_url,
        button: proto
            .chat_button
            .as_ref()
            .map(|proto| button(fields, proto)),
    })
}

fn button(fields: &mut Fields, proto: &ButtonProto) -> ChatButton {
    let at = |field: &str| format!("online_chat.landing_site.chat_button.{field}");
    let placement = match fields.known(&at("placement"), proto.placement) {
        Some(ButtonPlacement::Left) => Placement::Left,
        Some(ButtonPlacement::Right) => Placement::Right,
        Some(ButtonPlacement::Wide) => Placement::Wide,
        Some(ButtonPlacement::Unspecified | ButtonPlacement::Center) | None => Placement::Center,
    };
    let style = match fields.known(&at("style"), proto.style) {
        Some(ButtonStyle::Outlined) => Style::Outlined,
        Some(ButtonStyle::Pill) => Style::Pill,
        Some(ButtonStyle::Unspecified | ButtonStyle::Filled) | None => Style::Filled,
    };
    let font = match fields.known(&at("font"), proto.font) {
        Some(ButtonFont::Serif) => Font::Serif,
        Some(ButtonFont::Mono) => Font::Mono,
        Some(ButtonFont::Unspecified | ButtonFont::Sans) | None => Font::Sans,
    };
    ChatButton {
        title: fields.line(&at("title"), &proto.title, 1..=MAX_BUTTON_TITLE),
        placement,
        style,
        font,
        title_color: color(fields, &at("title_color"), &proto.title_color),
        background_color: color(fields, &at("background_color"), &proto.background_color),
        show_icon: proto.show_icon,
    }
}

pub(super) fn color(fields: &mut Fields, field: &str, text: &str) -> Color {
    Color::of(text).unwrap_or_else(|| {
        fields.reject(field, "must be a colour of the form \"#3450c8\", or empty");
        Color::default()
    })
}

/// The feedback buttons of a request.
pub(super) fn feedback(fields: &mut Fields, chat: &Proto) -> Vec<FeedbackButton> {
    let at = "online_chat.feedback_buttons";
    let given = &chat.feedback_buttons;
    if given.len() > MAX_FEEDBACK_BUTTONS {
        fields.reject(at, format!("must be at most {MAX_FEEDBACK_BUTTONS}"));
        return Vec::new();
    }
    let buttons = given.iter().enumerate().filter_map(|(place, button)| {
        let at = format!("{at}[{place}]");
        let name = fields.line(&format!("{at}.name"), &button.name, 1..=MAX_NAME);
        let settings_url = address(fields, &format!("{at}.settings_url"), &button.settings_url)?;
        Some(FeedbackButton { name, settings_url })
    });
    buttons.collect()
}

fn address(fields: &mut Fields, field: &str, text: &str) -> Option<WebAddress> {
    let address = WebAddress::of(text);
    if address.is_none() {
        fields.reject(
            field,
            "must be a whole http or https address of at most 2000 characters",
        );
    }
    address
}
