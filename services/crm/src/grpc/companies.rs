//! Companies: what is their own beside [`super::cards`].

use std::sync::Arc;

use api::crm::v1::company_service_server::CompanyService;
use api::crm::v1::{
    AddCompanyFollowerRequest, AddCompanyFollowerResponse, BatchGetCompaniesRequest,
    BatchGetCompaniesResponse, Company, CreateCompanyRequest, CreateCompanyResponse,
    DeleteCompanyRequest, DeleteCompanyResponse, GetCompanyRequest, GetCompanyResponse,
    ListCompaniesRequest, ListCompaniesResponse, RemoveCompanyFollowerRequest,
    RemoveCompanyFollowerResponse, UpdateCompanyRequest, UpdateCompanyResponse,
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
use crate::domain::card::Card;
use crate::domain::etag;
use crate::domain::ids::Kind;
use crate::grpc::cards::Wish;
use crate::store::cards::lookup::Lookup;

/// `CompanyService`.
pub struct Companies(pub Arc<Core>);

impl Shape for Company {
    const KIND: Kind = Kind::Company;
    const NAME: &'static str = "company";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "responsible_user_id",
        "phones",
        "emails",
        "addresses",
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
        }
    }

    fn hide(&mut self, field: &str) {
        match field {
            "name" => self.name.clear(),
            "responsible_user_id" => self.responsible_user_id.clear(),
            "phones" => self.phones.clear(),
            "emails" => self.emails.clear(),
            "addresses" => self.addresses.clear(),
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

fn wish(request: &ListCompaniesRequest) -> Result<Wish, Error> {
    let mut fields = Fields::new();
    let page = (request.page_size, request.page_token.clone());
    let since = request.changed_since.as_ref();
    let mut wish = Wish::new(
        "ListCompanies",
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
    wish.check(&mut fields);
    fields.finish()?;
    Ok(wish)
}

impl Companies {
    async fn create(
        &self,
        request: Request<CreateCompanyRequest>,
    ) -> Result<CreateCompanyResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let call = Call {
            method: "CreateCompany",
            request: &request,
            card: request.company.as_ref(),
            request_id: &request.request_id,
            answer: |card| CreateCompanyResponse {
                company: Some(card),
            },
        };
        cards::create(&self.0, &caller, call).await
    }

    async fn get(&self, request: Request<GetCompanyRequest>) -> Result<GetCompanyResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let company = cards::get(&self.0, &caller, &request.company_id).await?;
        Ok(GetCompanyResponse { company })
    }

    async fn batch_get(
        &self,
        request: Request<BatchGetCompaniesRequest>,
    ) -> Result<BatchGetCompaniesResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let companies = cards::batch_get(&self.0, &caller, &request.company_ids).await?;
        Ok(BatchGetCompaniesResponse { companies })
    }

    async fn list(
        &self,
        request: Request<ListCompaniesRequest>,
    ) -> Result<ListCompaniesResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let (companies, next_page_token) = cards::list(&self.0, &caller, wish(&request)?).await?;
        Ok(ListCompaniesResponse {
            companies,
            next_page_token,
        })
    }

    async fn update(
        &self,
        request: Request<UpdateCompanyRequest>,
    ) -> Result<UpdateCompanyResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let company = cards::update(&self.0, &caller, request.company, request.update_mask).await?;
        Ok(UpdateCompanyResponse { company })
    }

    async fn delete(
        &self,
        request: Request<DeleteCompanyRequest>,
    ) -> Result<DeleteCompanyResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        cards::delete::<Company>(&self.0, &caller, &request.company_id, request.etag).await?;
        Ok(DeleteCompanyResponse {})
    }

    async fn add_follower(
        &self,
        request: Request<AddCompanyFollowerRequest>,
    ) -> Result<AddCompanyFollowerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let company = cards::follow(
            &self.0,
            &caller,
            &request.company_id,
            &request.user_id,
            true,
        )
        .await?;
        Ok(AddCompanyFollowerResponse { company })
    }

    async fn remove_follower(
        &self,
        request: Request<RemoveCompanyFollowerRequest>,
    ) -> Result<RemoveCompanyFollowerResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmWrite)?;
        let company = cards::follow(
            &self.0,
            &caller,
            &request.company_id,
            &request.user_id,
            false,
        )
        .await?;
        Ok(RemoveCompanyFollowerResponse { company })
    }
}

#[tonic::async_trait]
impl CompanyService for Companies {
    async fn create_company(
        &self,
        request: Request<CreateCompanyRequest>,
    ) -> Result<Response<CreateCompanyResponse>, Status> {
        answer(self.create(request).await)
    }

    async fn get_company(
        &self,
        request: Request<GetCompanyRequest>,
    ) -> Result<Response<GetCompanyResponse>, Status> {
        answer(self.get(request).await)
    }

    async fn batch_get_companies(
        &self,
        request: Request<BatchGetCompaniesRequest>,
    ) -> Result<Response<BatchGetCompaniesResponse>, Status> {
        answer(self.batch_get(request).await)
    }

    async fn list_companies(
        &self,
        request: Request<ListCompaniesRequest>,
    ) -> Result<Response<ListCompaniesResponse>, Status> {
        answer(self.list(request).await)
    }

    async fn update_company(
        &self,
        request: Request<UpdateCompanyRequest>,
    ) -> Result<Response<UpdateCompanyResponse>, Status> {
        answer(self.update(request).await)
    }

    async fn delete_company(
        &self,
        request: Request<DeleteCompanyRequest>,
    ) -> Result<Response<DeleteCompanyResponse>, Status> {
        answer(self.delete(request).await)
    }

    async fn add_company_follower(
        &self,
        request: Request<AddCompanyFollowerRequest>,
    ) -> Result<Response<AddCompanyFollowerResponse>, Status> {
        answer(self.add_follower(request).await)
    }

    async fn remove_company_follower(
        &self,
        request: Request<RemoveCompanyFollowerRequest>,
    ) -> Result<Response<RemoveCompanyFollowerResponse>, Status> {
        answer(self.remove_follower(request).await)
    }
}
