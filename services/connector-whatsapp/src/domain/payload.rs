//! What a webhook tells. Each part of it is read by itself: one that cannot be read must not lose its neighbours, and what is not
//! known is told as such, so that an employee sees that there was something.

use serde::Deserialize;
use serde_json::Value;

use super::errors;
use super::message::{self, Told};

/// Something that a webhook tells of a number.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// WhatsApp's id of the number; empty for what concerns the business account.
    pub number: String,
    /// What it is.
    pub what: What,
}

/// What is told.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A client did something.
    Told(Box<Told>),
    /// What became of a message.
    Status(Status),
    /// Something went wrong with the number itself.
    Trouble(String),
    /// The templates of the business account, or what it may do, changed.
    Changed {
        /// WhatsApp's id of the business account.
        account: String,
    },
}

/// What became of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// WhatsApp's id of the message.
    pub message: String,
    /// What was sent along with it; empty when somebody else sent it.
    pub data: String,
    /// How far it came.
    pub stage: Stage,
}

/// How far a message came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// WhatsApp has it.
    Sent,
    /// It is on the client's device.
    Delivered,
    /// The client has seen or heard it.
    Read,
    /// It failed: the code, and what WhatsApp says of it.
    Failed {
        /// The code.
        code: i64,
        /// For people.
        details: String,
    },
    /// A word that is not known.
    Unknown(String),
}

/// An error as webhooks and answers carry it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GivenError {
    /// The code.
    pub code: i64,
    title: String,
    message: String,
    error_data: ErrorData,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ErrorData {
    details: String,
}

impl GivenError {
    /// What it says, the most telling first.
    #[must_use]
    pub fn details(&self) -> &str {
        let said = [&self.error_data.details, &self.message, &self.title];
        said.into_iter()
            .find(|it| !it.is_empty())
            .map_or("no reason given", String::as_str)
    }
}

/// All that a webhook tells, in its order.
#[must_use]
pub fn read(body: &Value) -> Vec<News> {
    let mut news = Vec::new();
    for entry in list(body, "entry") {
        let account = text(entry, "id");
        for change in list(entry, "changes") {
            let Some(value) = change.get("value") else {
                continue;
            };
            match &text(change, "field")[..] {
                "messages" => messages(value, &mut news),
                "account_alerts"
                | "account_review_update"
                | "account_update"
                | "message_template_components_update"
                | "message_template_quality_update"
                | "message_template_status_update"
                | "template_category_update" => {
                    news.push(News {
                        number: String::new(),
                        what: What::Changed {
                            account: account.clone(),
                        },
                    });
                }
                // Echoes of what others send, preferences and the like: nothing for a conversation.
                _ => {}
            }
        }
    }
    news
}

fn messages(value: &Value, news: &mut Vec<News>) {
    let number = value.get("metadata").map(|it| text(it, "phone_number_id"));
    let number = number.unwrap_or_default();
    let tell = |what: What| News {
        number: number.clone(),
        what,
    };
    let contacts = list(value, "contacts");
    for given in list(value, "messages") {
        news.extend(message::read(given, contacts).map(|told| tell(What::Told(Box::new(told)))));
    }
    let statuses = list(value, "statuses").iter().filter_map(status);
    news.extend(statuses.map(|status| tell(What::Status(status))));
    for given in list(value, "errors") {
        let error = GivenError::deserialize(given).unwrap_or_default();
        let said = errors::text(error.code, error.details());
        news.push(tell(What::Trouble(said)));
    }
}

fn status(given: &Value) -> Option<Status> {
    let message = text(given, "id");
    if message.is_empty() {
        return None;
    }
    let stage = match &text(given, "status")[..] {
        "sent" | "accepted" => Stage::Sent,
        "delivered" => Stage::Delivered,
        "read" | "played" => Stage::Read,
        "failed" => {
            let error = list(given, "errors").first();
            let error = error.and_then(|it| GivenError::deserialize(it).ok());
            let error = error.unwrap_or_default();
            Stage::Failed {
                code: error.code,
                details: error.details().to_owned(),
            }
        }
        other => Stage::Unknown(other.to_owned()),
    };
    Some(Status {
        message,
        data: text(given, "biz_opaque_callback_data"),
        stage,
    })
}

/// The elements of a list; none where there is no list.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    let found = value.get(name).and_then(Value::as_array);
    found.map(Vec::as_slice).unwrap_or_default()
}

/// A text, or a number as text; empty where there is none.
pub(super) fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
