//! A provider that is called by HTTP as its description says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use super::description::{Description, Values, text_at};
use super::{ErrorClass, Fault, Provider, Sent, Sms};

/// How long a provider may take to be connected to.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// An answer has a few hundred bytes.
const LARGEST_ANSWER: usize = 64 << 10;
/// Of a provider's words so much is kept.
const LONGEST_TEXT: usize = 300;

/// A client for all providers. Redirects are not followed: they would take the credentials along.
///
/// # Errors
/// When the system's certificates cannot be read.
pub fn client(patience: Duration) -> reqwest::Result<Client> {
    // Whoever came first has set it.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("Beseda/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_TIME)
        .timeout(patience)
        .build()
}

/// A provider with an account's settings.
pub struct Http {
    /// How it is called.
    pub description: Arc<Description>,
    /// The account's settings, secrets among them.
    pub settings: BTreeMap<String, String>,
    /// Calls it.
    pub client: Client,
}

impl Provider for Http {
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<Sent, Fault>> {
        self.call(sms).boxed()
    }
}

impl Http {
    async fn call(&self, sms: &Sms) -> Result<Sent, Fault> {
        let values = Values::new(sms, &self.settings);
        let answer = self
            .request(&values)
            .send()
            .await
            .map_err(|error| unanswered(&error))?;
        let status = answer.status();
        let body = read(answer).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        self.judge(status, &answer, &values)
    }

    fn request(&self, values: &Values) -> reqwest::RequestBuilder {
        let send = &self.description.send;
        let mut request = self.client.post(values.url(&send.url));
        for (name, value) in &send.headers {
            request = request.header(name, values.fill(value));
        }
        if let Some(user) = &send.user {
            let password = send.password.as_ref().map(|it| values.fill(it));
            request = request.basic_auth(values.fill(user), password);
        }
        match &send.json {
            Some(json) => request.json(&values.json(json)),
            None => {
                let fields = send.form.iter();
                let fields = fields.map(|(name, value)| (name, values.fill(value)));
                let given: Vec<_> = fields.filter(|(_, value)| !value.is_empty()).collect();
                request.form(&given)
            }
        }
    }

    fn judge(&self, status: StatusCode, answer: &Value, values: &Values) -> Result<Sent, Fault> {
        let reply = &self.description.reply;
        let at = |pointer: &String| text_at(answer, &values.fill(pointer));
        let refused = reply.unless.as_ref();
        let refused = refused.is_some_and(|condition| condition.holds(answer, values));
        if status.is_success() && !refused && reply.sent.holds(answer, values) {
            return Ok(Sent {
                external_id: reply.id.as_ref().and_then(at).unwrap_or_default(),
                balance: reply.balance.as_ref().and_then(at).unwrap_or_default(),
            });
        }
        let code = reply.error.iter().find_map(at);
        let known = code
            .as_ref()
            .and_then(|code| self.description.errors.get(code));
        let text = reply.error_text.iter().find_map(at).unwrap_or_default();
        Err(Fault {
            class: known.copied().unwrap_or_else(|| class_of(status)),
            text: words(status, code.as_deref(), &text),
        })
    }
}

/// What an answer without a known error code means.
fn class_of(status: StatusCode) -> ErrorClass {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorClass::Credentials,
        StatusCode::PAYMENT_REQUIRED => ErrorClass::Money,
        StatusCode::TOO_MANY_REQUESTS => ErrorClass::Busy,
        status if status.is_client_error() => ErrorClass::Settings,
        _ => ErrorClass::Unavailable,
    }
}

/// What an operator reads. A provider may repeat number or text of an SMS: long runs of digits are left out.
fn words(status: StatusCode, code: Option<&str>, text: &str) -> String {
    let text = without_digits(text);
    let words = match code {
        Some(code) => format!("{code}: {text}"),
        None => format!("HTTP {}: {text}", status.as_u16()),
    };
    words.chars().take(LONGEST_TEXT).collect()
}

fn without_digits(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        shown.push_str(if digits.len() > 5 { "…" } else { &digits });
        digits.clear();
        shown.push(c);
    }
    shown.trim().to_owned()
}

