//! The caller's account.

mod get;
mod update;

use std::sync::Arc;

use api::identity::v1::account_service_server::AccountService;
use api::identity::v1::{
    GetAccountRequest, GetAccountResponse, UpdateAccountRequest, UpdateAccountResponse,
};
use tonic::{Request, Response, Status};

use super::answer;
use crate::core::Core;

/// `AccountService`.
pub struct Accounts(pub Arc<Core>);

#[tonic::async_trait]
impl AccountService for Accounts {
    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        answer(get::handle(&self.0, request).await)
    }

    async fn update_account(
        &self,
        request: Request<UpdateAccountRequest>,
    ) -> Result<Response<UpdateAccountResponse>, Status> {
        answer(update::handle(&self.0, request).await)
    }
}
