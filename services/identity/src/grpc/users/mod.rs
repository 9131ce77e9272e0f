//! Employees.

mod create;
mod get;
mod list;
mod set_password;
mod update;

use std::sync::Arc;

use api::identity::v1::user_service_server::UserService;
use api::identity::v1::{
    CreateUserRequest, CreateUserResponse, GetUserRequest, GetUserResponse, ListUsersRequest,
    ListUsersResponse, SetPasswordRequest, SetPasswordResponse, UpdateUserRequest,
    UpdateUserResponse,
};
use tonic::{Request, Response, Status};

use super::answer;
use crate::core::Core;

/// `UserService`.
pub struct Users(pub Arc<Core>);

#[tonic::async_trait]
impl UserService for Users {
    async fn create_user(
        &self,
        request: Request<CreateUserRequest>,
    ) -> Result<Response<CreateUserResponse>, Status> {
        answer(create::handle(&self.0, request).await)
    }

    async fn get_user(
        &self,
        request: Request<GetUserRequest>,
    ) -> Result<Response<GetUserResponse>, Status> {
        answer(get::handle(&self.0, request).await)
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        answer(list::handle(&self.0, request).await)
    }

    async fn update_user(
        &self,
        request: Request<UpdateUserRequest>,
    ) -> Result<Response<UpdateUserResponse>, Status> {
        answer(update::handle(&self.0, request).await)
    }

    async fn set_password(
        &self,
        request: Request<SetPasswordRequest>,
    ) -> Result<Response<SetPasswordResponse>, Status> {
        answer(set_password::handle(&self.0, request).await)
    }
}
