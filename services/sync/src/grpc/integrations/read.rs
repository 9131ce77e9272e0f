//! Reading integrations.

use api::sync::v1::{
    GetIntegrationRequest, GetIntegrationResponse, ListIntegrationsRequest,
    ListIntegrationsResponse,
};
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use rules::problems;
use tonic::Request;
use types::IntegrationId;

use crate::Error;
use crate::core::Core;
use crate::domain::integration::Integration;
use crate::grpc::portals::connected;
use crate::grpc::{By, enter, wire};
use crate::store::integrations;

/// The id that a request names.
pub fn integration_id(text: &str) -> Result<IntegrationId, Error> {
    let mut fields = Fields::new();
    let id = fields.id("integration_id", text);
    fields.finish()?;
    // Without an id the request was refused.
    Ok(id.unwrap_or_else(IntegrationId::generate))
}

/// An integration of the caller's account.
pub async fn existing(core: &Core, by: &By, id: IntegrationId) -> Result<Integration, Error> {
    let account = by.account();
    let found = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(integrations::get(tx, account, id, false).await?) })
    });
    found.await?.ok_or(Error::IntegrationNotFound(id))
}

/// One, with its problems.
pub async fn get(
    core: &Core,
    request: Request<GetIntegrationRequest>,
) -> Result<GetIntegrationResponse, Error> {
    let (by, request) = enter(request)?;
    let id = integration_id(&request.integration_id)?;
    let found = existing(core, &by, id).await?;
    let mut integration = wire::integration(&found);
    let language = by.caller.language();
    if let Some(id) = found.portal
        && let Err(Error::PortalNotConnected(id)) = connected(core, &by, id).await
    {
        let problem = wire::not_connected(id, language);
        integration.problems.push(problem);
    }
    // Settings can be read while the CRM is away: what they name is then not looked at.
    if let Ok(catalogue) = core.fresh_catalogue(by.account(), found.portal).await {
        let found = problems(&found.settings, &catalogue);
        integration.problems = found.iter().map(|it| wire::problem(it, language)).collect();
    }
    Ok(GetIntegrationResponse {
        integration: Some(integration),
    })
}

/// A page of them, in the order in which they are asked.
pub async fn list(
    core: &Core,
    request: Request<ListIntegrationsRequest>,
) -> Result<ListIntegrationsResponse, Error> {
    let (by, request) = enter(request)?;
    let size = usize::try_from(page_size(request.page_size, 50, 200)?).unwrap_or(usize::MAX);
    let account = by.account();
    let token = PageToken {
        method: "ListIntegrations",
        account,
    };
    let after: Option<(i32, IntegrationId)> = token.decode(&(), &request.page_token)?;
    let all = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(integrations::all(tx, account).await?) })
    });
    let all = all.await?;
    let mut rest = all
        .iter()
        .filter(|it| after.is_none_or(|after| (it.position, it.id) > after));
    let page: Vec<&Integration> = rest.by_ref().take(size).collect();
    let last = page.last().filter(|_| rest.next().is_some());
    let next = last.map(|it| token.encode(&(), &(it.position, it.id)));
    Ok(ListIntegrationsResponse {
        integrations: page.into_iter().map(wire::integration).collect(),
        next_page_token: next.unwrap_or_default(),
    })
}
