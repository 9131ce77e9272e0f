//! Whether people who have not written yet can be reached: connectors of the installation are asked.

use std::collections::HashMap;
use std::time::Duration;

use api::connector::internal::v1::client_service_client::ClientServiceClient;
use api::connector::internal::v1::{CheckClientRequest, ClientState};
use auth::{ServiceChannel, ServiceTokens};
use tonic::Request;
use types::ConnectionId;

use crate::domain::client::Registration;

/// How long a connector may take.
const DEADLINE: Duration = Duration::from_secs(8);

/// The connectors that can be asked, by key. A clone is cheap.
#[derive(Debug, Clone, Default)]
pub struct ClientChecks(HashMap<String, ClientServiceClient<ServiceChannel>>);

impl ClientChecks {
    /// Over the keys and addresses of connectors.
    ///
    /// # Errors
    /// When an address is malformed.
    pub fn new(connectors: &[(String, String)], tokens: &ServiceTokens) -> anyhow::Result<Self> {
        let mut clients = HashMap::new();
        for (key, address) in connectors {
            let channel = tokens.channel(kit::channel(address)?);
            clients.insert(key.clone(), ClientServiceClient::new(channel));
        }
        Ok(Self(clients))
    }

    /// What a connection's channel says of a number; nothing when its connector cannot be asked or does not answer: then the
    /// first message shows it.
    pub async fn check(&self, key: &str, connection: ConnectionId, digits: &str) -> Registration {
        let Some(client) = self.0.get(key) else {
            return Registration::Unknown;
        };
        let mut request = Request::new(CheckClientRequest {
            connection_id: connection.to_string(),
            phone: digits.to_owned(),
        });
        request.set_timeout(DEADLINE);
        let answer = match client.clone().check_client(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => {
                tracing::warn!(connector = key, code = ?status.code(), "a connector did not say whether a number is registered");
                return Registration::Unknown;
            }
        };
        match answer.state() {
            ClientState::Registered if answer.external_chat_id.is_empty() => Registration::Unknown,
            ClientState::Registered => Registration::Registered(answer.external_chat_id),
            ClientState::NotRegistered => Registration::Nobody,
            ClientState::CredentialsRefused => Registration::CredentialsRefused,
            ClientState::Unspecified => Registration::Unknown,
        }
    }
}
