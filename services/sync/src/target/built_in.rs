//! The CRM of this system.

use std::time::Duration;

use api::conversations::internal::v1::conversation_internal_service_client::ConversationInternalServiceClient;
use api::conversations::internal::v1::{
    AttachConversationRequest, GetConversationCardsRequest, GetConversationCardsResponse,
};
use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use api::crm::internal::v1::{
    ApplyRulesRequest, ApplyRulesResponse, CardChanged, CardKind, GetRuleCatalogueRequest,
    LookUpClientRequest, LookUpClientResponse, PipelineChanged, RuleContact, RuleDeal, RuleRecord,
    RuleTask, RuleValue,
};
use api::crm::v1::MessengerIdentity;
use auth::ServiceChannel;
use kit::time::to_proto;
use rules::{
    Catalogue, Change, Contact, Employee, Field, FieldCard, FieldText, Known, NewContact, NewDeal,
    NewTask, OpenDeal, Pipeline, Stage, Subject, Target,
};
use tonic::{Code, Request, Response, Status};
use types::{
    AccountId, ContactId, CustomerId, DealId, FieldId, InvalidId, PipelineId, StageId, TaskId,
    UnsortedId, UserId,
};
use uuid::Uuid;

use super::{CrmTarget, Due, Journal, Question};
use crate::domain::client::Client;
use crate::domain::fault::Fault;
use crate::domain::run::{Run, Step};

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(3);

/// crm and conversations, over gRPC. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BuiltIn {
    crm: CrmInternalServiceClient<ServiceChannel>,
    conversations: ConversationInternalServiceClient<ServiceChannel>,
}

impl BuiltIn {
    /// Over channels that say which service calls.
    #[must_use]
    pub fn new(crm: ServiceChannel, conversations: ServiceChannel) -> Self {
        Self {
            crm: CrmInternalServiceClient::new(crm),
            conversations: ConversationInternalServiceClient::new(conversations),
        }
    }

    /// What crm knows of a client whose chat has this contact.
    async fn known(
        &self,
        client: &Client,
        contact: Vec<u8>,
        integration: &str,
    ) -> Result<LookUpClientResponse, Fault> {
        let request = LookUpClientRequest {
            account_id: bytes(client.account.uuid()),
            contact_id: contact,
            messenger: messenger(client),
            phone: client.phone.clone(),
            integration_key: integration.to_owned(),
            conversation_id: bytes(client.conversation.uuid()),
        };
        answer(self.crm.clone().look_up_client(timed(request)).await)
    }

    /// To which cards the conversation belongs.
    async fn attached(&self, client: &Client) -> Result<GetConversationCardsResponse, Fault> {
        let request = GetConversationCardsRequest {
            account_id: bytes(client.account.uuid()),
            conversation_id: bytes(client.conversation.uuid()),
        };
        let mut conversations = self.conversations.clone();
        answer(conversations.get_conversation_cards(timed(request)).await)
    }

    /// Contact and deal of the conversation from now on.
    async fn attach(
        &self,
        client: &Client,
        contact: Option<CardChanged>,
        deal: Option<CardChanged>,
    ) -> Result<(), Fault> {
        let request = AttachConversationRequest {
            account_id: bytes(client.account.uuid()),
            conversation_id: bytes(client.conversation.uuid()),
            contact,
            deal,
        };
        let mut conversations = self.conversations.clone();
        answer(conversations.attach_conversation(timed(request)).await).map(drop)
    }
}

