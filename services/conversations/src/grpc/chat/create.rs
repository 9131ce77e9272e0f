//! «Создать чат» (CHW-31 … CHW-44, TG-01, TG-02, TG-05): the checks in the order of decision table 2.3.

use api::conversations::v1::create_chat_request::Client as Given;
use api::conversations::v1::{CreateChatRequest, CreateChatResponse};
use api::crm::v1::Contact;
use auth::{AccountScope, Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{ChatId, ConnectionId, ContactId};

use super::Chats;
use super::get::{moment, visible};
use super::shown::{Moment, Shown, shown};
use crate::crm::{Found, card_of, messenger_id};
use crate::domain::card::Card;
use crate::domain::client::{Client, ClientAddress, Registration, Unaddressable};
use crate::domain::connection::{Connection, State};
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::store::chats::{self, NewChat};
use crate::store::{cards, connections};

pub async fn create_chat(
    service: &Chats,
    request: &Request<CreateChatRequest>,
) -> Result<CreateChatResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let wanted = parse(request.get_ref())?;
    let (connection, address) = connection(service, caller.scope()?, wanted.connection).await?;
    let health = connection.health.as_ref();
    if health.is_some_and(|it| it.state == State::Broken) {
        return Err(Refusal::channel_auth_failed(connection.id));
    }
    let client = wanted.client.map_err(unaddressable)?;
    let chat = client.chat(address).map_err(unaddressable)?;
    let chat = chat.map(str::to_owned);
    let attempt = Attempt {
        service,
        caller: &caller,
        connection: &connection,
        address,
        client,
        moment: moment(service, &caller).await?,
    };
    attempt.refuse_existing(chat.as_deref()).await?;
    // Whose it is decides later whether there is a chat; that there is nobody is told later still.
    let found = attempt.find(&wanted.contact).await;
    let known = found.as_ref().ok().and_then(|found| attempt.known(found));
    let chat = match chat {
        Some(chat) => Some(chat),
        None => {
            attempt.refuse_existing(known.as_deref()).await?;
            known
        }
    };
    attempt.require_subscription()?;
    let (found, chat) = (found?, chat.ok_or_else(Refusal::client_not_found)?);
    let chat = attempt.registered(chat).await?;
    let (contact, created) = attempt.store(chat, &found).await?;
    Ok(CreateChatResponse {
        chat: Some(created.proto(caller.require_administrator().is_ok())),
        similar_contact_ids: found.others(&contact.id),
        contact_id: contact.id,
    })
}

/// What a request asks for.
struct Wanted {
    connection: ConnectionId,
    client: Result<Client, Unaddressable>,
    /// "con_…"; empty for none.
    contact: String,
}

fn parse(request: &CreateChatRequest) -> Result<Wanted, Refusal> {
    let mut fields = Fields::new();
    let connection: Option<ConnectionId> = fields.id("connection_id", &request.connection_id);
    let contact: Option<ContactId> = fields.optional_id("contact_id", &request.contact_id);
    let client = match &request.client {
        Some(Given::Phone(number)) => Some(Client::of_phone(number)),
        Some(Given::MessengerId(id)) => {
            let id = fields.key("messenger_id", id.trim(), 1..=200);
            Some(Ok(Client::MessengerId(id)))
        }
        None => {
            fields.reject("client", "must be given: phone or messenger_id");
            None
        }
    };
    fields.finish()?;
    // Both are there when no field was refused.
    let (Some(connection), Some(client)) = (connection, client) else {
        return Err(Refusal::connection_not_found(&request.connection_id));
    };
    Ok(Wanted {
        connection,
        client,
        contact: contact.map(|id| id.to_string()).unwrap_or_default(),
    })
}

fn unaddressable(why: Unaddressable) -> Refusal {
    match why {
        Unaddressable::Number => Refusal::phone_invalid(),
        Unaddressable::PhonesOnly => Refusal::field(
            "messenger_id",
            "is not taken by this connection: give a phone",
        ),
        Unaddressable::Nobody => Refusal::field(
            "connection_id",
            "names a channel in which clients write first",
        ),
    }
}

async fn connection(
    service: &Chats,
    scope: AccountScope,
    id: ConnectionId,
) -> Result<(Connection, Option<ClientAddress>), Refusal> {
    let found = service.db.tx(scope, move |tx| {
        Box::pin(async move {
            let Some(connection) = connections::get(tx, scope, id).await? else {
                return Ok(None);
            };
            let key = &connection.connector_key;
            let address = connections::client_address(tx, scope, key).await?;
            Ok::<_, pg::Error>(Some((connection, address)))
        })
    });
    let found = found.await.map_err(Refusal::from)?;
    found.ok_or_else(|| Refusal::connection_not_found(id))
}

/// One attempt to create a chat.
struct Attempt<'a> {
    service: &'a Chats,
    caller: &'a Caller,
    connection: &'a Connection,
    address: Option<ClientAddress>,
    client: Client,
    moment: Moment,
}

