//! crm's answers about contacts, for the tests of another service.

use api::crm::internal::v1::crm_internal_service_server::CrmInternalService;
use api::crm::internal::v1::{
    AddSentMessagesRequest, AddSentMessagesResponse, ApplyRulesRequest, ApplyRulesResponse,
    CardFields, CardKind, FindCardByValueRequest, FindCardByValueResponse, FindContactsRequest,
    FindContactsResponse, GetRuleCatalogueRequest, GetRuleCatalogueResponse, LookUpClientRequest,
    LookUpClientResponse, PipelineChanged, PipelineStage, SentMessage,
};
use tonic::{Request, Response, Status};
use types::{AccountId, FieldId, StageId};
use uuid::Uuid;

use super::{Identity, account_of};

/// A contact that is found by these.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    account: AccountId,
    id: Uuid,
    digits: String,
    name: String,
}

impl Identity {
    /// From now on a contact is found by a telephone number and a name in a messenger.
    pub fn contact(&self, account: AccountId, id: Uuid, digits: &str, name: &str) {
        let contact = Contact {
            account,
            id,
            digits: digits.to_owned(),
            name: name.to_lowercase(),
        };
        self.with(|known| known.contacts.push(contact));
    }
}

impl Identity {
    /// A new stage of one of the account's pipelines.
    #[must_use]
    pub fn stage(&self, account: AccountId) -> StageId {
        let stage = StageId::generate();
        self.with(|known| known.stages.push((account, stage)));
        stage
    }

    /// A stage is deleted.
    pub fn delete_stage(&self, stage: StageId) {
        self.with(|known| known.stages.retain(|(_, other)| *other != stage));
    }

    /// A new field of the account's own, on deals.
    #[must_use]
    pub fn field(&self, account: AccountId) -> FieldId {
        let field = FieldId::generate();
        self.with(|known| known.fields.push((account, field)));
        field
    }

    /// A field is deleted.
    pub fn delete_field(&self, field: FieldId) {
        self.with(|known| known.fields.retain(|(_, other)| *other != field));
    }

    /// What crm was told of an account's messages, in the order in which it came.
    #[must_use]
    pub fn sent(&self, account: AccountId) -> Vec<SentMessage> {
        let sent = self.with(|known| known.sent.clone());
        let sent = sent.into_iter().filter(|(of, _)| *of == account);
        sent.map(|(_, message)| message).collect()
    }
}

#[tonic::async_trait]
impl CrmInternalService for Identity {
    async fn find_contacts(
        &self,
        request: Request<FindContactsRequest>,
    ) -> Result<Response<FindContactsResponse>, Status> {
        let account = account_of(&request, &request.get_ref().account_id);
        let FindContactsRequest { digits, name, .. } = request.into_inner();
        let name = name.to_lowercase();
        let found = |is: &dyn Fn(&Contact) -> bool| {
            let known = self.with(|known| known.contacts.clone());
            let known = known.iter().filter(|contact| contact.account == account);
            let found = known.filter(|contact| is(contact));
            found.map(|it| it.id.as_bytes().to_vec()).collect()
        };
        Ok(Response::new(FindContactsResponse {
            by_digits: found(&|it| !digits.is_empty() && it.digits.contains(&digits)),
            by_name: found(&|it| !name.is_empty() && it.name.contains(&name)),
            more: false,
        }))
    }

    /// Here no card has a field of the account's own.
    async fn find_card_by_value(
        &self,
        request: Request<FindCardByValueRequest>,
    ) -> Result<Response<FindCardByValueResponse>, Status> {
        account_of(&request, &request.get_ref().account_id);
        Ok(Response::new(FindCardByValueResponse::default()))
    }

    async fn look_up_client(
        &self,
        _: Request<LookUpClientRequest>,
    ) -> Result<Response<LookUpClientResponse>, Status> {
        Err(rules())
    }

    /// Of all that can be named there are stages, in one pipeline, and fields of deals.
    async fn get_rule_catalogue(
        &self,
        request: Request<GetRuleCatalogueRequest>,
    ) -> Result<Response<GetRuleCatalogueResponse>, Status> {
        let account = account_of(&request, &request.get_ref().account_id);
        let stages = self.with(|known| known.stages.clone());
        let stages = stages.into_iter().filter(|(of, _)| *of == account);
        let stages = stages.map(|(_, stage)| PipelineStage {
            stage_id: stage.uuid().as_bytes().to_vec(),
            ..PipelineStage::default()
        });
        let fields = self.with(|known| known.fields.clone());
        let fields = fields.into_iter().filter(|(of, _)| *of == account);
        let fields = fields.map(|(_, field)| field.to_string());
        let standard = ["name", "price"].map(str::to_owned).into_iter();
        let of_deals = CardFields {
            kind: CardKind::Deal.into(),
            fields: standard.chain(fields).collect(),
        };
        let pipeline = PipelineChanged {
            stages: stages.collect(),
            ..PipelineChanged::default()
        };
        Ok(Response::new(GetRuleCatalogueResponse {
            pipelines: vec![pipeline],
            card_fields: vec![of_deals],
            ..GetRuleCatalogueResponse::default()
        }))
    }

    /// Everything is told at once.
    async fn add_sent_messages(
        &self,
        request: Request<AddSentMessagesRequest>,
    ) -> Result<Response<AddSentMessagesResponse>, Status> {
        let account = account_of(&request, &request.get_ref().account_id);
        let sent = request.into_inner().messages;
        self.with(|known| {
            let told = sent.into_iter().map(|message| (account, message));
            known.sent.extend(told);
        });
        Ok(Response::new(AddSentMessagesResponse {}))
    }

    async fn apply_rules(
        &self,
        _: Request<ApplyRulesRequest>,
    ) -> Result<Response<ApplyRulesResponse>, Status> {
        Err(rules())
    }
}

/// Rules are tested with crm itself.
fn rules() -> Status {
    Status::unimplemented("this stand-in knows contacts and stages only")
}