#[tonic::async_trait]
impl CrmTarget for BuiltIn {
    async fn catalogue(&self, account: AccountId) -> Result<Catalogue, Fault> {
        let request = GetRuleCatalogueRequest {
            account_id: bytes(account.uuid()),
        };
        let told = answer(self.crm.clone().get_rule_catalogue(timed(request)).await)?;
        let field = |it: &api::crm::internal::v1::RuleField| {
            Some(Field {
                id: FieldId::from(Uuid::from_slice(&it.field_id).ok()?).to_string(),
                name: it.name.clone(),
                card: match it.kind() {
                    CardKind::Contact => FieldCard::Contact,
                    CardKind::Deal => FieldCard::Deal,
                    _ => return None,
                },
                is_text: it.text,
            })
        };
        let employee = |it: &api::crm::internal::v1::RuleEmployee| {
            Some(Employee {
                id: UserId::from(Uuid::from_slice(&it.user_id).ok()?).to_string(),
                name: it.name.clone(),
                is_active: it.active,
            })
        };
        Ok(Catalogue {
            pipelines: told.pipelines.iter().filter_map(pipeline).collect(),
            fields: told.fields.iter().filter_map(field).collect(),
            employees: told.employees.iter().filter_map(employee).collect(),
        })
    }

    async fn look_up(&self, client: &Client, question: &Question) -> Result<Known, Fault> {
        let attached = self.attached(client).await?;
        let contact_id = attached.contact_id.clone();
        let integration = question.integration.map(|id| id.to_string());
        let integration = integration.unwrap_or_default();
        let told = self.known(client, contact_id, &integration).await?;
        Ok(Known {
            contact: told.contact.as_ref().and_then(contact),
            open_deals: told.open_deals.iter().filter_map(open_deal).collect(),
            open_task: told.open_task,
            chat_contact: text_id::<ContactId>(&attached.contact_id),
            chat_card: text_id::<DealId>(&attached.deal_id)
                .or(text_id::<CustomerId>(&attached.customer_id)),
            record_deal: told.record_deal.as_ref().and_then(deal_id),
            has_record: false,
        })
    }

    async fn apply(
        &self,
        client: &Client,
        run: &mut Run,
        due: &Due,
        _: &dyn Journal,
    ) -> Result<(), Fault> {
        let request = wanted(client, run, due)?;
        let adds = request.contact.is_some()
            || request.deal.is_some()
            || request.record.is_some()
            || request.task.is_some();
        let mut made = ApplyRulesResponse::default();
        if adds {
            made = answer(self.crm.clone().apply_rules(timed(request)).await)?;
        }
        if let Some(Change::Attach { contact, deal }) = attachment(run) {
            let (contact, deal) = self
                .cards(client, run, &made, contact.as_ref(), deal)
                .await?;
            self.attach(client, contact, deal).await?;
        }
        run.steps = done(run, &made);
        Ok(())
    }
}

impl BuiltIn {
    /// The cards that an attachment names: those that the run has just made, or as crm knows them.
    async fn cards(
        &self,
        client: &Client,
        run: &Run,
        made: &ApplyRulesResponse,
        contact: Option<&Target>,
        deal: &Target,
    ) -> Result<(Option<CardChanged>, Option<CardChanged>), Fault> {
        let is_made = |target: &Target| *target == Target::New;
        if contact.is_none_or(is_made) && is_made(deal) && made.deal.is_some() {
            let contact = contact.and_then(|_| made.contact.clone());
            return Ok((contact, made.deal.clone()));
        }
        let known = match contact {
            Some(Target::Known(id)) => self.known(client, bytes_of::<ContactId>(id), "").await?,
            _ => {
                let attached = self.attached(client).await?;
                self.known(client, attached.contact_id, "").await?
            }
        };
        let wanted = run.resolve(deal, Subject::Deal);
        let all = known
            .open_deals
            .iter()
            .chain(&known.record_deal)
            .chain(&made.deal);
        let deal = all
            .into_iter()
            .find(|card| deal_id(card).as_deref() == Some(wanted));
        let contact = contact.and_then(|_| made.contact.clone().or(known.contact.clone()));
        Ok((contact, deal.cloned()))
    }
}

fn attachment(run: &Run) -> Option<&Change> {
    let changes = run.plan.changes.iter().zip(&run.steps);
    let mut open =
        changes.filter(|(change, step)| matches!(change, Change::Attach { .. }) && !step.done);
    open.next().map(|(change, _)| change)
}

