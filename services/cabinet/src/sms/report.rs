//! What providers say later: `/hooks/sms/<account>/<provider>/<secret>`.
//!
//! The secret in the address is made for each provider of each account. A report that comes twice changes nothing.

use api::connector::internal::v1::hook_service_server::HookService;
use api::connector::internal::v1::{ReceiveRequest, ReceiveResponse};
use auth::Caller;
use pg::SystemScope;
use subtle::ConstantTimeEq;
use tonic::{Request, Response, Status};
use types::{AccountId, SmsProviderId};

use super::description::Report;
use crate::state::{Parts, State};
use crate::store::{messages, providers};

/// Takes reports in.
pub struct Reports(pub State);

#[tonic::async_trait]
impl HookService for Reports {
    async fn receive(
        &self,
        request: Request<ReceiveRequest>,
    ) -> Result<Response<ReceiveResponse>, Status> {
        Caller::of(&request)?.require_service()?;
        let (status, body) = take(&self.0, &request.into_inner()).await;
        Ok(Response::new(ReceiveResponse { status, body }))
    }
}

async fn take(state: &Parts, call: &ReceiveRequest) -> (i32, String) {
    let Some((account, provider)) = address(state, &call.path) else {
        return (404, "There is nothing at this address.\n".to_owned());
    };
    let read = state.db.tx(
        SystemScope::for_job("read a provider that reports"),
        move |tx| Box::pin(async move { providers::find(tx, account, provider).await }),
    );
    let found = match read.await {
        Ok(found) => found,
        Err(error) => return away(&error),
    };
    let description = found.and_then(|it| state.widgets.description(&it.widget_key));
    let Some(report) = description.as_ref().and_then(|it| it.report.as_ref()) else {
        return (404, "There is nothing at this address.\n".to_owned());
    };
    for (external_id, status) in told(report, call) {
        let delivered = report.delivered.contains(&status);
        if !delivered && !report.failed.contains(&status) {
            continue;
        }
        let noted = state
            .db
            .tx(SystemScope::for_job("note a report"), move |tx| {
                Box::pin(async move {
                    messages::report(tx, account, provider, &external_id, delivered).await
                })
            });
        if let Err(error) = noted.await {
            return away(&error);
        }
    }
    (200, report.answer.clone())
}

/// The provider calls again.
fn away(error: &pg::Error) -> (i32, String) {
    tracing::warn!(%error, "a report of a provider of SMS could not be taken in");
    (503, "Call again.\n".to_owned())
}

/// Account and provider of an address whose secret is right.
fn address(state: &Parts, path: &str) -> Option<(AccountId, SmsProviderId)> {
    let mut parts = path.split('/');
    let account: AccountId = parts.next()?.parse().ok()?;
    let provider: SmsProviderId = parts.next()?.parse().ok()?;
    let said = parts.next()?;
    let secret = state.keys.hook(account, provider);
    let right = bool::from(said.as_bytes().ct_eq(secret.as_bytes()));
    (right && parts.next().is_none()).then_some((account, provider))
}

/// Ids and statuses that a call tells.
fn told(report: &Report, call: &ReceiveRequest) -> Vec<(String, String)> {
    let query = url::form_urlencoded::parse(call.query.as_bytes()).into_owned();
    let body = url::form_urlencoded::parse(&call.body).into_owned();
    let fields: Vec<(String, String)> = query.chain(body).collect();
    if let Some(word) = &report.lines {
        let values = fields.iter().map(|(_, value)| value);
        return values
            .filter_map(|value| three_lines(word, value))
            .collect();
    }
    let field = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    field(&report.id)
        .zip(field(&report.status))
        .into_iter()
        .collect()
}

fn three_lines(word: &str, value: &str) -> Option<(String, String)> {
    let mut lines = value.lines().map(str::trim);
    if lines.next()? != word {
        return None;
    }
    Some((lines.next()?.to_owned(), lines.next()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::Widgets;

    fn of(key: &str, query: &str, body: &str) -> Vec<(String, String)> {
        let description = Widgets::ready(false).description(key).expect("ready");
        let call = ReceiveRequest {
            query: query.to_owned(),
            body: body.as_bytes().to_vec(),
            ..ReceiveRequest::default()
        };
        told(description.report.as_ref().expect("it reports"), &call)
    }

    #[test]
    fn each_ready_provider_reports_in_its_own_way() {
        let pair = |id: &str, status: &str| vec![(id.to_owned(), status.to_owned())];
        assert_eq!(of("smsc", "", "id=1&phone=79&status=1"), pair("1", "1"));
        assert_eq!(of("smsc", "id=1&status=20", ""), pair("1", "20"));
        assert_eq!(
            of("twilio", "", "MessageSid=SM1&MessageStatus=delivered"),
            pair("SM1", "delivered")
        );
        let lines = "data%5B0%5D=sms_status%0A000-1%0A103%0A1&data%5B1%5D=callcheck%0Ax%0Ay";
        assert_eq!(of("smsru", "", lines), pair("000-1", "103"));
        assert_eq!(of("smsc", "", "id=1"), []);
    }
}