impl Attempt<'_> {
    /// A chat that exists is told, whatever else stands in the way.
    async fn refuse_existing(&self, chat: Option<&str>) -> Result<(), Refusal> {
        let Some(chat) = chat.map(str::to_owned) else {
            return Ok(());
        };
        let (connection, moment) = (self.connection.id, self.moment);
        let existing = seeing(
            &self.service.db,
            &self.service.rights,
            self.caller,
            move |tx, by| {
                Box::pin(async move {
                    match chats::find(tx, by.scope, connection, &chat).await? {
                        Some(id) => Err::<(), _>(told(tx, &by, id, moment).await?),
                        None => Ok(()),
                    }
                })
            },
        );
        existing.await
    }

    /// Whose chat it is, as far as anybody is known: whoever is named, else whoever has the number or id.
    async fn find(&self, named: &str) -> Result<Found, Refusal> {
        let (cards, key) = (&self.service.cards, &self.connection.connector_key);
        let alike = cards.contacts_with(self.caller, key, &self.client).await?;
        if !named.is_empty() {
            let contact = cards.contact_of(self.caller, named).await?;
            let contact = contact.ok_or_else(|| Refusal::contact_not_found(named))?;
            let contact = Box::new(contact);
            return Ok(Found::Contact { contact, alike });
        }
        match (alike.first(), &self.client, self.address) {
            (Some(contact), _, _) => Ok(Found::Contact {
                contact: Box::new(contact.clone()),
                alike,
            }),
            (None, Client::Phone(digits), Some(ClientAddress::Phone)) => {
                Ok(Found::New(digits.clone()))
            }
            (None, Client::Phone(_) | Client::MessengerId(_), _) => {
                Err(Refusal::client_not_found())
            }
        }
    }

    /// How the channel knows whoever was found.
    fn known(&self, found: &Found) -> Option<String> {
        match found {
            Found::Contact { contact, .. } => {
                messenger_id(contact, &self.connection.connector_key).map(str::to_owned)
            }
            Found::New(_) => None,
        }
    }

    fn require_subscription(&self) -> Result<(), Refusal> {
        if !self.moment.has_subscription {
            return Err(Refusal::subscription_unpaid());
        }
        if !self.connection.in_subscription {
            return Err(Refusal::connection_not_in_subscription(self.connection.id));
        }
        if !self.connection.enabled {
            return Err(Refusal::connection_disabled(self.connection.id));
        }
        Ok(())
    }

    /// The chat as the channel calls it, if anybody is registered there (CHW-41).
    async fn registered(&self, chat: String) -> Result<String, Refusal> {
        let Client::Phone(digits) = &self.client else {
            return Ok(chat);
        };
        let (key, id) = (&self.connection.connector_key, self.connection.id);
        match self.service.clients.check(key, id, digits).await {
            Registration::Unknown => Ok(chat),
            Registration::Nobody => Err(Refusal::client_not_registered()),
            Registration::CredentialsRefused => Err(Refusal::channel_auth_failed(id)),
            Registration::Registered(as_known) => {
                if as_known != chat {
                    self.refuse_existing(Some(&as_known)).await?;
                }
                Ok(as_known)
            }
        }
    }

    /// The contact with what was missing in it, and the chat.
    async fn store(&self, chat: String, found: &Found) -> Result<(Contact, Shown), Refusal> {
        let (cards, key) = (&self.service.cards, &self.connection.connector_key);
        let contact = match found {
            Found::Contact { contact, .. } => {
                let client = &self.client;
                cards.supplement(self.caller, key, client, contact).await;
                contact.as_ref().clone()
            }
            Found::New(digits) => cards.add_contact(self.caller, digits).await?,
        };
        let card = card_of(&contact)
            .ok_or_else(|| Refusal::internal(anyhow::anyhow!("crm gave a contact without id")))?;
        let new = NewChat {
            id: ChatId::generate(),
            connection: self.connection.id,
            external_id: chat,
            // The channel has told none yet; the contact's name is the contact's, for those who may read it (IDN-13).
            client_name: String::new(),
            contact: card.id.into(),
        };
        let shown = self.insert(new, card).await?;
        Ok((contact, shown))
    }

    async fn insert(&self, new: NewChat, card: Card) -> Result<Shown, Refusal> {
        let moment = self.moment;
        let stored = seeing(
            &self.service.db,
            &self.service.rights,
            self.caller,
            move |tx, by| {
                Box::pin(async move {
                    // Until crm's event of it is here; any version of crm's goes before this one.
                    cards::keep(tx, by.scope.account(), &card, false, 0).await?;
                    if chats::insert(tx, by.scope, &new).await? {
                        return visible(tx, &by, new.id, moment).await;
                    }
                    let found = chats::find(tx, by.scope, new.connection, &new.external_id).await?;
                    Err(told(tx, &by, found.unwrap_or(new.id), moment).await?)
                })
            },
        );
        stored.await
    }
}

/// What is told of a chat that exists: where it is to who may see it, nothing to others (CHW-35, CHW-36).
async fn told(tx: &mut Tx, by: &By, id: ChatId, moment: Moment) -> Result<Error, Error> {
    let seen = shown(tx, by, &[id], moment).await?;
    // Whoever sees only the contact in a row of the list cannot go to the chat.
    let may_go = |chat: &Shown| chat.sight.visibility.shows_messages();
    Ok(Error::Refused(match seen.iter().any(may_go) {
        true => Refusal::chat_exists(id),
        false => Refusal::chat_restricted(),
    }))
}
