//! Clients of the account: their cards, and what they call.

use anyhow::Result;
use api::cabinet::v1::cabinet_session_service_client::CabinetSessionServiceClient;
use api::cabinet::v1::{ConfirmCodeRequest, RequestCodeRequest};
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::{Contact, CreateContactRequest, MessengerIdentity, Phone};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Status};

use super::Cabinet;
use crate::stand::{CONNECTOR, with};

impl Cabinet<'_> {
    /// A contact with a number, who writes in a chat of the same name; its id.
    pub(super) async fn contact(&self, name: &str, phone: &str) -> Result<String> {
        let contact = Contact {
            name: name.to_owned(),
            phones: vec![Phone {
                number: phone.to_owned(),
                ..Phone::default()
            }],
            messengers: vec![MessengerIdentity {
                connector_key: CONNECTOR.to_owned(),
                external_id: format!("chat of {phone}"),
                name: name.to_owned(),
            }],
            ..Contact::default()
        };
        let request = CreateContactRequest {
            contact: Some(contact),
            ..CreateContactRequest::default()
        };
        let made = ContactServiceClient::new(self.stand.channel("crm")?)
            .create_contact(with(&self.admin, request))
            .await?;
        Ok(made.into_inner().contact.unwrap_or_default().id)
    }

    /// Asks for a code from an address; the request's token.
    pub(super) async fn ask(&self, phone: &str, address: &str) -> Result<String, Status> {
        let mut request = Request::new(RequestCodeRequest {
            cabinet_id: self.id.clone(),
            phone: phone.to_owned(),
        });
        let address = address
            .parse()
            .map_err(|_| Status::invalid_argument("the address is no text of a header"))?;
        request
            .metadata_mut()
            .insert("x-beseda-client-address", address);
        let asked = CabinetSessionServiceClient::new(self.channel.clone())
            .request_code(request)
            .await?;
        Ok(asked.into_inner().request_token)
    }

    /// Tries a code; the session's token.
    pub(super) async fn confirm(&self, token: &str, code: &str) -> Result<String, Status> {
        let request = ConfirmCodeRequest {
            request_token: token.to_owned(),
            code: code.to_owned(),
        };
        let entered = CabinetSessionServiceClient::new(self.channel.clone())
            .confirm_code(request)
            .await?;
        Ok(entered.into_inner().session_token)
    }

    /// Logs in, each client from an address of their own; the header of the session.
    pub(super) async fn log_in(&self, phone: &str) -> Result<MetadataValue<Ascii>> {
        let before = self.sms.count(phone);
        let number: u64 = phone.trim_start_matches('+').parse()?;
        let address = format!(
            "10.{}.{}.{}",
            number / 62_500 % 250,
            number / 250 % 250,
            number % 250
        );
        let token = self.ask(phone, &address).await?;
        let code = self.sms.code(phone, before).await?;
        let session = self.confirm(&token, &code).await?;
        Ok(format!("Bearer {session}").parse()?)
    }

    /// A connection as the owner of the tables.
    pub(super) async fn owner(&self) -> Result<PgConnection> {
        let url = self.stand.postgres.admin_url();
        Ok(PgConnection::connect(url.expose_secret()).await?)
    }
}
