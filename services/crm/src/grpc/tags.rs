//! Tags: everybody adds and uses them, administrators rename and delete them.

use std::sync::Arc;

use api::crm::v1::tag_service_server::TagService;
use api::crm::v1::{
    self as proto, CreateTagRequest, CreateTagResponse, DeleteTagRequest, DeleteTagResponse,
    ListTagsRequest, ListTagsResponse, UpdateTagRequest, UpdateTagResponse,
};
use auth::Permission;
use kit::page::{PageToken, page_size};
use kit::time::to_proto;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use tonic::{Request, Response, Status};
use types::TagId;

use super::mask::Mask;
use super::page::page;
use super::{PAGE, answer, enter};
use crate::Error;
use crate::changes::tags;
use crate::core::Core;
use crate::domain::etag;
use crate::domain::tag::Tag;
use crate::store;

const LIST: &str = "ListTags";

/// `TagService`.
pub struct Tags(pub Arc<Core>);

impl From<Tag> for proto::Tag {
    fn from(tag: Tag) -> Self {
        Self {
            id: tag.id.to_string(),
            name: tag.name,
            create_time: Some(to_proto(tag.create_time)),
            etag: etag(tag.version),
        }
    }
}

#[tonic::async_trait]
impl TagService for Tags {
    async fn create_tag(
        &self,
        request: Request<CreateTagRequest>,
    ) -> Result<Response<CreateTagResponse>, Status> {
        answer(create(&self.0, request).await)
    }

    async fn list_tags(
        &self,
        request: Request<ListTagsRequest>,
    ) -> Result<Response<ListTagsResponse>, Status> {
        answer(list(&self.0, request).await)
    }

    async fn update_tag(
        &self,
        request: Request<UpdateTagRequest>,
    ) -> Result<Response<UpdateTagResponse>, Status> {
        answer(update(&self.0, request).await)
    }

    async fn delete_tag(
        &self,
        request: Request<DeleteTagRequest>,
    ) -> Result<Response<DeleteTagResponse>, Status> {
        answer(delete(&self.0, request).await)
    }
}

async fn create(
    core: &Core,
    request: Request<CreateTagRequest>,
) -> Result<CreateTagResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let tag = request.tag.clone().unwrap_or_default();
    let mut fields = Fields::new();
    let name = fields.line("tag.name", &tag.name, 1..=100);
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    let once = Once::new(&caller, "CreateTag", request_id, hash(&request))?;
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let changed = tags::create(tx, &by, name).await?;
            let answer = CreateTagResponse {
                tag: Some(changed.tag.into()),
            };
            once.keep(tx, &answer).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(answer)
        })
    })
    .await
}

async fn list(core: &Core, request: Request<ListTagsRequest>) -> Result<ListTagsResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let scope = caller.scope()?;
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let place = PageToken {
        method: LIST,
        account: scope.account(),
    };
    let after: Option<TagId> = place.decode(&(), &request.page_token)?;
    let found = core.db.tx(scope, move |tx| {
        Box::pin(async move { store::tags::list(tx, scope.account(), after, size + 1).await })
    });
    let page = page(found.await?, size, (LIST, scope.account()), &(), |tag| {
        tag.id
    });
    Ok(ListTagsResponse {
        tags: page.items.into_iter().map(Into::into).collect(),
        next_page_token: page.next,
    })
}

async fn update(
    core: &Core,
    request: Request<UpdateTagRequest>,
) -> Result<UpdateTagResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let mask = Mask::new(request.update_mask, &["name"])?;
    let tag = request.tag.unwrap_or_default();
    let mut fields = Fields::new();
    let id = fields.id::<TagId>("tag.id", &tag.id);
    let renamed = mask.has("name", !tag.name.is_empty());
    let name = renamed.then(|| fields.line("tag.name", &tag.name, 1..=100));
    fields.finish()?;
    let Some(id) = id else {
        return Ok(UpdateTagResponse::default());
    };
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            let changed = tags::rename(tx, &by, id, name, &tag.etag).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(UpdateTagResponse {
                tag: Some(changed.tag.into()),
            })
        })
    })
    .await
}

async fn delete(
    core: &Core,
    request: Request<DeleteTagRequest>,
) -> Result<DeleteTagResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let mut fields = Fields::new();
    let id = fields.id::<TagId>("tag_id", &request.tag_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(DeleteTagResponse {});
    };
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            let event = tags::delete(tx, &by, id).await?;
            events::append(tx, &[event]).await?;
            Ok(DeleteTagResponse {})
        })
    })
    .await
}
