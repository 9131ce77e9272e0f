//! Contacts: what is their own beside [`super::cards`].

use std::sync::Arc;

use api::crm::v1::contact_service_server::ContactService;
use api::crm::v1::{
    AddContactFollowerRequest, AddContactFollowerResponse, BatchGetContactsRequest,
    BatchGetContactsResponse, Contact, CreateContactRequest, CreateContactResponse,
    DeleteContactRequest, DeleteContactResponse, GetContactRequest, GetContactResponse,
    ListContactsRequest, ListContactsResponse, MergeContactsRequest, MergeContactsResponse,
    RemoveContactFollowerRequest, RemoveContactFollowerResponse, UnmergeContactsRequest,
    UnmergeContactsResponse, UpdateContactRequest, UpdateContactResponse,
};
use auth::Permission;
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::{Request, Response, Status};

use super::cards::{self, Call, Shape};
use super::mask::Mask;
use super::{answer, enter, merge, wire};
use crate::Error;
use crate::changes::cards::Values;
use crate::core::Core;
use crate::domain::card::{Card, Set};
use crate::domain::etag;
use crate::domain::ids::Kind;
use crate::grpc::cards::Wish;
use crate::store::cards::lookup::Lookup;

/// `ContactService`.
pub struct Contacts(pub Arc<Core>);

impl Shape for Contact {
    const KIND: Kind = Kind::Contact;
    const NAME: &'static str = "contact";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "responsible_user_id",
        "phones",
        "emails",
        "addresses",
        "messengers",
        "company_id",
        "tag_ids",
        "field_values",
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn etag(&self) -> &str {
        &self.etag
    }

    fn values(&self, fields: &mut Fields, mask: &Mask, new: bool) -> Values {
        let mut sets = wire::common(fields, mask, Self::NAME, &self.tag_ids, &self.field_values);
        let named = (&self.name[..], &self.responsible_user_id[..]);
        sets.extend(wire::named(fields, mask, Self::NAME, named, new));
        let points = (&self.phones[..], &self.emails[..], &self.addresses[..]);
        sets.extend(wire::points(fields, mask, Self::NAME, points));
        if mask.has("messengers", !self.messengers.is_empty()) {
            sets.push(Set::Messengers(wire::messengers(
                fields,
                "contact.messengers",
                &self.messengers,
            )));
        }
        if mask.has("company_id", !self.company_id.is_empty()) {
            sets.push(Set::Company(
                fields.optional_id("contact.company_id", &self.company_id),
            ));
        }
        Values {
            sets,
            ..Values::default()
        }
    }

    fn from_card(card: &Card) -> Self {
        Self {
            id: card.id.to_string(),
            name: card.name.clone(),
            responsible_user_id: card.responsible.to_string(),
            follower_user_ids: card.followers.iter().map(ToString::to_string).collect(),
            hidden_fields: Vec::new(),
            create_time: Some(to_proto(card.create_time)),
            update_time: Some(to_proto(card.update_time)),
            etag: etag(card.version),
            tag_ids: wire::to_tags(card),
            field_values: wire::to_values(card),
            phones: wire::to_phones(card),
            emails: wire::to_emails(card),
            addresses: wire::to_addresses(card),
            messengers: card.messengers.iter().map(wire::to_messenger).collect(),
            company_id: wire::text(card.company),
        }
    }

    fn hide(&mut self, field: &str) {
        match field {
            "name" => self.name.clear(),
            "responsible_user_id" => self.responsible_user_id.clear(),
            "phones" => self.phones.clear(),
            "emails" => self.emails.clear(),
            "addresses" => self.addresses.clear(),
            "messengers" => self.messengers.clear(),
            "company_id" => self.company_id.clear(),
            "tag_ids" => self.tag_ids.clear(),
            "field_values" => self.field_values.clear(),
            own => self.field_values.retain(|value| value.field_id != own),
        }
    }

    fn hidden(&mut self) -> &mut Vec<String> {
        &mut self.hidden_fields
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn wish(request: &ListContactsRequest) -> Result<Wish, Error> {
    let mut fields = Fields::new();
    let page = (request.page_size, request.page_token.clone());
    let since = request.changed_since.as_ref();
    let mut wish = Wish::new(
        "ListContacts",
        &mut fields,
        page,
        &request.responsible_user_id,
        since,
    );
    wish.having.extend(
        some(&request.phone).map(|text| Lookup::Phone(wire::phone(&mut fields, "phone", text))),
    );
    wish.having.extend(
        some(&request.email).map(|text| Lookup::Email(wire::email(&mut fields, "email", text))),
    );
    let messenger = request.messenger.as_ref();
    wish.having.extend(
        messenger.map(|it| Lookup::Messenger(wire::messenger(&mut fields, "messenger", it))),
    );
    wish.having.extend(
        fields
            .optional_id("company_id", &request.company_id)
            .map(Lookup::Company),
    );
    wish.check(&mut fields);
    fields.finish()?;
    Ok(wish)
}

impl Contacts {
    async fn create(
        &self,
        request: Request<CreateContactRequest>,
    ) -> Result<CreateContactResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let call = Call {
            method: "CreateContact",
            request: &request,
            card: request.contact.as_ref(),
            request_id: &request.request_id,
            answer: |card| CreateContactResponse {
                contact: Some(card),
            },
        };
        cards::create(&self.0, &caller, call).await
    }

    async fn get(&self, request: Request<GetContactRequest>) -> Result<GetContactResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let contact = cards::get(&self.0, &caller, &request.contact_id).await?;
        Ok(GetContactResponse { contact })
    }

