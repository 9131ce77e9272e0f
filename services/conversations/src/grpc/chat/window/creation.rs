//! Whether «+» and «Создать чат» are offered (CHW-31, CHW-32), as CreateChat would decide.

use access::{Action, Entity};
use api::conversations::v1 as proto;
use auth::{Caller, Permission};
use kit::Refusal;
use pg::Tx;

use crate::domain::client::ClientAddress;
use crate::grpc::By;
use crate::grpc::chat::shown::Moment;
use crate::grpc::conversation::Error;
use crate::store::connections::{self, Startable};

/// Connections that are named at most.
const MOST: i64 = 200;

/// Whether chats can be created, and through what.
#[derive(Debug)]
pub struct Creation {
    /// The connections, or why there are none.
    through: Result<Vec<Startable>, Box<Refusal>>,
    new_contacts: bool,
}

/// Where chats can be created by a caller who may write, or who may not.
///
/// # Errors
/// When the database fails.
pub async fn creation(
    tx: &mut Tx,
    by: &By,
    may_write: bool,
    moment: Moment,
) -> Result<Creation, Error> {
    let viewer = &by.viewer;
    let user = viewer.rights.user();
    let own = viewer
        .rights
        .relation(user, user.and_then(|user| viewer.group_of(user)));
    let adds = viewer
        .rights
        .may(Entity::Contacts, Action::Create, own, None);
    let through = if !may_write {
        Err(Refusal::permission_missing(Permission::InboxWrite.name()))
    } else if !adds && viewer.owners().is_nobody() {
        // As CreateChat says it of whoever is unknown; whoever is known is unknown to them.
        Err(Refusal::permission_missing("contacts.add"))
    } else if !moment.has_subscription {
        Err(Refusal::subscription_unpaid())
    } else {
        let found = connections::startable(tx, by.scope, MOST).await?;
        match found.is_empty() {
            true => Err(Refusal::no_connection_to_start()),
            false => Ok(found),
        }
    };
    Ok(Creation {
        new_contacts: through.is_ok() && adds,
        through: through.map_err(Box::new),
    })
}

/// May the caller create chats as far as their scopes go?
#[must_use]
pub fn may_write(caller: &Caller) -> bool {
    caller.require(Permission::InboxWrite).is_ok()
}

impl Creation {
    /// Is it offered?
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.through.is_ok()
    }

    /// As the contract shows it, in the language of the call.
    #[must_use]
    pub fn proto(&self) -> proto::ChatCreation {
        let new_contacts = self.new_contacts;
        match &self.through {
            Ok(connections) => proto::ChatCreation {
                offered: true,
                connections: connections.iter().map(connection).collect(),
                new_contacts,
                ..proto::ChatCreation::default()
            },
            Err(refusal) => proto::ChatCreation {
                reason: refusal.reason_name().to_owned(),
                reason_text: refusal.text(kit::language::current()).to_owned(),
                ..proto::ChatCreation::default()
            },
        }
    }
}

fn connection(it: &Startable) -> proto::CreationConnection {
    proto::CreationConnection {
        connection_id: it.id.to_string(),
        title: it.title.clone(),
        channel: it.connector_key.clone(),
        phones_only: it.address == ClientAddress::Phone,
    }
}
