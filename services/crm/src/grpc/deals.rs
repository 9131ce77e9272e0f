//! Deals: what is their own beside [`super::cards`].

use std::sync::Arc;

use api::crm::v1::deal_service_server::DealService;
use api::crm::v1::{
    AddDealFollowerRequest, AddDealFollowerResponse, BatchGetDealsRequest, BatchGetDealsResponse,
    CreateDealRequest, CreateDealResponse, Deal, DeleteDealRequest, DeleteDealResponse,
    GetDealRequest, GetDealResponse, ListDealsRequest, ListDealsResponse,
    RemoveDealFollowerRequest, RemoveDealFollowerResponse, UpdateDealRequest, UpdateDealResponse,
};
use auth::Permission;
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::{Request, Response, Status};

use super::cards::{self, Call, Shape};
use super::mask::Mask;
use super::{answer, enter, wire};
use crate::Error;
use crate::changes::cards::{PlaceWish, Values};
use crate::core::Core;
use crate::domain::card::{Card, MAX_CONTACTS, Set};
use crate::domain::etag;
use crate::domain::ids::Kind;
use crate::grpc::cards::Wish;
use crate::store::cards::lookup::Lookup;

/// `DealService`.
pub struct Deals(pub Arc<Core>);

impl Shape for Deal {
    const KIND: Kind = Kind::Deal;
    const NAME: &'static str = "deal";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "responsible_user_id",
        "main_contact_id",
        "contact_ids",
        "company_id",
        "pipeline_id",
        "stage_id",
        "price",
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
            let contact = fields.optional_id("deal.main_contact_id", &self.main_contact_id);
            sets.push(Set::MainContact(contact));
        }
        if mask.has("contact_ids", !self.contact_ids.is_empty()) {
            let contacts = wire::ids(fields, "deal.contact_ids", &self.contact_ids, MAX_CONTACTS);
            sets.push(Set::Contacts(contacts));
        }
        if mask.has("company_id", !self.company_id.is_empty()) {
            sets.push(Set::Company(
                fields.optional_id("deal.company_id", &self.company_id),
            ));
        }
        if mask.has("price", self.price.is_some()) {
            sets.push(Set::Price(wire::money(
                fields,
                "deal.price",
                self.price.as_ref(),
            )));
        }
        let mut place = PlaceWish::default();
        if mask.has("pipeline_id", !self.pipeline_id.is_empty()) {
            place.pipeline = fields.id("deal.pipeline_id", &self.pipeline_id);
        }
        if mask.has("stage_id", !self.stage_id.is_empty()) {
            place.stage = fields.id("deal.stage_id", &self.stage_id);
        }
        Values { sets, place }
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
            pipeline_id: wire::text(card.place.map(|place| place.pipeline)),
            stage_id: wire::text(card.stage()),
            price: wire::to_money(card.price.as_ref()),
            close_time: card.place.and_then(|place| place.close_time).map(to_proto),
        }
    }

    fn hide(&mut self, field: &str) {
        match field {
            "name" => self.name.clear(),
            "responsible_user_id" => self.responsible_user_id.clear(),
            "main_contact_id" => self.main_contact_id.clear(),
            "contact_ids" => self.contact_ids.clear(),
            "company_id" => self.company_id.clear(),
            "pipeline_id" => self.pipeline_id.clear(),
            "stage_id" => (self.stage_id.clear(), self.close_time = None).1,
            "price" => self.price = None,
            "tag_ids" => self.tag_ids.clear(),
            "field_values" => self.field_values.clear(),
            own => self.field_values.retain(|value| value.field_id != own),
        }
    }

    fn hidden(&mut self) -> &mut Vec<String> {
        &mut self.hidden_fields
    }
}