    async fn batch_get(
        &self,
        request: Request<BatchGetContactsRequest>,
    ) -> Result<BatchGetContactsResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let contacts = cards::batch_get(&self.0, &caller, &request.contact_ids).await?;
        Ok(BatchGetContactsResponse { contacts })
    }

    async fn list(
        &self,
        request: Request<ListContactsRequest>,
    ) -> Result<ListContactsResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let (contacts, next_page_token) = cards::list(&self.0, &caller, wish(&request)?).await?;
        Ok(ListContactsResponse {
            contacts,
            next_page_token,
        })
    }

    async fn update(
        &self,
        request: Request<UpdateContactRequest>,
    ) -> Result<UpdateContactResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let contact = cards::update(&self.0, &caller, request.contact, request.update_mask).await?;
        Ok(UpdateContactResponse { contact })
    }

    async fn delete(
        &self,
        request: Request<DeleteContactRequest>,
    ) -> Result<DeleteContactResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        cards::delete::<Contact>(&self.0, &caller, &request.contact_id, request.etag).await?;
        Ok(DeleteContactResponse {})
    }

    async fn add_follower(
        &self,
        request: Request<AddContactFollowerRequest>,
    ) -> Result<AddContactFollowerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let contact = cards::follow(
            &self.0,
            &caller,
            &request.contact_id,
            &request.user_id,
            true,
        )
        .await?;
        Ok(AddContactFollowerResponse { contact })
    }

    async fn remove_follower(
        &self,
        request: Request<RemoveContactFollowerRequest>,
    ) -> Result<RemoveContactFollowerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let contact = cards::follow(
            &self.0,
            &caller,
            &request.contact_id,
            &request.user_id,
            false,
        )
        .await?;
        Ok(RemoveContactFollowerResponse { contact })
    }
}

#[tonic::async_trait]
impl ContactService for Contacts {
    async fn create_contact(
        &self,
        request: Request<CreateContactRequest>,
    ) -> Result<Response<CreateContactResponse>, Status> {
        answer(self.create(request).await)
    }

    async fn get_contact(
        &self,
        request: Request<GetContactRequest>,
    ) -> Result<Response<GetContactResponse>, Status> {
        answer(self.get(request).await)
    }

    async fn batch_get_contacts(
        &self,
        request: Request<BatchGetContactsRequest>,
    ) -> Result<Response<BatchGetContactsResponse>, Status> {
        answer(self.batch_get(request).await)
    }

    async fn list_contacts(
        &self,
        request: Request<ListContactsRequest>,
    ) -> Result<Response<ListContactsResponse>, Status> {
        answer(self.list(request).await)
    }

    async fn update_contact(
        &self,
        request: Request<UpdateContactRequest>,
    ) -> Result<Response<UpdateContactResponse>, Status> {
        answer(self.update(request).await)
    }

    async fn delete_contact(
        &self,
        request: Request<DeleteContactRequest>,
    ) -> Result<Response<DeleteContactResponse>, Status> {
        answer(self.delete(request).await)
    }

    async fn add_contact_follower(
        &self,
        request: Request<AddContactFollowerRequest>,
    ) -> Result<Response<AddContactFollowerResponse>, Status> {
        answer(self.add_follower(request).await)
    }

    async fn remove_contact_follower(
        &self,
        request: Request<RemoveContactFollowerRequest>,
    ) -> Result<Response<RemoveContactFollowerResponse>, Status> {
        answer(self.remove_follower(request).await)
    }

    async fn merge_contacts(
        &self,
        request: Request<MergeContactsRequest>,
    ) -> Result<Response<MergeContactsResponse>, Status> {
        answer(merge::merge(&self.0, request).await)
    }

    async fn unmerge_contacts(
        &self,
        request: Request<UnmergeContactsRequest>,
    ) -> Result<Response<UnmergeContactsResponse>, Status> {
        answer(merge::unmerge(&self.0, request).await)
    }
}
