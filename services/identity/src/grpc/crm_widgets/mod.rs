//! The widget of the chat window in the company's CRM.

mod get;
mod install;
mod uninstall;

use std::sync::Arc;

use api::identity::v1::crm_widget_service_server::CrmWidgetService;
use api::identity::v1::{
    CrmWidget, GetCrmWidgetRequest, GetCrmWidgetResponse, InstallCrmWidgetRequest,
    InstallCrmWidgetResponse, UninstallCrmWidgetRequest, UninstallCrmWidgetResponse,
};
use auth::{Caller, Principal};
use kit::Refusal;
use kit::time::to_proto;
use pg::Tx;
use tonic::{Request, Response, Status};
use types::{AccountId, SessionId, UserId};

use super::answer;
use crate::Error;
use crate::core::Core;
use crate::domain::crm_widget::CrmWidget as Installed;
use crate::store::sessions;

/// `CrmWidgetService`.
pub struct CrmWidgets(pub Arc<Core>);

#[tonic::async_trait]
impl CrmWidgetService for CrmWidgets {
    async fn get_crm_widget(
        &self,
        request: Request<GetCrmWidgetRequest>,
    ) -> Result<Response<GetCrmWidgetResponse>, Status> {
        answer(get::handle(&self.0, request).await)
    }

    async fn install_crm_widget(
        &self,
        request: Request<InstallCrmWidgetRequest>,
    ) -> Result<Response<InstallCrmWidgetResponse>, Status> {
        answer(install::handle(&self.0, request).await)
    }

    async fn uninstall_crm_widget(
        &self,
        request: Request<UninstallCrmWidgetRequest>,
    ) -> Result<Response<UninstallCrmWidgetResponse>, Status> {
        answer(uninstall::handle(&self.0, request).await)
    }
}

/// An administrator in person, and the session in which they call.
fn administrator(caller: &Caller) -> Result<(UserId, SessionId), Refusal> {
    caller.require_administrator()?;
    match caller.principal() {
        Principal::Employee { user, session, .. } => Ok((*user, *session)),
        Principal::Program { .. } | Principal::Service { .. } => {
            Err(Refusal::permission_missing("administrator"))
        }
    }
}

/// Refuses a session that the CRM began: the widget is installed from Beseda, not from inside the CRM (CHW-01).
async fn logged_in(tx: &mut Tx, account: AccountId, session: SessionId) -> Result<(), Error> {
    let session = sessions::get(tx, account, session).await?;
    match session.ok_or(Error::SessionEnded)?.begun_by {
        Some(_) => Err(Error::LogInRequired),
        None => Ok(()),
    }
}

fn shown(widget: Option<Installed>) -> CrmWidget {
    widget.map_or_else(CrmWidget::default, |widget| CrmWidget {
        installed: true,
        api_key_id: widget.key.to_string(),
        user_id: widget.user.to_string(),
        install_time: Some(to_proto(widget.install_time)),
    })
}
