//! Departments.

mod create;
mod delete;
mod get;
mod list;
mod update;

use std::sync::Arc;

use api::identity::v1::group_service_server::GroupService;
use api::identity::v1::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, DeleteGroupResponse,
    GetGroupRequest, GetGroupResponse, ListGroupsRequest, ListGroupsResponse, UpdateGroupRequest,
    UpdateGroupResponse,
};
use tonic::{Request, Response, Status};

use super::answer;
use crate::core::Core;

/// `GroupService`.
pub struct Groups(pub Arc<Core>);

#[tonic::async_trait]
impl GroupService for Groups {
    async fn create_group(
        &self,
        request: Request<CreateGroupRequest>,
    ) -> Result<Response<CreateGroupResponse>, Status> {
        answer(create::handle(&self.0, request).await)
    }

    async fn get_group(
        &self,
        request: Request<GetGroupRequest>,
    ) -> Result<Response<GetGroupResponse>, Status> {
        answer(get::handle(&self.0, request).await)
    }

    async fn list_groups(
        &self,
        request: Request<ListGroupsRequest>,
    ) -> Result<Response<ListGroupsResponse>, Status> {
        answer(list::handle(&self.0, request).await)
    }

    async fn update_group(
        &self,
        request: Request<UpdateGroupRequest>,
    ) -> Result<Response<UpdateGroupResponse>, Status> {
        answer(update::handle(&self.0, request).await)
    }

    async fn delete_group(
        &self,
        request: Request<DeleteGroupRequest>,
    ) -> Result<Response<DeleteGroupResponse>, Status> {
        answer(delete::handle(&self.0, request).await)
    }
}
