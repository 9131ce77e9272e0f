//! `beseda rules dry-run`.

use std::collections::HashMap;

use api::sync::v1::dry_run_request::Requests;
use api::sync::v1::run_service_client::RunServiceClient;
use api::sync::v1::{DescribedRequest, DryRunRequest, DryRunResponse};
use clap::Args;

use super::words;
use crate::inbox::connection::Connection;
use crate::inbox::json;
use crate::inbox::output::Output;
use crate::inbox::problem::Problem;

/// Which request.
#[derive(Debug, Args)]
pub struct DryRun {
    /// A conversation, by its number or id; without one and without --last a request that nobody made
    conversation: Option<String>,
    /// The last so many requests
    #[arg(long, value_name = "N", conflicts_with = "conversation")]
    last: Option<i32>,
    /// A fact of the request that nobody made, such as utm_campaign=spring
    #[arg(long = "fact", value_name = "NAME=VALUE", conflicts_with_all = ["conversation", "last"])]
    facts: Vec<String>,
    /// Its client is known
    #[arg(long, conflicts_with_all = ["conversation", "last"])]
    known: bool,
    /// Its client has an open deal in this pipeline, pip_…
    #[arg(long, value_name = "PIPELINE", conflicts_with_all = ["conversation", "last"])]
    open_deal: Option<String>,
}

impl DryRun {
    /// Prints what would be done, and why.
    pub async fn run(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let request = DryRunRequest {
            draft: None,
            requests: Some(self.requests()?),
        };
        let dry_run =
            async |channel, request| RunServiceClient::new(channel).dry_run(request).await;
        let reply: DryRunResponse = connection.call(request, dry_run).await?;
        if output.json {
            return output.line(&json::text_of("beseda.sync.v1.DryRunResponse", &reply)?);
        }
        for result in &reply.results {
            output.line(&words::result(result))?;
        }
        if reply.results.is_empty() {
            output.remark("There were no requests since there is an integration.");
        }
        Ok(())
    }

    fn requests(self) -> Result<Requests, Problem> {
        if let Some(conversation) = self.conversation {
            let number = conversation.trim_start_matches('#').to_owned();
            return Ok(Requests::Conversation(number));
        }
        if let Some(last) = self.last {
            return Ok(Requests::Last(last));
        }
        let mut facts = HashMap::from([
            ("channel".to_owned(), "onlinechat".to_owned()),
            ("client_name".to_owned(), "Анна".to_owned()),
            ("conversation_number".to_owned(), "1".to_owned()),
            (
                "page_url".to_owned(),
                "https://okna.example/dacha".to_owned(),
            ),
        ]);
        for fact in self.facts {
            let (name, value) = fact.split_once('=').ok_or_else(|| {
                Problem::Usage(format!(
                    "{fact}: a fact is NAME=VALUE, such as site=okna.example"
                ))
            })?;
            facts.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(Requests::Described(DescribedRequest {
            facts,
            client_known: self.known,
            open_deal_pipeline_id: self.open_deal.unwrap_or_default(),
            ..DescribedRequest::default()
        }))
    }
}
