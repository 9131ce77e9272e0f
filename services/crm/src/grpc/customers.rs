//! Customers: what is their own beside [`super::cards`].

use std::sync::Arc;

use api::crm::v1::customer_service_server::CustomerService;
use api::crm::v1::{
    AddCustomerFollowerRequest, AddCustomerFollowerResponse, BatchGetCustomersRequest,
    BatchGetCustomersResponse, CreateCustomerRequest, CreateCustomerResponse, Customer,
    DeleteCustomerRequest, DeleteCustomerResponse, GetCustomerRequest, GetCustomerResponse,
    ListCustomersRequest, ListCustomersResponse, RemoveCustomerFollowerRequest,
    RemoveCustomerFollowerResponse, UpdateCustomerRequest, UpdateCustomerResponse,
};
use auth::Permission;
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::{Request, Response, Status};

use super::cards::{self, Call, Shape};
use super::mask::Mask;
use super::{answer, enter, wire};
use crate::Error;
use crate::changes::cards::Values;
use crate::core::Core;
use crate::domain::card::{Card, MAX_CONTACTS, Set};
use crate::domain::etag;
use crate::domain::ids::Kind;
use crate::grpc::cards::Wish;
use crate::store::cards::lookup::Lookup;

/// `CustomerService`.
pub struct Customers(pub Arc<Core>);

impl Shape for Customer {
    const KIND: Kind = Kind::Customer;
    const NAME: &'static str = "customer";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "responsible_user_id",
        "main_contact_id",
        "contact_ids",
        "company_id",
        "next_price",
        "next_purchase_time",
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
        if mask.has("main_contact_id", !self.main_contact_id.is_empty()) {
            let contact = fields.optional_id("customer.main_contact_id", &self.main_contact_id);
            sets.push(Set::MainContact(contact));
        }
        if mask.has("contact_ids", !self.contact_ids.is_empty()) {
            let contacts = wire::ids(
                fields,
                "customer.contact_ids",
                &self.contact_ids,
                MAX_CONTACTS,
            );
            sets.push(Set::Contacts(contacts));
        }
        if mask.has("company_id", !self.company_id.is_empty()) {
            sets.push(Set::Company(
                fields.optional_id("customer.company_id", &self.company_id),
            ));
        }
        if mask.has("next_price", self.next_price.is_some()) {
            let price = wire::money(fields, "customer.next_price", self.next_price.as_ref());
            sets.push(Set::Price(price));
        }
        if mask.has("next_purchase_time", self.next_purchase_time.is_some()) {
            let time = self.next_purchase_time.as_ref();
            sets.push(Set::PurchaseTime(wire::time(
                fields,
                "customer.next_purchase_time",
                time,
            )));
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
            main_contact_id: wire::text(card.main_contact),
            contact_ids: card.contacts.iter().map(ToString::to_string).collect(),
            company_id: wire::text(card.company),
            next_price: wire::to_money(card.price.as_ref()),
            next_purchase_time: card.purchase_time.map(to_proto),
        }
    }

    fn hide(&mut self, field: &str) {
        match field {
            "name" => self.name.clear(),
            "responsible_user_id" => self.responsible_user_id.clear(),
            "main_contact_id" => self.main_contact_id.clear(),
            "contact_ids" => self.contact_ids.clear(),
            "company_id" => self.company_id.clear(),
            "next_price" => self.next_price = None,
            "next_purchase_time" => self.next_purchase_time = None,
            "tag_ids" => self.tag_ids.clear(),
            "field_values" => self.field_values.clear(),
            own => self.field_values.retain(|value| value.field_id != own),
        }
    }

    fn hidden(&mut self) -> &mut Vec<String> {
        &mut self.hidden_fields
    }
}

