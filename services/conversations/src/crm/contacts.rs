//! Contacts by whom a new chat is bound: crm is asked on the caller's own behalf.

use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::{
    Contact, CreateContactRequest, GetContactRequest, ListContactsRequest, MessengerIdentity,
    Phone, UpdateContactRequest,
};
use auth::Caller;
use kit::Refusal;
use prost_types::FieldMask;
use tonic::transport::Channel;
use tonic::{Code, Status};

use types::ContactId;

use super::{CardReader, NEEDED, on_behalf_of};
use crate::domain::card::{Card, Kind};
use crate::domain::client::Client;
use crate::domain::profile::Profile;

/// Contacts that are looked at for one chat: its own and 10 that are like it.
const MOST: i32 = 11;

/// Whose chat is created.
#[derive(Debug, Clone)]
pub enum Found {
    /// Somebody is known.
    Contact {
        /// That one.
        contact: Box<Contact>,
        /// All who have the same number or id, that one among them or not.
        alike: Vec<Contact>,
    },
    /// Nobody yet: a contact with these digits is to be made.
    New(String),
}

impl Found {
    /// The ids of those who have the same number or id and are not this contact: they are suggested, never merged.
    #[must_use]
    pub fn others(&self, contact: &str) -> Vec<String> {
        match self {
            Self::Contact { alike, .. } => {
                let others = alike.iter().filter(|it| it.id != contact).take(10);
                others.map(|it| it.id.clone()).collect()
            }
            Self::New(_) => Vec::new(),
        }
    }
}

impl CardReader {
    /// The contact of this id, as far as it is there for the caller.
    ///
    /// # Errors
    /// SERVICE_UNAVAILABLE.
    pub async fn contact_of(&self, caller: &Caller, id: &str) -> Result<Option<Contact>, Refusal> {
        let request = GetContactRequest {
            contact_id: id.to_owned(),
        };
        let mut contacts = self.contacts();
        let answer = contacts.get_contact(on_behalf_of(caller, request, NEEDED));
        match answer.await {
            Ok(answer) => Ok(answer.into_inner().contact),
            Err(status) if is_hidden(&status) => Ok(None),
            Err(status) => Err(Refusal::service_unavailable(status)),
        }
    }

    /// The contacts that are known by this number, or to this channel by this id: at most [`MOST`], the last changed first.
    ///
    /// # Errors
    /// SERVICE_UNAVAILABLE.
    pub async fn contacts_with(
        &self,
        caller: &Caller,
        connector_key: &str,
        client: &Client,
    ) -> Result<Vec<Contact>, Refusal> {
        let request = match client {
            Client::Phone(digits) => ListContactsRequest {
                phone: format!("+{digits}"),
                ..ListContactsRequest::default()
            },
            Client::MessengerId(id) => ListContactsRequest {
                messenger: Some(identity(connector_key, id)),
                ..ListContactsRequest::default()
            },
        };
        let request = ListContactsRequest {
            page_size: MOST,
            ..request
        };
        let mut contacts = self.contacts();
        let answer = contacts.list_contacts(on_behalf_of(caller, request, NEEDED));
        match answer.await {
            Ok(answer) => Ok(answer.into_inner().contacts),
            Err(status) if is_hidden(&status) => Ok(Vec::new()),
            Err(status) => Err(Refusal::service_unavailable(status)),
        }
    }

    /// Makes a contact with this number.
    ///
    /// # Errors
    /// PERMISSION_MISSING when the caller may not, SERVICE_UNAVAILABLE.
    pub async fn add_contact(&self, caller: &Caller, digits: &str) -> Result<Contact, Refusal> {
        let contact = Contact {
            name: format!("+{digits}"),
            phones: vec![phone(digits)],
            ..Contact::default()
        };
        let request = CreateContactRequest {
            contact: Some(contact),
            ..CreateContactRequest::default()
        };
        let mut contacts = self.contacts();
        let answer = contacts.create_contact(on_behalf_of(caller, request, NEEDED));
        let answer = answer.await.map_err(|status| match status.code() {
            Code::PermissionDenied => Refusal::permission_missing("contacts.add"),
            _ => Refusal::service_unavailable(status),
        })?;
        Ok(answer.into_inner().contact.unwrap_or_default())
    }