fn wish(request: &ListDealsRequest) -> Result<Wish, Error> {
    let mut fields = Fields::new();
    let page = (request.page_size, request.page_token.clone());
    let since = request.changed_since.as_ref();
    let mut wish = Wish::new(
        "ListDeals",
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
    wish.pipeline = fields.optional_id("pipeline_id", &request.pipeline_id);
    wish.stage = fields.optional_id("stage_id", &request.stage_id);
    wish.open_only = request.open_only;
    wish.check(&mut fields);
    fields.finish()?;
    Ok(wish)
}

impl Deals {
    async fn create(
        &self,
        request: Request<CreateDealRequest>,
    ) -> Result<CreateDealResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let call = Call {
            method: "CreateDeal",
            request: &request,
            card: request.deal.as_ref(),
            request_id: &request.request_id,
            answer: |card| CreateDealResponse { deal: Some(card) },
        };
        cards::create(&self.0, &caller, call).await
    }

    async fn get(&self, request: Request<GetDealRequest>) -> Result<GetDealResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let deal = cards::get(&self.0, &caller, &request.deal_id).await?;
        Ok(GetDealResponse { deal })
    }

    async fn batch_get(
        &self,
        request: Request<BatchGetDealsRequest>,
    ) -> Result<BatchGetDealsResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let deals = cards::batch_get(&self.0, &caller, &request.deal_ids).await?;
        Ok(BatchGetDealsResponse { deals })
    }

    async fn list(&self, request: Request<ListDealsRequest>) -> Result<ListDealsResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let (deals, next_page_token) = cards::list(&self.0, &caller, wish(&request)?).await?;
        Ok(ListDealsResponse {
            deals,
            next_page_token,
        })
    }

    async fn update(
        &self,
        request: Request<UpdateDealRequest>,
    ) -> Result<UpdateDealResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let deal = cards::update(&self.0, &caller, request.deal, request.update_mask).await?;
        Ok(UpdateDealResponse { deal })
    }

    async fn delete(
        &self,
        request: Request<DeleteDealRequest>,
    ) -> Result<DeleteDealResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        cards::delete::<Deal>(&self.0, &caller, &request.deal_id, request.etag).await?;
        Ok(DeleteDealResponse {})
    }

    async fn add_follower(
        &self,
        request: Request<AddDealFollowerRequest>,
    ) -> Result<AddDealFollowerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let deal =
            cards::follow(&self.0, &caller, &request.deal_id, &request.user_id, true).await?;
        Ok(AddDealFollowerResponse { deal })
    }

    async fn remove_follower(
        &self,
        request: Request<RemoveDealFollowerRequest>,
    ) -> Result<RemoveDealFollowerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let deal =
            cards::follow(&self.0, &caller, &request.deal_id, &request.user_id, false).await?;
        Ok(RemoveDealFollowerResponse { deal })
    }
}

#[tonic::async_trait]
impl DealService for Deals {
    async fn create_deal(
        &self,
        request: Request<CreateDealRequest>,
    ) -> Result<Response<CreateDealResponse>, Status> {
        answer(self.create(request).await)
    }

    async fn get_deal(
        &self,
        request: Request<GetDealRequest>,
    ) -> Result<Response<GetDealResponse>, Status> {
        answer(self.get(request).await)
    }

    async fn batch_get_deals(
        &self,
        request: Request<BatchGetDealsRequest>,
    ) -> Result<Response<BatchGetDealsResponse>, Status> {
        answer(self.batch_get(request).await)
    }

    async fn list_deals(
        &self,
        request: Request<ListDealsRequest>,
    ) -> Result<Response<ListDealsResponse>, Status> {
        answer(self.list(request).await)
    }

    async fn update_deal(
        &self,
        request: Request<UpdateDealRequest>,
    ) -> Result<Response<UpdateDealResponse>, Status> {
        answer(self.update(request).await)
    }

    async fn delete_deal(
        &self,
        request: Request<DeleteDealRequest>,
    ) -> Result<Response<DeleteDealResponse>, Status> {
        answer(self.delete(request).await)
    }

    async fn add_deal_follower(
        &self,
        request: Request<AddDealFollowerRequest>,
    ) -> Result<Response<AddDealFollowerResponse>, Status> {
        answer(self.add_follower(request).await)
    }

    async fn remove_deal_follower(
        &self,
        request: Request<RemoveDealFollowerRequest>,
    ) -> Result<Response<RemoveDealFollowerResponse>, Status> {
        answer(self.remove_follower(request).await)
    }
}