async fn read(mut answer: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| unanswered(&error))? {
        if body.len() + part.len() > LARGEST_ANSWER {
            return Err(fault(ErrorClass::Unknown, "the answer is too long"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Only a connection that was never made is certain to have sent nothing.
fn unanswered(error: &reqwest::Error) -> Fault {
    if error.is_connect() {
        fault(ErrorClass::Unavailable, "no connection")
    } else if error.is_timeout() {
        fault(ErrorClass::Unknown, "no answer in time")
    } else {
        fault(ErrorClass::Unknown, "the connection broke")
    }
}

fn fault(class: ErrorClass, text: &str) -> Fault {
    Fault {
        class,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::Widgets;
    use serde_json::json;
    use types::SmsMessageId;

    /// What a ready description makes of an answer.
    fn judged(key: &str, status: u16, answer: &Value) -> Result<Sent, ErrorClass> {
        let widgets = Widgets::ready(false);
        let http = Http {
            description: widgets.description(key).expect("ready"),
            settings: BTreeMap::new(),
            client: client(Duration::from_secs(1)).expect("a client"),
        };
        let sms = Sms {
            id: SmsMessageId::generate(),
            phone: "+79250000001".to_owned(),
            text: String::new(),
            report_url: String::new(),
        };
        let values = Values::new(&sms, &http.settings);
        let status = StatusCode::from_u16(status).expect("a status");
        http.judge(status, answer, &values)
            .map_err(|fault| fault.class)
    }

    fn sent(external_id: &str, balance: &str) -> Result<Sent, ErrorClass> {
        Ok(Sent {
            external_id: external_id.to_owned(),
            balance: balance.to_owned(),
        })
    }

    #[test]
    fn smsc_answers_200_also_when_it_refuses() {
        let taken = json!({"id": 1, "cnt": 1, "cost": "2.5", "balance": "97.50"});
        assert_eq!(judged("smsc", 200, &taken), sent("1", "97.50"));
        for (code, class) in [
            (2, ErrorClass::Credentials),
            (3, ErrorClass::Money),
            (6, ErrorClass::Settings),
            (7, ErrorClass::Number),
            (9, ErrorClass::Busy),
        ] {
            let refused = json!({"error": "…", "error_code": code, "id": 1});
            assert_eq!(judged("smsc", 200, &refused), Err(class), "{code}");
        }
    }

    #[test]
    fn smsru_refuses_one_number_within_a_success() {
        let number = |status: &str, code: i32| {
            json!({"status": "OK", "status_code": 100, "balance": 12.5,
                   "sms": {"79250000001": {"status": status, "status_code": code, "sms_id": "000-1"}}})
        };
        assert_eq!(
            judged("smsru", 200, &number("OK", 100)),
            sent("000-1", "12.5")
        );
        assert_eq!(
            judged("smsru", 200, &number("ERROR", 207)),
            Err(ErrorClass::Number)
        );
        let whole = json!({"status": "ERROR", "status_code": 201});
        assert_eq!(judged("smsru", 200, &whole), Err(ErrorClass::Money));
    }

    #[test]
    fn twilio_says_it_by_status_and_code() {
        let taken = json!({"sid": "SM1", "status": "queued", "error_code": null});
        assert_eq!(judged("twilio", 201, &taken), sent("SM1", ""));
        let refused = json!({"code": 21211, "message": "…", "status": 400});
        assert_eq!(judged("twilio", 400, &refused), Err(ErrorClass::Number));
        assert_eq!(judged("twilio", 429, &json!({})), Err(ErrorClass::Busy));
        assert_eq!(
            judged("twilio", 503, &Value::Null),
            Err(ErrorClass::Unavailable)
        );
    }

    #[test]
    fn a_page_in_the_place_of_an_answer_is_no_success() {
        assert_eq!(
            judged("smsc", 200, &Value::Null),
            Err(ErrorClass::Unavailable)
        );
    }

    #[test]
    fn numbers_and_codes_in_a_providers_words_are_left_out() {
        let text = words(
            StatusCode::OK,
            Some("7"),
            "bad number 79250000001, code 123456, line 12",
        );
        assert_eq!(text, "7: bad number …, code …, line 12");
    }
}
