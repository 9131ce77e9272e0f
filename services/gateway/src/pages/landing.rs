//! «Сайт-визитка»: a page of a company that has no site of its own, with the button «Онлайн-чат» on it (ONL-25, ONL-26).
//!
//! The text is made here, and nothing in it can be markup. The button is an ordinary one that the chat's loader finds by its id.

use api::onlinechat::internal::v1::GetLandingSiteRequest;
use api::onlinechat::v1::{ButtonFont, ButtonPlacement, ButtonStyle, ChatButton, LandingSite};
use http::{Response, StatusCode};
use kit::Refusal;
use tonic::Code;
use types::OnlineChatId;

use super::chat::{Embeddings, RETRY, TIME};
use super::start::escape;
use super::{Pages, html};
use crate::body::Body;
use crate::call::Protocol;
use crate::refusals::{page, respond};

/// The page runs the chat's loader, shows the chat's frame, and does nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{margin:0;font:18px/1.6 system-ui,sans-serif;color:#1b1f30;background:#fff}\
main{max-width:42rem;margin:0 auto;padding:3rem 1.25rem}h1{line-height:1.2}p{white-space:pre-wrap;overflow-wrap:anywhere}\
.place{display:flex}.left{justify-content:flex-start}.center{justify-content:center}.right{justify-content:flex-end}\
.wide button{flex:1}button{display:inline-flex;gap:.6em;align-items:center;justify-content:center;min-height:48px;padding:0 1.5em;\
border:2px solid;font-size:1em;font-weight:600;cursor:pointer}button:focus-visible{outline:3px solid #1b1f30;outline-offset:3px}\
.filled,.outlined{border-radius:12px}.pill{border-radius:24px}.sans{font-family:system-ui,sans-serif}\
.serif{font-family:Georgia,serif}.mono{font-family:ui-monospace,monospace}svg{width:1.3em;height:1.3em;fill:none;stroke:currentColor;stroke-width:2}";
const ICON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5z"/></svg>"#;
const USUAL_TITLE: &str = "#ffffff";
const USUAL_BACKGROUND: &str = "#3450c8";

impl Embeddings {
    /// The landing site of a chat; `None` where there is none.
    async fn landing_site(&self, chat: OnlineChatId) -> Result<Option<LandingSite>, Refusal> {
        let mut request = tonic::Request::new(GetLandingSiteRequest {
            online_chat_id: chat.to_string(),
        });
        request.set_timeout(TIME);
        match self.onlinechat.clone().get_landing_site(request).await {
            Ok(reply) => Ok(reply.into_inner().landing_site),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => {
                crate::sampled!("a landing site could not be asked for", code = ?status.code(), message = status.message());
                Err(Refusal::service_unreachable(RETRY))
            }
        }
    }
}

impl Pages {
    pub(super) async fn landing_site(&self, id: &str) -> Response<Body> {
        let Ok(chat) = id.parse::<OnlineChatId>() else {
            return nowhere();
        };
        match self.embeddings.landing_site(chat).await {
            Ok(Some(site)) => html(document(&site, chat), POLICY),
            Ok(None) => nowhere(),
            Err(refusal) => respond(Protocol::Http, refusal),
        }
    }
}

fn nowhere() -> Response<Body> {
    page(StatusCode::NOT_FOUND, "There is no site at this address.\n")
}

fn document(site: &LandingSite, chat: OnlineChatId) -> String {
    let name = escape(&site.name);
    let text = escape(&site.text);
    let chat = site
        .chat_button
        .as_ref()
        .map(|it| button(it, chat))
        .unwrap_or_default();
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>{name}</title><style>{STYLE}</style></head><body><main><h1>{name}</h1><p>{text}</p>{chat}</main></body></html>"
    )
}

fn button(button: &ChatButton, chat: OnlineChatId) -> String {
    let place = match button.placement() {
        ButtonPlacement::Left => "left",
        ButtonPlacement::Unspecified | ButtonPlacement::Center => "center",
        ButtonPlacement::Right => "right",
        ButtonPlacement::Wide => "wide",
    };
    let style = match button.style() {
        ButtonStyle::Unspecified | ButtonStyle::Filled => "filled",
        ButtonStyle::Outlined => "outlined",
        ButtonStyle::Pill => "pill",
    };
    let font = match button.font() {
        ButtonFont::Unspecified | ButtonFont::Sans => "sans",
        ButtonFont::Serif => "serif",
        ButtonFont::Mono => "mono",
    };
    let background = color(&button.background_color, USUAL_BACKGROUND);
    let outlined = button.style() == ButtonStyle::Outlined;
    let title_color = color(
        &button.title_color,
        if outlined { background } else { USUAL_TITLE },
    );
    let surface = if outlined { "transparent" } else { background };
    let icon = if button.show_icon { ICON } else { "" };
    let title = escape(&button.title);
    format!(
        "<div class=\"place {place}\"><button type=\"button\" id=\"chat\" class=\"{style} {font}\" \
style=\"color:{title_color};background:{surface};border-color:{background}\">{icon}{title}</button></div>\
<script async src=\"/widget/loader.js\" data-chat=\"{chat}\" data-button=\"chat\"></script>"
    )
}

/// A colour that can be nothing but one, whoever told it.
fn color<'a>(text: &'a str, usual: &'a str) -> &'a str {
    let digits = text.strip_prefix('#').unwrap_or_default();
    let is_color = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_color { text } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(button: ChatButton) -> String {
        let site = LandingSite {
            name: "<b>Окна</b>".to_owned(),
            text: "Звоните & пишите".to_owned(),
            chat_button: Some(button),
            ..LandingSite::default()
        };
        document(&site, OnlineChatId::generate())
    }

    #[test]
    fn the_button_looks_as_it_was_set_onl_26() {
        let text = site(ChatButton {
            title: "Написать".to_owned(),
            placement: ButtonPlacement::Right.into(),
            style: ButtonStyle::Pill.into(),
            font: ButtonFont::Serif.into(),
            title_color: "#000000".to_owned(),
            background_color: "#ffe600".to_owned(),
            show_icon: true,
        });
        for part in [
            "class=\"place right\"",
            "class=\"pill serif\"",
            "color:#000000;background:#ffe600;border-color:#ffe600",
            "<svg",
            ">Написать</button>",
            "data-button=\"chat\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!site(ChatButton::default()).contains("<svg"));
    }

    #[test]
    fn nothing_that_was_told_becomes_markup() {
        let text = site(ChatButton {
            title: "\"><script>".to_owned(),
            title_color: "red;background:url(x)".to_owned(),
            ..ChatButton::default()
        });
        assert!(text.contains("&lt;b&gt;Окна&lt;/b&gt;") && text.contains("Звоните &amp; пишите"));
        assert!(text.contains("&quot;&gt;&lt;script&gt;") && !text.contains("url(x)"));
    }

    #[test]
    fn a_page_without_the_button_has_no_chat() {
        let text = document(&LandingSite::default(), OnlineChatId::generate());
        assert!(!text.contains("<script") && !text.contains("<button"));
    }
}
