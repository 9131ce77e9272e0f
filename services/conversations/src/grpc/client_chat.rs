//! Chats of clients whom a connector of the installation can name before they write: other services of ours only.

use api::conversations::internal::v1::client_chat_service_server::ClientChatService;
use api::conversations::internal::v1::{BindChatRequest, BindChatResponse};
use api::conversations::v1::ChangeKind;
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use pg::{Db, Error, Tx};
use tonic::{Request, Response, Status};
use types::{AccountId, ChatId, ConnectionId, ContactId};
use uuid::Uuid;

use crate::after_commit::AfterCommit;
use crate::changes::{self, Change};
use crate::domain::card::{Card, Kind};
use crate::store::chats::{self, NewChat};
use crate::store::{cards, connections, conversations};

/// `ClientChatService`.
pub struct ClientChats {
    /// The database.
    pub db: Db,
    /// Whom to tell.
    pub after: AfterCommit,
}

#[tonic::async_trait]
impl ClientChatService for ClientChats {
    async fn bind_chat(
        &self,
        request: Request<BindChatRequest>,
    ) -> Result<Response<BindChatResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require_service()?;
        let message = request.get_ref();
        let account = Uuid::from_slice(&message.account_id)
            .map_err(|_| Refusal::field("account_id", "must be sixteen bytes"))?;
        let scope = caller.service_scope(AccountId::from(account))?;
        let wanted = parse(message)?;
        let connection = wanted.connection;
        let bound = self
            .db
            .tx(scope, move |tx| Box::pin(bind(tx, scope, wanted)));
        let bound = bound.await.map_err(Refusal::from)?;
        let bound = bound.ok_or_else(|| Refusal::connection_not_found(connection))?;
        self.after.changed(bound.told.iter().map(Change::touched));
        let contact = bound.contact.map(|id| id.to_string());
        Ok(Response::new(BindChatResponse {
            contact_id: contact.unwrap_or_default(),
        }))
    }
}

/// Whose chat it is to be.
struct Wanted {
    connection: ConnectionId,
    external_id: String,
    contact: ContactId,
    client_name: String,
}

fn parse(message: &BindChatRequest) -> Result<Wanted, Refusal> {
    let mut fields = Fields::new();
    let connection = fields.id("connection_id", &message.connection_id);
    let external_id = fields.key("external_chat_id", &message.external_chat_id, 1..=200);
    let contact = fields.id("contact_id", &message.contact_id);
    let client_name = fields.line("client_name", &message.client_name, 0..=200);
    fields.finish()?;
    // Both are there when no field was refused.
    let (Some(connection), Some(contact)) = (connection, contact) else {
        return Err(Refusal::connection_not_found(&message.connection_id));
    };
    Ok(Wanted {
        connection,
        external_id,
        contact,
        client_name,
    })
}

/// Whose chat it is now, and what has changed by it.
#[derive(Default)]
struct Bound {
    contact: Option<ContactId>,
    told: Vec<Change>,
}

/// `None` when there is no such connection.
async fn bind(tx: &mut Tx, scope: AccountScope, wanted: Wanted) -> Result<Option<Bound>, Error> {
    let account = scope.account();
    if connections::get(tx, scope, wanted.connection)
        .await?
        .is_none()
    {
        return Ok(None);
    }
    let card = cards::get(tx, account, wanted.contact.uuid()).await?;
    let Some(card) = card.filter(|card| card.kind == Kind::Contact) else {
        return Ok(Some(Bound::default()));
    };
    let new = NewChat {
        id: ChatId::generate(),
        connection: wanted.connection,
        external_id: wanted.external_id,
        client_name: wanted.client_name,
        contact: wanted.contact,
    };
    if chats::insert(tx, scope, &new).await? {
        return Ok(Some(Bound {
            contact: Some(wanted.contact),
            told: Vec::new(),
        }));
    }
    let there = chats::find(tx, scope, new.connection, &new.external_id).await?;
    let chat = there.unwrap_or(new.id);
    Ok(Some(bind_existing(tx, scope, chat, &card).await?))
}

/// A chat that is bound stays with its contact: whoever bound it knew why, and nothing is moved without a person's word.
async fn bind_existing(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
    contact: &Card,
) -> Result<Bound, Error> {
    let account = scope.account();
    let Some(locked) = chats::lock(tx, scope, chat).await? else {
        return Ok(Bound::default());
    };
    if let Some(known) = cards::of_chat(tx, account, chat).await?.contact {
        return Ok(Bound {
            contact: Some(known.id.into()),
            told: Vec::new(),
        });
    }
    let (connection, external_id) = (locked.connection, &locked.external_id);
    let open = conversations::list_of_chat(tx, account, connection, external_id, false).await?;
    let ids: Vec<_> = open
        .iter()
        .map(|open| (account, open.conversation.id))
        .collect();
    let mut before = cards::of_conversations(tx, &ids).await?;
    cards::link_chat(tx, account, chat, Some(contact)).await?;
    let ids: Vec<_> = ids.into_iter().map(|(_, id)| id).collect();
    let changed = conversations::all(tx, account, &ids).await?.into_iter();
    let told: Vec<_> = changed
        .map(|conversation| Change {
            kind: ChangeKind::CardChanged,
            message: None,
            external_chat_id: locked.external_id.clone(),
            facts: Vec::new(),
            previous: before.remove(&conversation.id),
            silent: false,
            conversation,
        })
        .collect();
    changes::append(tx, &told).await?;
    Ok(Bound {
        contact: Some(contact.id.into()),
        told,
    })
}