/// The steps as they are after everything was done.
fn done(run: &Run, made: &ApplyRulesResponse) -> Vec<Step> {
    let steps = run.plan.changes.iter().zip(&run.steps);
    let id = |change: &Change, step: &Step| match change {
        Change::Contact(_) => made.contact.as_ref().and_then(contact_id),
        Change::Deal(_) => made.deal.as_ref().and_then(deal_id),
        Change::Attach { deal, .. } => Some(run.resolve(deal, Subject::Deal).to_owned()),
        Change::Unsorted(_) | Change::Task(_) => Some(step.id.clone()),
    };
    let step = |(change, step): (&Change, &Step)| Step {
        id: id(change, step).unwrap_or_else(|| step.id.clone()),
        done: true,
        begun: None,
    };
    steps.map(step).collect()
}

/// What the run adds. All of it is asked for again where only a later step is missing: crm answers what is there.
fn wanted(client: &Client, run: &Run, due: &Due) -> Result<ApplyRulesRequest, Fault> {
    let mut request = ApplyRulesRequest {
        account_id: bytes(client.account.uuid()),
        author_id: run.id.to_string(),
        author_name: run.integration_name.clone(),
        ..ApplyRulesRequest::default()
    };
    for (change, step) in run.plan.changes.iter().zip(&run.steps) {
        match change {
            Change::Contact(it) => request.contact = Some(new_contact(client, it, step)?),
            Change::Deal(it) => request.deal = Some(new_deal(it, step)?),
            Change::Unsorted(title) => request.record = Some(record(client, run, title, step)?),
            Change::Task(it) => request.task = Some(new_task(run, it, step, due)?),
            Change::Attach { .. } => {}
        }
    }
    Ok(request)
}

fn new_contact(client: &Client, it: &NewContact, step: &Step) -> Result<RuleContact, Fault> {
    Ok(RuleContact {
        contact_id: id::<ContactId>(&step.id)?,
        name: it.name.clone(),
        responsible_user_id: id::<UserId>(&it.responsible)?,
        tags: it.tags.clone(),
        values: values(&it.fields)?,
        messenger: messenger(client),
        phone: client.phone.clone(),
        email: client.email.clone(),
    })
}

fn new_deal(it: &NewDeal, step: &Step) -> Result<RuleDeal, Fault> {
    Ok(RuleDeal {
        deal_id: id::<DealId>(&step.id)?,
        name: it.name.clone(),
        responsible_user_id: id::<UserId>(&it.responsible)?,
        contact_id: known_id::<ContactId>(&it.contact)?,
        pipeline_id: id::<PipelineId>(&it.place.pipeline)?,
        stage_id: id::<StageId>(&it.place.stage)?,
        tags: it.tags.clone(),
        values: values(&it.fields)?,
    })
}

fn new_task(run: &Run, it: &NewTask, step: &Step, due: &Due) -> Result<RuleTask, Fault> {
    Ok(RuleTask {
        task_id: id::<TaskId>(&step.id)?,
        text: it.text.clone(),
        due_time: Some(to_proto(due.message_time + Duration::from_secs(it.term))),
        responsible_user_id: id::<UserId>(&it.responsible)?,
        deal_id: known_id::<DealId>(&it.deal)?,
        integration_key: run.integration.to_string(),
    })
}

fn record(client: &Client, run: &Run, title: &str, step: &Step) -> Result<RuleRecord, Fault> {
    Ok(RuleRecord {
        record_id: id::<UnsortedId>(&step.id)?,
        title: title.to_owned(),
        source_key: run.integration.to_string(),
        text: client.message.clone(),
        conversation_id: bytes(client.conversation.uuid()),
        contact_name: client.name.chars().take(250).collect(),
        phone: client.phone.clone(),
        email: client.email.clone(),
        messenger: messenger(client),
    })
}

fn values(fields: &[FieldText]) -> Result<Vec<RuleValue>, Fault> {
    let value = |it: &FieldText| {
        Ok(RuleValue {
            field_id: id::<FieldId>(&it.field)?,
            text: it.text.clone(),
        })
    };
    fields.iter().map(value).collect()
}

