//! The demo account's cards: a pipeline, a few contacts, and a deal of each.

use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::crm::v1::{
    Contact, CreateContactRequest, CreateDealRequest, CreatePipelineRequest, Deal,
    ListContactsRequest, ListDealsRequest, ListPipelinesRequest, Money, Phone, Pipeline, Stage,
};
use tonic::transport::Channel;

use super::{said, with};

const PIPELINE: &str = "Продажи";
/// Where requests begin.
pub const FIRST: &str = "Первый контакт";
/// Where those begin that a campaign brings.
pub const TALKS: &str = "Переговоры";
/// The stage whose deals the demo manager does not see, nor what is written about them.
pub const HIDDEN: &str = "Договор";
/// Name, telephone number, deal, its price in roubles, and its stage.
pub(super) const CLIENTS: [(&str, &str, &str, i64, &str); 3] = [
    (
        "Иван Петров",
        "+74950000001",
        "Окна для дачи",
        120_000,
        FIRST,
    ),
    (
        "Ольга Смирнова",
        "+74950000002",
        "Остекление балкона",
        85_000,
        TALKS,
    ),
    (
        "ООО «Вектор»",
        "+74950000003",
        "Окна для офиса",
        940_000,
        HIDDEN,
    ),
];

/// Makes what is missing; where there are deals already, nothing is. The pipeline of the deals.
pub async fn seed(crm: &Channel, token: &str) -> anyhow::Result<Pipeline> {
    let pipeline = pipeline(crm, token).await?;
    let mut deals = DealServiceClient::new(crm.clone());
    let request = ListDealsRequest {
        page_size: 1,
        ..ListDealsRequest::default()
    };
    let listed = deals.list_deals(with(token, request)).await.map_err(said)?;
    if !listed.into_inner().deals.is_empty() {
        return Ok(pipeline);
    }
    for (name, phone, title, price, stage) in CLIENTS {
        let deal = Deal {
            name: title.to_owned(),
            main_contact_id: contact(crm, token, name, phone).await?,
            stage_id: stage_of(&pipeline, stage),
            price: Some(Money {
                amount_minor: price * 100,
                currency: "RUB".to_owned(),
            }),
            ..Deal::default()
        };
        let request = CreateDealRequest {
            deal: Some(deal),
            request_id: String::new(),
        };
        deals
            .create_deal(with(token, request))
            .await
            .map_err(said)?;
    }
    Ok(pipeline)
}

/// The id of the stage with this name; empty, which means the first, where the account calls its stages otherwise.
pub fn stage_of(pipeline: &Pipeline, name: &str) -> String {
    let stage = pipeline.stages.iter().find(|stage| stage.name == name);
    stage.map(|stage| stage.id.clone()).unwrap_or_default()
}

/// The account's first pipeline; a new one where there is none.
async fn pipeline(crm: &Channel, token: &str) -> anyhow::Result<Pipeline> {
    let mut pipelines = PipelineServiceClient::new(crm.clone());
    let request = with(token, ListPipelinesRequest::default());
    let listed = pipelines.list_pipelines(request).await.map_err(said)?;
    if let Some(first) = listed.into_inner().pipelines.into_iter().next() {
        return Ok(first);
    }
    let stage = |name: &str| Stage {
        name: name.to_owned(),
        ..Stage::default()
    };
    let pipeline = Pipeline {
        name: PIPELINE.to_owned(),
        stages: [FIRST, TALKS, HIDDEN].map(stage).to_vec(),
        ..Pipeline::default()
    };
    let request = CreatePipelineRequest {
        pipeline: Some(pipeline),
        request_id: String::new(),
    };
    let made = pipelines
        .create_pipeline(with(token, request))
        .await
        .map_err(said)?;
    Ok(made.into_inner().pipeline.unwrap_or_default())
}

/// The id of the contact with this number; a new one where there is none.
async fn contact(crm: &Channel, token: &str, name: &str, phone: &str) -> anyhow::Result<String> {
    let mut contacts = ContactServiceClient::new(crm.clone());
    let request = ListContactsRequest {
        phone: phone.to_owned(),
        ..ListContactsRequest::default()
    };
    let listed = contacts
        .list_contacts(with(token, request))
        .await
        .map_err(said)?;
    if let Some(known) = listed.into_inner().contacts.into_iter().next() {
        return Ok(known.id);
    }
    let contact = Contact {
        name: name.to_owned(),
        phones: vec![Phone {
            number: phone.to_owned(),
            label: String::new(),
        }],
        ..Contact::default()
    };
    let request = CreateContactRequest {
        contact: Some(contact),
        request_id: String::new(),
    };
    let made = contacts
        .create_contact(with(token, request))
        .await
        .map_err(said)?;
    Ok(made.into_inner().contact.unwrap_or_default().id)
}
