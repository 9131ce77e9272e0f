//! Who the client is.

use api::conversations::v1::{ChatProfile, GetChatProfileRequest, GetChatProfileResponse};
use api::crm::v1::Contact;
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;

use super::Chats;
use super::get::{chat_id, moment, visible};
use super::shown::Shown;
use crate::domain::conversation::title;
use crate::domain::profile::Profile;
use crate::grpc::conversation::Error;
use crate::grpc::seeing;
use crate::store::attachments::{self, Picture};
use crate::store::profiles;
use crate::wire;

pub async fn get_chat_profile(
    service: &Chats,
    request: &Request<GetChatProfileRequest>,
) -> Result<GetChatProfileResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let id = chat_id(&request.get_ref().chat_id)?;
    let moment = moment(service, &caller).await?;
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let shown = visible(tx, &by, id, moment).await?;
            if shown.chat.group {
                return Err(Error::ChatNotFound(id));
            }
            let profile = profiles::get(tx, by.scope, id).await?;
            let picture = attachments::of_chat(tx, by.scope, id).await?;
            Ok((shown, profile, picture))
        })
    });
    let (shown, profile, picture): (Shown, Profile, Option<Picture>) = read.await?;
    // The contact as crm shows it to this caller: it decides about every field.
    let cards = service.cards.read(&caller, &shown.sight).await;
    Ok(GetChatProfileResponse {
        profile: Some(ChatProfile {
            contact_unavailable: cards.unavailable,
            picture: picture.map(|picture| wire::attachment(&picture.file)),
            ..of(&shown, profile, cards.contact.unwrap_or_default())
        }),
    })
}

fn of(shown: &Shown, profile: Profile, contact: Contact) -> ChatProfile {
    let name = title(&shown.chat.client_name, &shown.chat.external_id);
    let mut phones: Vec<String> = contact.phones.into_iter().map(|it| it.number).collect();
    if !profile.phone.is_empty() && !phones.contains(&profile.phone) {
        phones.push(profile.phone);
    }
    ChatProfile {
        name: if contact.name.is_empty() {
            name
        } else {
            contact.name
        },
        phones,
        username: profile.username,
        user_id: profile.user_id,
        emails: contact.emails.into_iter().map(|it| it.address).collect(),
        contact_id: contact.id,
        contact_unavailable: false,
        picture: None,
    }
}