fn messenger(client: &Client) -> Option<MessengerIdentity> {
    let known = !client.connector.is_empty() && !client.external_id.is_empty();
    known.then(|| MessengerIdentity {
        connector_key: client.connector.clone(),
        external_id: client.external_id.clone(),
        name: client.name.chars().take(200).collect(),
    })
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// An id that a plan names, as crm takes it.
fn id<T: std::str::FromStr<Err = InvalidId> + IntoUuid>(text: &str) -> Result<Vec<u8>, Fault> {
    let id: T = text
        .parse()
        .map_err(|error: InvalidId| Fault::Stale(error.to_string()))?;
    Ok(bytes(id.into_uuid()))
}

/// The same of what is there; empty for what the call makes.
fn known_id<T: std::str::FromStr<Err = InvalidId> + IntoUuid>(
    target: &Target,
) -> Result<Vec<u8>, Fault> {
    match target {
        Target::New => Ok(Vec::new()),
        Target::Known(text) => id::<T>(text),
    }
}

/// The same of a text that may be empty or no such id.
fn bytes_of<T: std::str::FromStr<Err = InvalidId> + IntoUuid>(text: &str) -> Vec<u8> {
    id::<T>(text).unwrap_or_default()
}

/// An id of ours.
trait IntoUuid {
    fn into_uuid(self) -> Uuid;
}

macro_rules! into_uuid {
    ($($id:ty),*) => {$(
        impl IntoUuid for $id {
            fn into_uuid(self) -> Uuid {
                self.uuid()
            }
        }
    )*};
}
into_uuid!(
    ContactId, DealId, FieldId, PipelineId, StageId, TaskId, UnsortedId, UserId
);

/// The text of an id in sixteen bytes; `None` for an empty one.
fn text_id<T: From<Uuid> + std::fmt::Display>(bytes: &[u8]) -> Option<String> {
    let id = Uuid::from_slice(bytes).ok()?;
    Some(T::from(id).to_string())
}

fn contact_id(card: &CardChanged) -> Option<String> {
    text_id::<ContactId>(&card.card_id)
}

fn deal_id(card: &CardChanged) -> Option<String> {
    text_id::<DealId>(&card.card_id)
}

fn contact(card: &CardChanged) -> Option<Contact> {
    let user = Uuid::from_slice(&card.responsible_user_id).ok()?;
    Some(Contact {
        id: contact_id(card)?,
        responsible: UserId::from(user).to_string(),
    })
}

fn open_deal(card: &CardChanged) -> Option<OpenDeal> {
    let pipeline = Uuid::from_slice(&card.pipeline_id).ok()?;
    Some(OpenDeal {
        id: deal_id(card)?,
        pipeline: PipelineId::from(pipeline).to_string(),
    })
}

fn pipeline(told: &PipelineChanged) -> Option<Pipeline> {
    let stage = |it: &api::crm::internal::v1::PipelineStage| {
        Some(Stage {
            id: StageId::from(Uuid::from_slice(&it.stage_id).ok()?).to_string(),
            name: it.name.clone(),
            is_final: it.r#final,
        })
    };
    Some(Pipeline {
        id: PipelineId::from(Uuid::from_slice(&told.pipeline_id).ok()?).to_string(),
        name: told.name.clone(),
        stages: told.stages.iter().filter_map(stage).collect(),
    })
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

/// An answer, or what its refusal means for a run.
fn answer<T>(answer: Result<Response<T>, Status>) -> Result<T, Fault> {
    answer.map(Response::into_inner).map_err(|status| {
        let words = status.message().to_owned();
        match status.code() {
            // What the plan names went away between planning and doing.
            Code::NotFound => Fault::Stale(words),
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::OutOfRange => Fault::Refused(words),
            // The rest is passing: too much work, two changes that met, a service that is starting or away.
            _ => Fault::Unavailable(words),
        }
    })
}