    /// Adds to a contact what it does not have yet (CHW-44), if the caller may change it: the chat is created either way.
    pub async fn supplement(
        &self,
        caller: &Caller,
        connector_key: &str,
        client: &Client,
        contact: &Contact,
    ) {
        if let Some((contact, path)) = supplemented(contact, connector_key, client) {
            self.update(caller, contact, path).await;
        }
    }

    /// Keeps on a contact how a channel knows its client (TG-04), if the caller may change it: the link holds either way.
    pub async fn remember(
        &self,
        caller: &Caller,
        connector_key: &str,
        profile: &Profile,
        contact: ContactId,
    ) {
        let known = self.contact_of(caller, &contact.to_string()).await;
        if let Some(contact) = known
            .ok()
            .flatten()
            .and_then(|contact| with_identity(contact, connector_key, profile))
        {
            self.update(caller, contact, "messengers").await;
        }
    }

    async fn update(&self, caller: &Caller, contact: Contact, path: &str) {
        let request = UpdateContactRequest {
            contact: Some(contact),
            update_mask: Some(FieldMask {
                paths: vec![path.to_owned()],
            }),
        };
        let mut contacts = self.contacts();
        let answer = contacts.update_contact(on_behalf_of(caller, request, NEEDED));
        if let Err(status) = answer.await {
            tracing::info!(code = ?status.code(), "a contact could not be supplemented");
        }
    }

    fn contacts(&self) -> ContactServiceClient<Channel> {
        ContactServiceClient::new(self.crm.clone())
    }
}

/// The contact with what it did not have, and which field that is.
fn supplemented(
    contact: &Contact,
    connector_key: &str,
    client: &Client,
) -> Option<(Contact, &'static str)> {
    let mut contact = contact.clone();
    match client {
        Client::Phone(digits) => {
            let number = phone(digits);
            let has = contact.phones.iter().any(|it| it.number == number.number);
            contact.phones.push(number);
            (!has).then_some((contact, "phones"))
        }
        Client::MessengerId(id) => {
            let has = messenger_id(&contact, connector_key) == Some(id.as_str());
            contact.messengers.push(identity(connector_key, id));
            (!has).then_some((contact, "messengers"))
        }
    }
}

/// The contact with the client's id and public name in a channel; `None` when it has them, or there is no id.
fn with_identity(mut contact: Contact, connector_key: &str, profile: &Profile) -> Option<Contact> {
    if profile.user_id.is_empty() {
        return None;
    }
    let wanted = MessengerIdentity {
        name: profile.username.clone(),
        ..identity(connector_key, &profile.user_id)
    };
    let mut known = contact.messengers.iter_mut();
    let known = known.find(|it| {
        it.connector_key == wanted.connector_key && it.external_id == wanted.external_id
    });
    match known {
        Some(known) if wanted.name.is_empty() || known.name == wanted.name => return None,
        Some(known) => known.name = wanted.name,
        None => contact.messengers.push(wanted),
    }
    Some(contact)
}

/// How a channel knows a contact.
pub fn messenger_id<'c>(contact: &'c Contact, connector_key: &str) -> Option<&'c str> {
    let mut known = contact.messengers.iter();
    let known = known.find(|it| it.connector_key == connector_key);
    known.map(|it| it.external_id.as_str())
}

/// The card of a contact as crm just gave it; `None` when it gave no id.
#[must_use]
pub fn card_of(contact: &Contact) -> Option<Card> {
    let id: ContactId = contact.id.parse().ok()?;
    let users = contact.follower_user_ids.iter();
    let tags = contact.tag_ids.iter();
    Some(Card {
        id: id.uuid(),
        kind: Kind::Contact,
        name: contact.name.clone(),
        responsible: contact.responsible_user_id.parse().ok(),
        pipeline: None,
        stage: None,
        tags: tags.filter_map(|id| id.parse().ok()).collect(),
        followers: users.filter_map(|id| id.parse().ok()).collect(),
        contacts: Vec::new(),
    })
}

fn identity(connector_key: &str, id: &str) -> MessengerIdentity {
    MessengerIdentity {
        connector_key: connector_key.to_owned(),
        external_id: id.to_owned(),
        name: String::new(),
    }
}

fn phone(digits: &str) -> Phone {
    Phone {
        number: format!("+{digits}"),
        label: String::new(),
    }
}

fn is_hidden(status: &Status) -> bool {
    matches!(status.code(), Code::NotFound | Code::PermissionDenied)
}
