//! What clients write becomes contacts, deals, unsorted records and tasks.

mod requests;
mod settings;

use api::connector::v1::channel_event::Event;
use api::connector::v1::{ChannelEvent, IncomingMessage};
use api::conversations::v1::ConversationMode;
use api::crm::v1 as crm;
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::crm::v1::task_service_client::TaskServiceClient;
use api::sync::v1::integration_service_client::IntegrationServiceClient;
use api::sync::v1::run_service_client::RunServiceClient;
use api::sync::v1::{
    CreateIntegrationRequest, DealPlace, ExplainRunRequest, ExplainRunResponse, Integration,
    ListRunsRequest, Run, RunState, TransferMethod,
};
use integration_tests::Cluster;
use integration_tests::actors::{Admin, CONNECTOR, Connector};
use tonic::Status;
use tonic::transport::Channel;

/// An installation whose account has a pipeline, a channel, and no integration yet.
pub struct Office {
    pub cluster: Cluster,
    pub admin: Admin,
    pub connector: Connector,
    pub pipeline: crm::Pipeline,
}

impl Office {
    pub async fn open() -> Self {
        Self::in_cluster(Cluster::start().await).await
    }

    pub async fn in_cluster(cluster: Cluster) -> Self {
        let admin = cluster.account("office").await;
        let connector = admin.connector(ConversationMode::NewAfterClose).await;
        let pipeline = pipeline(&admin, "Продажи").await;
        Self {
            cluster,
            admin,
            connector,
            pipeline,
        }
    }

    pub fn integrations(&self) -> IntegrationServiceClient<Channel> {
        IntegrationServiceClient::new(self.admin.channel())
    }

    pub fn runs(&self) -> RunServiceClient<Channel> {
        RunServiceClient::new(self.admin.channel())
    }

    /// Settings that take everything of the channel.
    pub fn draft(&self, method: TransferMethod) -> Integration {
        Integration {
            name: "Сайт".into(),
            enabled: true,
            exclusive: true,
            channels: vec![CONNECTOR.into()],
            method: method.into(),
            default_place: Some(DealPlace {
                pipeline_id: self.pipeline.id.clone(),
                stage_id: String::new(),
            }),
            responsible_employee_id: self.admin.user().id.clone(),
            ..Integration::default()
        }
    }

    pub async fn create(&self, integration: Integration) -> Result<Integration, Status> {
        let request = CreateIntegrationRequest {
            integration: Some(integration),
            request_id: String::new(),
        };
        let made = self
            .integrations()
            .create_integration(self.admin.ask(request).await)
            .await?;
        Ok(made.into_inner().integration.expect("an integration"))
    }

    pub async fn listed(&self, request: ListRunsRequest) -> Vec<Run> {
        let listed = self.runs().list_runs(self.admin.ask(request).await).await;
        listed.expect("listed").into_inner().runs
    }

    /// The runs of a conversation, the newest first, once so many are at their end.
    pub async fn settled(&self, conversation: &str, runs: usize) -> Vec<Run> {
        testkit::wait_for_state("the runs are at their end", async || {
            let listed = self.listed(ListRunsRequest {
                conversation: conversation.into(),
                ..ListRunsRequest::default()
            });
            let listed = listed.await;
            let is_open = |run: &Run| run.state() == RunState::Pending;
            if listed.len() >= runs && !listed.iter().any(is_open) {
                Ok(listed)
            } else {
                Err(format!("{listed:?}"))
            }
        })
        .await
    }

    pub async fn explain(&self, run: &Run) -> ExplainRunResponse {
        let request = ExplainRunRequest {
            run_id: run.id.clone(),
        };
        let told = self.runs().explain_run(self.admin.ask(request).await).await;
        told.expect("explained").into_inner()
    }

    pub async fn contacts(&self) -> Vec<crm::Contact> {
        let request = self.admin.ask(crm::ListContactsRequest::default()).await;
        let listed = ContactServiceClient::new(self.admin.channel())
            .list_contacts(request)
            .await;
        listed.expect("listed").into_inner().contacts
    }

    pub async fn deals(&self) -> Vec<crm::Deal> {
        let request = self.admin.ask(crm::ListDealsRequest::default()).await;
        let listed = DealServiceClient::new(self.admin.channel())
            .list_deals(request)
            .await;
        listed.expect("listed").into_inner().deals
    }

    pub async fn tasks(&self) -> Vec<crm::Task> {
        let request = self.admin.ask(crm::ListTasksRequest::default()).await;
        let listed = TaskServiceClient::new(self.admin.channel())
            .list_tasks(request)
            .await;
        listed.expect("listed").into_inner().tasks
    }
}

pub async fn pipeline(admin: &Admin, name: &str) -> crm::Pipeline {
    let request = crm::CreatePipelineRequest {
        pipeline: Some(crm::Pipeline {
            name: name.into(),
            ..crm::Pipeline::default()
        }),
        request_id: String::new(),
    };
    let made = PipelineServiceClient::new(admin.channel())
        .create_pipeline(admin.ask(request).await)
        .await;
    made.expect("made")
        .into_inner()
        .pipeline
        .expect("a pipeline")
}

/// A message with facts of the request.
pub fn told(
    connector: &Connector,
    chat: &str,
    event: &str,
    facts: &[(&str, &str)],
) -> ChannelEvent {
    let facts = facts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let message = IncomingMessage {
        text: "Сколько стоит?".into(),
        sender_name: "Иван".into(),
        facts: facts.collect(),
        ..IncomingMessage::default()
    };
    connector.event(chat, event, Event::Message(message))
}
