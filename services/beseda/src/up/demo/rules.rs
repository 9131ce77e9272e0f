//! The demo account's integration: what is written in the online chat becomes a contact, a deal and a task.

use api::crm::v1::Pipeline;
use api::sync::v1::integration_service_client::IntegrationServiceClient;
use api::sync::v1::{
    CreateIntegrationRequest, DealPlace, GetCatalogueRequest, Integration, ListIntegrationsRequest,
    PipelineRule, RequestTag, RuleCondition, RuleNode, RuleOperator, TaskAssignment, TaskSettings,
    TransferMethod, rule_node,
};
use tonic::transport::Channel;

use super::cards::{FIRST, TALKS, stage_of};
use super::{said, with};

const NAME: &str = "Сайт";
/// Requests of this campaign begin in a later stage.
const CAMPAIGN: &str = "spring";
/// How long a task may take.
const TERM: i64 = 3600;

/// Makes it, where the account has none.
pub async fn seed(sync: &Channel, token: &str, pipeline: &Pipeline) -> anyhow::Result<()> {
    let mut integrations = IntegrationServiceClient::new(sync.clone());
    let listed = integrations
        .list_integrations(with(token, ListIntegrationsRequest::default()))
        .await
        .map_err(said)?;
    if !listed.into_inner().integrations.is_empty() {
        return Ok(());
    }
    let catalogue = integrations
        .get_catalogue(with(token, GetCatalogueRequest::default()))
        .await
        .map_err(said)?;
    let mut employees = catalogue.into_inner().employees.into_iter();
    let responsible = employees.find(|it| it.active).unwrap_or_default().id;
    let request = CreateIntegrationRequest {
        integration: Some(integration(pipeline, responsible)),
        request_id: String::new(),
    };
    integrations
        .create_integration(with(token, request))
        .await
        .map_err(said)?;
    Ok(())
}

fn integration(pipeline: &Pipeline, responsible: String) -> Integration {
    let place = |stage: &str| DealPlace {
        pipeline_id: pipeline.id.clone(),
        stage_id: stage_of(pipeline, stage),
    };
    let campaign = RuleCondition {
        parameter: "utm_campaign".to_owned(),
        operator: RuleOperator::Equals.into(),
        values: vec![CAMPAIGN.to_owned()],
    };
    Integration {
        name: NAME.to_owned(),
        enabled: true,
        exclusive: true,
        channels: vec!["onlinechat".to_owned(), "telegram".to_owned()],
        method: TransferMethod::ContactAndDeal.into(),
        tasks: Some(TaskSettings {
            term: Some(prost_types::Duration {
                seconds: TERM,
                nanos: 0,
            }),
            assignment: TaskAssignment::FromContact.into(),
        }),
        tags: vec![RequestTag::Channel.into(), RequestTag::Site.into()],
        default_place: Some(place(FIRST)),
        pipeline_rules: vec![PipelineRule {
            condition: Some(RuleNode {
                node: Some(rule_node::Node::Condition(campaign)),
            }),
            place: Some(place(TALKS)),
        }],
        responsible_employee_id: responsible,
        daily_employee_sync: true,
        ..Integration::default()
    }
}
