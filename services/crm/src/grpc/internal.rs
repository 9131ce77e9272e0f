//! What other services ask.

mod add_sent;
mod apply_rules;
mod catalogue;
mod find_card;
mod find_contacts;
mod look_up_client;

use std::str::FromStr;
use std::sync::Arc;

use api::crm::internal::v1::crm_internal_service_server::CrmInternalService;
use api::crm::internal::v1::{
    AddSentMessagesRequest, AddSentMessagesResponse, ApplyRulesRequest, ApplyRulesResponse,
    FindCardByValueRequest, FindCardByValueResponse, FindContactsRequest, FindContactsResponse,
    GetRuleCatalogueRequest, GetRuleCatalogueResponse, LookUpClientRequest, LookUpClientResponse,
};
use api::crm::v1::MessengerIdentity;
use auth::{AccountScope, Caller};
use email_address::EmailAddress;
use kit::Refusal;
use kit::validate::Fields;
use tonic::{Request, Response, Status};
use types::AccountId;
use uuid::Uuid;

use super::{answer, wire};
use crate::core::Core;
use crate::domain::card::Messenger;

/// `CrmInternalService`.
pub struct Internal(pub Arc<Core>);

#[tonic::async_trait]
impl CrmInternalService for Internal {
    async fn find_contacts(
        &self,
        request: Request<FindContactsRequest>,
    ) -> Result<Response<FindContactsResponse>, Status> {
        answer(find_contacts::find_contacts(&self.0, &request).await)
    }

    async fn look_up_client(
        &self,
        request: Request<LookUpClientRequest>,
    ) -> Result<Response<LookUpClientResponse>, Status> {
        answer(look_up_client::look_up(&self.0, request).await)
    }

    async fn get_rule_catalogue(
        &self,
        request: Request<GetRuleCatalogueRequest>,
    ) -> Result<Response<GetRuleCatalogueResponse>, Status> {
        answer(catalogue::get(&self.0, &request).await)
    }

    async fn apply_rules(
        &self,
        request: Request<ApplyRulesRequest>,
    ) -> Result<Response<ApplyRulesResponse>, Status> {
        answer(apply_rules::apply(&self.0, request).await)
    }

    async fn find_card_by_value(
        &self,
        request: Request<FindCardByValueRequest>,
    ) -> Result<Response<FindCardByValueResponse>, Status> {
        answer(find_card::find_card_by_value(&self.0, &request).await)
    }

    async fn add_sent_messages(
        &self,
        request: Request<AddSentMessagesRequest>,
    ) -> Result<Response<AddSentMessagesResponse>, Status> {
        answer(add_sent::add(&self.0, request).await)
    }
}

/// The account that one of our services names.
fn scope<T>(
    request: &Request<T>,
    account: impl Fn(&T) -> &Vec<u8>,
) -> Result<AccountScope, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_service()?;
    let account = Uuid::from_slice(account(request.get_ref()))
        .map_err(|_| Refusal::field("account_id", "must be sixteen bytes"))?;
    caller.service_scope(AccountId::from(account))
}

/// An id in sixteen bytes.
fn id<T: From<Uuid>>(fields: &mut Fields, field: &str, bytes: &[u8]) -> T {
    Uuid::from_slice(bytes)
        .unwrap_or_else(|_| {
            fields.reject(field, "must be sixteen bytes");
            Uuid::nil()
        })
        .into()
}

/// The same where it may be left out.
fn optional_id<T: From<Uuid>>(fields: &mut Fields, field: &str, bytes: &[u8]) -> Option<T> {
    (!bytes.is_empty()).then(|| id(fields, field, bytes))
}

/// How a channel knows somebody.
fn messenger(
    fields: &mut Fields,
    field: &str,
    item: Option<&MessengerIdentity>,
) -> Option<Messenger> {
    item.map(|item| wire::messenger(fields, field, item))
}

/// An e-mail, if it is one.
fn email(text: &str) -> Option<String> {
    let text = text.trim();
    (EmailAddress::from_str(text).is_ok() && text.len() <= 254).then(|| text.to_owned())
}
