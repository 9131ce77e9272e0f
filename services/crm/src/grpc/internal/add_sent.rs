//! AddSentMessages: what employees wrote to clients, for the timelines of cards.

use api::crm::internal::v1::{AddSentMessagesRequest, AddSentMessagesResponse, SentMessage};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use uuid::Uuid;

use super::{id, optional_id, scope};
use crate::Error;
use crate::core::{By, Core};
use crate::domain::timeline::{Author, Entry, Sent};
use crate::grpc::wire;
use crate::store::{cards, timeline};

/// Messages of a call at most.
const MOST: usize = 100;

/// A message, and the id of the card at which it is told.
struct Told {
    card: Uuid,
    entry: Entry,
}

pub(super) async fn add(
    core: &Core,
    request: Request<AddSentMessagesRequest>,
) -> Result<AddSentMessagesResponse, Error> {
    let scope = scope(&request, |request| &request.account_id)?;
    let messages = request.into_inner().messages;
    if messages.len() > MOST {
        return Err(Refusal::too_large(MOST).into());
    }
    let mut fields = Fields::new();
    let told: Vec<_> = messages
        .iter()
        .filter_map(|it| message(&mut fields, it))
        .collect();
    fields.finish()?;
    core.serve(scope, Author::default(), move |tx, by| {
        Box::pin(async move {
            for told in told {
                tell(tx, &by, &told).await?;
            }
            Ok(AddSentMessagesResponse {})
        })
    })
    .await
}

fn message(fields: &mut Fields, it: &SentMessage) -> Option<Told> {
    let sent = Sent {
        conversation: id(fields, "messages.conversation_id", &it.conversation_id),
        message: id(fields, "messages.message_id", &it.message_id),
        contact: optional_id(fields, "messages.contact_id", &it.contact_id),
    };
    let card: Option<Uuid> = optional_id(fields, "messages.card_id", &it.card_id);
    let author = Author {
        id: fields.key("messages.author_id", &it.author_id, 0..=64),
        name: fields.line("messages.author_name", &it.author_name, 0..=200),
    };
    let time = wire::time(fields, "messages.create_time", it.create_time.as_ref());
    if time.is_none() {
        fields.reject("messages.create_time", "must be given");
    }
    let card = card.or(sent.contact.map(|contact| contact.uuid()));
    if card.is_none() {
        fields.reject(
            "messages.card_id",
            "must be given where there is no contact",
        );
    }
    Some(Told {
        card: card?,
        entry: Entry::of_message(&sent, author, time?),
    })
}

/// A card that is gone has no timeline that anybody reads.
async fn tell(tx: &mut Tx, by: &By, told: &Told) -> Result<(), Error> {
    if let Some(card) = cards::id(tx, by.account, told.card).await? {
        timeline::insert(tx, by.account, card, std::slice::from_ref(&told.entry)).await?;
    }
    Ok(())
}