fn wish(request: &ListCustomersRequest) -> Result<Wish, Error> {
    let mut fields = Fields::new();
    let page = (request.page_size, request.page_token.clone());
    let since = request.changed_since.as_ref();
    let mut wish = Wish::new(
        "ListCustomers",
        &mut fields,
        page,
        &request.responsible_user_id,
        since,
    );
    wish.having.extend(
        fields
            .optional_id("contact_id", &request.contact_id)
            .map(Lookup::Contact),
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

impl Customers {
    async fn create(
        &self,
        request: Request<CreateCustomerRequest>,
    ) -> Result<CreateCustomerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let call = Call {
            method: "CreateCustomer",
            request: &request,
            card: request.customer.as_ref(),
            request_id: &request.request_id,
            answer: |card| CreateCustomerResponse {
                customer: Some(card),
            },
        };
        cards::create(&self.0, &caller, call).await
    }

    async fn get(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<GetCustomerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let customer = cards::get(&self.0, &caller, &request.customer_id).await?;
        Ok(GetCustomerResponse { customer })
    }

    async fn batch_get(
        &self,
        request: Request<BatchGetCustomersRequest>,
    ) -> Result<BatchGetCustomersResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let customers = cards::batch_get(&self.0, &caller, &request.customer_ids).await?;
        Ok(BatchGetCustomersResponse { customers })
    }

    async fn list(
        &self,
        request: Request<ListCustomersRequest>,
    ) -> Result<ListCustomersResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let (customers, next_page_token) = cards::list(&self.0, &caller, wish(&request)?).await?;
        Ok(ListCustomersResponse {
            customers,
            next_page_token,
        })
    }

    async fn update(
        &self,
        request: Request<UpdateCustomerRequest>,
    ) -> Result<UpdateCustomerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let customer =
            cards::update(&self.0, &caller, request.customer, request.update_mask).await?;
        Ok(UpdateCustomerResponse { customer })
    }

    async fn delete(
        &self,
        request: Request<DeleteCustomerRequest>,
    ) -> Result<DeleteCustomerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        cards::delete::<Customer>(&self.0, &caller, &request.customer_id, request.etag).await?;
        Ok(DeleteCustomerResponse {})
    }

    async fn add_follower(
        &self,
        request: Request<AddCustomerFollowerRequest>,
    ) -> Result<AddCustomerFollowerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let customer = cards::follow(
            &self.0,
            &caller,
            &request.customer_id,
            &request.user_id,
            true,
        )
        .await?;
        Ok(AddCustomerFollowerResponse { customer })
    }

    async fn remove_follower(
        &self,
        request: Request<RemoveCustomerFollowerRequest>,
    ) -> Result<RemoveCustomerFollowerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let customer = cards::follow(
            &self.0,
            &caller,
            &request.customer_id,
            &request.user_id,
            false,
        )
        .await?;
        Ok(RemoveCustomerFollowerResponse { customer })
    }
}

#[tonic::async_trait]
impl CustomerService for Customers {
    async fn create_customer(
        &self,
        request: Request<CreateCustomerRequest>,
    ) -> Result<Response<CreateCustomerResponse>, Status> {
        answer(self.create(request).await)
    }

    async fn get_customer(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        answer(self.get(request).await)
    }

    async fn batch_get_customers(
        &self,
        request: Request<BatchGetCustomersRequest>,
    ) -> Result<Response<BatchGetCustomersResponse>, Status> {
        answer(self.batch_get(request).await)
    }

    async fn list_customers(
        &self,
        request: Request<ListCustomersRequest>,
    ) -> Result<Response<ListCustomersResponse>, Status> {
        answer(self.list(request).await)
    }

    async fn update_customer(
        &self,
        request: Request<UpdateCustomerRequest>,
    ) -> Result<Response<UpdateCustomerResponse>, Status> {
        answer(self.update(request).await)
    }

    async fn delete_customer(
        &self,
        request: Request<DeleteCustomerRequest>,
    ) -> Result<Response<DeleteCustomerResponse>, Status> {
        answer(self.delete(request).await)
    }

    async fn add_customer_follower(
        &self,
        request: Request<AddCustomerFollowerRequest>,
    ) -> Result<Response<AddCustomerFollowerResponse>, Status> {
        answer(self.add_follower(request).await)
    }

    async fn remove_customer_follower(
        &self,
        request: Request<RemoveCustomerFollowerRequest>,
    ) -> Result<Response<RemoveCustomerFollowerResponse>, Status> {
        answer(self.remove_follower(request).await)
    }
}
