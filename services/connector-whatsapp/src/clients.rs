//! Who is registered in WhatsApp (CHW-41, WA-02). The Cloud API itself has no way to ask; providers that kept the `contacts` node
//! of the API before it do.

use api::connector::internal::v1::client_service_server::ClientService;
use api::connector::internal::v1::{CheckClientRequest, CheckClientResponse, ClientState};
use auth::Caller;
use connector::Lines;
use kit::Refusal;
use tonic::{Request, Response, Status};

use crate::channel::Line;
use crate::domain::errors::Class;
use crate::graph::{Fault, Known};

/// Says who is registered.
#[derive(Debug)]
pub struct Clients {
    /// The numbers.
    pub lines: Lines<Line>,
}

#[tonic::async_trait]
impl ClientService for Clients {
    async fn check_client(
        &self,
        request: Request<CheckClientRequest>,
    ) -> Result<Response<CheckClientResponse>, Status> {
        Caller::of(&request)?.require_service()?;
        let request = request.into_inner();
        let open = self.lines.get(&request.connection_id);
        let open = open.ok_or_else(|| Refusal::connection_not_found(&request.connection_id))?;
        if !open.line.checks_numbers {
            return Ok(Response::new(CheckClientResponse::default()));
        }
        let (state, external_chat_id) = match open.line.graph.check(&request.phone).await {
            Ok(Known::Registered(id)) => (ClientState::Registered, id),
            Ok(Known::Nobody) => (ClientState::NotRegistered, String::new()),
            Err(Fault::Refused(refused)) if refused.class() == Class::Auth => {
                (ClientState::CredentialsRefused, String::new())
            }
            Err(fault) => {
                tracing::warn!(%fault, "WhatsApp did not say whether a number is registered");
                (ClientState::Unspecified, String::new())
            }
        };
        Ok(Response::new(CheckClientResponse {
            state: state.into(),
            external_chat_id,
        }))
    }
}
