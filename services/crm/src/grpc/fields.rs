//! Fields that the account has added to its cards: everybody reads, administrators change.

use std::sync::Arc;

use api::crm::v1::field_service_server::FieldService;
use api::crm::v1::{
    self as proto, CreateFieldRequest, CreateFieldResponse, DeleteFieldRequest,
    DeleteFieldResponse, ListFieldsRequest, ListFieldsResponse, UpdateFieldRequest,
    UpdateFieldResponse,
};
use auth::Permission;
use kit::page::{PageToken, page_size};
use kit::time::to_proto;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use tonic::{Request, Response, Status};
use types::FieldId;

use super::mask::Mask;
use super::page::page;
use super::{PAGE, answer, enter, wire};
use crate::Error;
use crate::changes::fields as changes;
use crate::core::Core;
use crate::domain::etag;
use crate::domain::field::{Field, MAX_OPTIONS, Type};
use crate::domain::ids::Kind;
use crate::store;

const LIST: &str = "ListFields";

/// `FieldService`.
pub struct OwnFields(pub Arc<Core>);

impl From<Field> for proto::Field {
    fn from(field: Field) -> Self {
        let card_kind = match field.kind {
            Kind::Contact => proto::CardKind::Contact,
            Kind::Company => proto::CardKind::Company,
            Kind::Deal => proto::CardKind::Deal,
            Kind::Customer => proto::CardKind::Customer,
        };
        let type_ = match field.type_ {
            Type::Text => proto::FieldType::Text,
            Type::Number => proto::FieldType::Number,
            Type::Date => proto::FieldType::Date,
            Type::Select => proto::FieldType::Select,
            Type::Checkbox => proto::FieldType::Checkbox,
        };
        Self {
            id: field.id.to_string(),
            card_kind: card_kind.into(),
            r#type: type_.into(),
            name: field.name,
            options: field.options,
            create_time: Some(to_proto(field.create_time)),
            etag: etag(field.version),
        }
    }
}

fn kind(fields: &mut Fields, field: &str, value: i32) -> Option<Kind> {
    match fields.known(field, value)? {
        proto::CardKind::Contact => Some(Kind::Contact),
        proto::CardKind::Company => Some(Kind::Company),
        proto::CardKind::Deal => Some(Kind::Deal),
        proto::CardKind::Customer => Some(Kind::Customer),
        proto::CardKind::Unspecified => None,
    }
}

fn type_(fields: &mut Fields, field: &str, value: i32) -> Option<Type> {
    match fields.known(field, value)? {
        proto::FieldType::Text => Some(Type::Text),
        proto::FieldType::Number => Some(Type::Number),
        proto::FieldType::Date => Some(Type::Date),
        proto::FieldType::Select => Some(Type::Select),
        proto::FieldType::Checkbox => Some(Type::Checkbox),
        proto::FieldType::Unspecified => {
            fields.reject(field, "must be given");
            None
        }
    }
}

fn options(fields: &mut Fields, items: &[String]) -> Vec<String> {
    wire::at_most(fields, "field.options", items, MAX_OPTIONS);
    let mut kept: Vec<String> = Vec::new();
    for (place, item) in items.iter().take(MAX_OPTIONS).enumerate() {
        let item = fields.line(&format!("field.options[{place}]"), item, 1..=100);
        if kept.contains(&item) {
            fields.reject("field.options", format!("has \"{item}\" twice"));
            break;
        }
        kept.push(item);
    }
    kept
}

#[tonic::async_trait]
impl FieldService for OwnFields {
    async fn create_field(
        &self,
        request: Request<CreateFieldRequest>,
    ) -> Result<Response<CreateFieldResponse>, Status> {
        answer(create(&self.0, request).await)
    }

    async fn list_fields(
        &self,
        request: Request<ListFieldsRequest>,
    ) -> Result<Response<ListFieldsResponse>, Status> {
        answer(list(&self.0, request).await)
    }

