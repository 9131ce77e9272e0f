//! Connecting a portal: an administrator begins, amoCRM asks them, and they complete.

use api::sync::v1::{
    BeginPortalConnectionRequest, BeginPortalConnectionResponse, CompletePortalConnectionRequest,
    CompletePortalConnectionResponse,
};
use kit::secrets::{random_token, sha256};
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::Request;
use types::PortalId;

use crate::Error;
use crate::core::Core;
use crate::domain::portal::{LOGIN_TIME, MAX_PORTALS, host};
use crate::grpc::{By, enter, wire};
use crate::store::portals::{self, Connected, Until};
use crate::target::amo::{Failure, Grant, Registration};

/// The longest code, in bytes: amoCRM's have about a thousand.
const CODE: usize = 4_000;
/// The longest state, and the longest host.
const STATE: usize = 200;
const HOST: usize = 300;

fn registration(core: &Core) -> Result<&Registration, Error> {
    core.amo.registration().ok_or(Error::AmoCrmNotSetUp)
}

/// An address for the administrator's browser.
pub async fn begin(
    core: &Core,
    request: Request<BeginPortalConnectionRequest>,
) -> Result<BeginPortalConnectionResponse, Error> {
    let (by, _) = enter(request)?;
    let registration = registration(core)?;
    let state = random_token();
    let mut url = registration.authorize_url.clone();
    url.query_pairs_mut()
        .append_pair("client_id", &registration.client_id)
        .append_pair("state", &state)
        .append_pair("mode", "popup");
    let (account, administrator) = (by.account(), by.author());
    let (digest, expire_time) = (sha256(state.as_bytes()), core.clock.now() + LOGIN_TIME);
    core.db
        .tx(by.scope, move |tx| {
            Box::pin(async move {
                let begun = portals::begin(tx, account, digest, &administrator, expire_time);
                Ok::<_, Error>(begun.await?)
            })
        })
        .await?;
    Ok(BeginPortalConnectionResponse {
        url: url.into(),
        expire_time: Some(to_proto(expire_time)),
    })
}

/// The portal, connected.
pub async fn complete(
    core: &Core,
    request: Request<CompletePortalConnectionRequest>,
) -> Result<CompletePortalConnectionResponse, Error> {
    let (by, request) = enter(request)?;
    let mut fields = Fields::new();
    let code = fields.key("code", &request.code, 1..=CODE);
    let state = fields.key("state", &request.state, 1..=STATE);
    let referer = fields.key("referer", &request.referer, 1..=HOST);
    let portal_host = host(&referer);
    if portal_host.is_none() {
        fields.reject(
            "referer",
            "must be a host of amocrm.ru, amocrm.com or kommo.com",
        );
    }
    fields.finish()?;
    let registration = registration(core)?;
    take(core, &by, &state).await?;
    // Without a host the request was refused.
    let portal_host = portal_host.unwrap_or_default();
    let granted = core.amo.exchange(registration, &portal_host, &code).await;
    let grant = granted.map_err(|failure| match failure {
        Failure::Unauthorized(_) | Failure::Refused(_) | Failure::Stale(_) | Failure::Parts(_) => {
            let why = failure.to_string();
            tracing::info!(why, account.id = %by.account(), "amoCRM refuses the code of a portal");
            Error::PortalConnectionRefused
        }
        failure => Error::Crm(failure.into()),
    })?;
    let id = keep(core, &by, portal_host, grant).await?;
    core.news.notify_one();
    let portal = super::existing(core, &by, id).await?;
    Ok(CompletePortalConnectionResponse {
        portal: Some(wire::portal(&portal)),
    })
}

/// Takes what this administrator began.
async fn take(core: &Core, by: &By, state: &str) -> Result<(), Error> {
    let (account, administrator, now) = (by.account(), by.author(), core.clock.now());
    let digest = sha256(state.as_bytes());
    let taken = core.db.tx(by.scope, move |tx| {
        Box::pin(async move {
            let taken = portals::take_login(tx, account, digest, &administrator, now);
            Ok::<_, Error>(taken.await?)
        })
    });
    match taken.await? {
        true => Ok(()),
        false => Err(Error::PortalConnectionRefused),
    }
}

/// Stores the portal under the id that it had, if it was connected before.
async fn keep(core: &Core, by: &By, host: String, grant: Grant) -> Result<PortalId, Error> {
    let (account, author, clock) = (by.account(), by.author(), core.clock.clone());
    let amo = std::sync::Arc::clone(&core.amo);
    core.db
        .tx(by.scope, move |tx| {
            Box::pin(async move {
                let known = portals::known(tx, account, grant.amo_account).await?;
                if known.is_none() && portals::all(tx, account).await?.len() >= MAX_PORTALS {
                    return Err(Error::LimitReached(MAX_PORTALS));
                }
                let id = known.unwrap_or_else(PortalId::generate);
                portals::get(tx, account, id, Until::Locked).await?;
                let connected = Connected {
                    id,
                    amo_account: grant.amo_account,
                    host,
                    sealed_tokens: grant.sealed(&amo, id),
                    name: grant.name,
                    expire_time: grant.expire_time,
                    author,
                };
                portals::connect(tx, account, &connected, &clock).await?;
                Ok(id)
            })
        })
        .await
}
