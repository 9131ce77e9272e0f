//! What a template makes of a request, before it is saved (SYN-25).

use types::Language;

use crate::engine::View;
use crate::template::Template;
use crate::{Named, Occasion, Parameter, Request};

/// The name that a template gives of these facts; `None`: the default template.
#[must_use]
pub fn preview(
    named: Named,
    template: Option<&Template>,
    facts: &Request,
    integration: &str,
    language: Language,
) -> String {
    let view = View::new(facts, false, integration);
    named.name(template, &view, language)
}

/// A request that shows what parameters look like; what is given stands in place of the examples.
#[must_use]
pub fn example(given: impl IntoIterator<Item = (Parameter, String)>) -> Request {
    let examples = [
        (Parameter::ClientName, "Анна Петрова"),
        (Parameter::ClientPhone, "+74951234567"),
        (Parameter::ClientEmail, "anna@example.com"),
        (Parameter::ExternalId, "17"),
        (Parameter::Channel, "onlinechat"),
        (Parameter::Connection, "cxn_01h455vb4pex5vsknk084sn02q"),
        (Parameter::ConversationNumber, "128"),
        (Parameter::Message, "Сколько стоит доставка?"),
        (Parameter::Site, "okna.example"),
        (Parameter::PageUrl, "https://okna.example/delivery"),
        (Parameter::PageTitle, "Доставка"),
        (Parameter::Referrer, "https://search.example/"),
        (Parameter::UtmSource, "yandex"),
        (Parameter::UtmMedium, "cpc"),
        (Parameter::UtmCampaign, "spring"),
        (Parameter::UtmTerm, "windows"),
        (Parameter::UtmContent, "banner"),
        (Parameter::Referral, "spring-ad"),
        (Parameter::ReferralType, "ad"),
        (Parameter::ReferralId, "120212345678"),
        (Parameter::ReferralHeadline, "Spring sale"),
        (Parameter::Click, "ARAkLkA8rmlFeiCktEJQ"),
        (Parameter::Language, "ru"),
        (Parameter::Date, "22.11.2026"),
        (Parameter::Time, "15:04"),
    ];
    let examples = examples.map(|(name, text)| (name, text.to_owned()));
    Request::new(examples.into_iter().chain(given), Occasion::New, false)
}