    async fn update_field(
        &self,
        request: Request<UpdateFieldRequest>,
    ) -> Result<Response<UpdateFieldResponse>, Status> {
        answer(update(&self.0, request).await)
    }

    async fn delete_field(
        &self,
        request: Request<DeleteFieldRequest>,
    ) -> Result<Response<DeleteFieldResponse>, Status> {
        answer(delete(&self.0, request).await)
    }
}

async fn create(
    core: &Core,
    request: Request<CreateFieldRequest>,
) -> Result<CreateFieldResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let field = request.field.clone().unwrap_or_default();
    let mut fields = Fields::new();
    let kind = kind(&mut fields, "field.card_kind", field.card_kind);
    if kind.is_none() {
        fields.reject("field.card_kind", "must be given");
    }
    let type_ = type_(&mut fields, "field.type", field.r#type);
    let name = fields.line("field.name", &field.name, 1..=100);
    let options = options(&mut fields, &field.options);
    if let Some(problem) = type_.and_then(|type_| changes::options_problem(type_, &options)) {
        fields.reject("field.options", problem);
    }
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    let once = Once::new(&caller, "CreateField", request_id, hash(&request))?;
    // Without one of them `finish` has refused.
    let Some(what) = kind.zip(type_) else {
        return Ok(CreateFieldResponse::default());
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let field = changes::create(tx, &by, what, name, options).await?;
            let answer = CreateFieldResponse {
                field: Some(field.into()),
            };
            once.keep(tx, &answer).await?;
            Ok(answer)
        })
    })
    .await
}

async fn list(
    core: &Core,
    request: Request<ListFieldsRequest>,
) -> Result<ListFieldsResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let scope = caller.scope()?;
    let mut fields = Fields::new();
    let kind = kind(&mut fields, "card_kind", request.card_kind);
    fields.finish()?;
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let place = PageToken {
        method: LIST,
        account: scope.account(),
    };
    let after: Option<FieldId> = place.decode(&request.card_kind, &request.page_token)?;
    let all = core.db.tx(scope, move |tx| {
        Box::pin(async move { store::fields::all(tx, scope.account(), kind).await })
    });
    let mut all = all.await?;
    all.retain(|field| after.is_none_or(|after| field.id > after));
    let page = page(
        all,
        size,
        (LIST, scope.account()),
        &request.card_kind,
        |field| field.id,
    );
    Ok(ListFieldsResponse {
        fields: page.items.into_iter().map(Into::into).collect(),
        next_page_token: page.next,
    })
}

async fn update(
    core: &Core,
    request: Request<UpdateFieldRequest>,
) -> Result<UpdateFieldResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let mask = Mask::new(request.update_mask, &["name", "options"])?;
    let field = request.field.unwrap_or_default();
    let mut fields = Fields::new();
    let id = fields.id::<FieldId>("field.id", &field.id);
    let renamed = mask.has("name", !field.name.is_empty());
    let name = renamed.then(|| fields.line("field.name", &field.name, 1..=100));
    let chosen = mask.has("options", !field.options.is_empty());
    let options = chosen.then(|| options(&mut fields, &field.options));
    fields.finish()?;
    let Some(id) = id else {
        return Ok(UpdateFieldResponse::default());
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            let field = changes::update(tx, &by, id, name, options, &field.etag).await?;
            Ok(UpdateFieldResponse {
                field: Some(field.into()),
            })
        })
    })
    .await
}

async fn delete(
    core: &Core,
    request: Request<DeleteFieldRequest>,
) -> Result<DeleteFieldResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let scope = caller.scope()?;
    let mut fields = Fields::new();
    let id = fields.id::<FieldId>("field_id", &request.field_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(DeleteFieldResponse {});
    };
    let deleted = core.db.tx(scope, move |tx| {
        Box::pin(async move { store::fields::delete(tx, scope.account(), id).await })
    });
    if deleted.await? {
        Ok(DeleteFieldResponse {})
    } else {
        Err(Error::FieldNotFound(id))
    }
}
