//! Cards of crm, as the client sees them.

use std::collections::HashMap;

use api::cabinet::v1::{CabinetDeal, CabinetField, CabinetStatus};
use api::crm::v1::field_value::Value;
use api::crm::v1::{Company, Contact, Deal, FieldValue};

use crate::domain::settings::{CardKind, Field, Settings, ShownField, ShownStatus, Standard};
use crate::domain::shown::{Shown, standard};

/// Names that the account has given to its own fields and stages, by their ids.
pub(super) type Names = HashMap<String, String>;

/// A deal with what is shown of it and of its company.
pub(super) fn deal(
    settings: &Settings,
    names: &Names,
    deal: &Deal,
    companies: &[Company],
) -> CabinetDeal {
    let company = companies
        .iter()
        .find(|company| company.id == deal.company_id);
    let fields = settings.shown_fields.iter().filter_map(|shown| {
        let value = match shown.card {
            CardKind::Deal => of_deal(deal, &shown.field),
            CardKind::Company => of_company(company?, &shown.field),
            CardKind::Contact => None,
        };
        Some(field(names, shown, value?))
    });
    let stage = deal.stage_id.parse().ok();
    CabinetDeal {
        id: deal.id.clone(),
        name: deal.name.clone(),
        status: stage
            .and_then(|stage| settings.status(stage))
            .map(|shown| status(names, shown)),
        fields: fields.collect(),
        update_time: deal.update_time,
        closed: deal.close_time.is_some(),
    }
}

/// The client's own fields.
pub(super) fn contact(settings: &Settings, names: &Names, contact: &Contact) -> Vec<CabinetField> {
    let of = settings.shown_fields.iter();
    let of = of.filter(|shown| shown.card == CardKind::Contact);
    of.filter_map(|shown| Some(field(names, shown, of_contact(contact, &shown.field)?)))
        .collect()
}

/// A status under the name that clients know.
pub(super) fn status(names: &Names, shown: &ShownStatus) -> CabinetStatus {
    CabinetStatus {
        name: status_name(names, shown),
        color: shown.color.to_string(),
    }
}

/// What a status is called for clients.
pub(super) fn status_name(names: &Names, shown: &ShownStatus) -> String {
    if shown.name.is_empty() {
        let id = shown.stage.to_string();
        names.get(&id).cloned().unwrap_or_default()
    } else {
        shown.name.clone()
    }
}

/// What a field is called for clients: empty for a standard field without a name of its own, which the page knows.
pub(super) fn field_name(names: &Names, shown: &ShownField) -> String {
    if shown.name.is_empty() {
        names.get(&shown.field.name()).cloned().unwrap_or_default()
    } else {
        shown.name.clone()
    }
}

fn field(names: &Names, shown: &ShownField, value: Shown) -> CabinetField {
    let mut field = CabinetField {
        name: field_name(names, shown),
        standard: standard(&shown.field).to_owned(),
        ..CabinetField::default()
    };
    match value {
        Shown::Text(text) => field.value = text,
        Shown::Date(date) => (field.value, field.date) = (date, true),
        Shown::Checked(checked) => field.checkbox = if checked { 2 } else { 1 },
        Shown::Money(minor, currency) => (field.amount_minor, field.currency) = (minor, currency),
    }
    field
}

fn of_deal(deal: &Deal, field: &Field) -> Option<Shown> {
    match field {
        Field::Own(id) => own(&deal.field_values, &id.to_string()),
        Field::Standard(Standard::Name) => Shown::text(&deal.name),
        Field::Standard(Standard::Price) => {
            let price = deal.price.as_ref()?;
            Some(Shown::Money(price.amount_minor, price.currency.clone()))
        }
        Field::Standard(Standard::Phones | Standard::Emails | Standard::Addresses) => None,
    }
}

macro_rules! of_card {
    ($name:ident, $card:ty) => {
        fn $name(card: &$card, field: &Field) -> Option<Shown> {
            match field {
                Field::Own(id) => own(&card.field_values, &id.to_string()),
                Field::Standard(Standard::Name) => Shown::text(&card.name),
                Field::Standard(Standard::Phones) => {
                    Shown::texts(card.phones.iter().map(|it| it.number.as_str()))
                }
                Field::Standard(Standard::Emails) => {
                    Shown::texts(card.emails.iter().map(|it| it.address.as_str()))
                }
                Field::Standard(Standard::Addresses) => {
                    Shown::texts(card.addresses.iter().map(|it| it.text.as_str()))
                }
                Field::Standard(Standard::Price) => None,
            }
        }
    };
}

of_card!(of_contact, Contact);
of_card!(of_company, Company);

fn own(values: &[FieldValue], id: &str) -> Option<Shown> {
    let value = values.iter().find(|value| value.field_id == id)?;
    match value.value.as_ref()? {
        Value::Text(text) | Value::Option(text) => Shown::text(text),
        Value::Number(number) => Shown::text(&number.to_string()),
        Value::Date(date) => Some(Shown::Date(date.clone())),
        Value::Checked(checked) => Some(Shown::Checked(*checked)),
    }
}
