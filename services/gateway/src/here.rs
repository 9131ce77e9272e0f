//! What the gateway answers itself: health and reflection.
//!
//! Health of a public service is whether the process behind it is connected; the gateway's own ("") needs all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, Version};
use kit::lifecycle::Lifecycle;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::ServiceExt;

use crate::body::{Body, RequestBody};
use crate::call::Call;
use crate::router::Backends;
use crate::rpcs::{Place, Rpcs};

const INTERVAL: Duration = Duration::from_millis(500);

/// Health and reflection.
pub struct Here {
    routes: Routes,
}

impl Here {
    /// Follows the connections to the services.
    ///
    /// # Errors
    /// When the contracts built into the program do not decode.
    pub fn start(backends: &Arc<Backends>, lifecycle: &Lifecycle) -> anyhow::Result<Self> {
        let (reporter, health) = tonic_health::server::health_reporter();
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(kit::server::public_descriptors())
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let routes = Routes::new(health)
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?)
            .prepare();
        let services = services(&Rpcs::load()?);
        let stopping = lifecycle.stopping();
        let backends = backends.clone();
        lifecycle.spawn("gateway.health", async move {
            let mut ticks = tokio::time::interval(INTERVAL);
            let mut said = Said::new();
            while !stopping.is_cancelled() {
                tokio::select! { _ = ticks.tick() => {}, () = stopping.cancelled() => {} }
                report(
                    &reporter,
                    &mut said,
                    &services,
                    &backends,
                    stopping.is_cancelled(),
                )
                .await;
            }
        });
        Ok(Self { routes })
    }

    /// Answers a call.
    pub async fn answer(&self, call: &mut Call) -> Response<Body> {
        let body = std::mem::replace(&mut call.body, RequestBody::empty());
        let mut request = Request::new(tonic::body::Body::new(body));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.uri.clone();
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = std::mem::take(&mut call.headers);
        match self.routes.clone().oneshot(request).await {
            Ok(response) => response.map(Body::local),
            Err(never) => match never {},
        }
    }
}

/// The public services and who serves them.
fn services(rpcs: &Rpcs) -> Vec<(String, Place)> {
    let mut services: Vec<_> = rpcs
        .paths()
        .filter_map(|path| {
            let place = rpcs.find(path)?.place;
            let service = path.trim_start_matches('/').split_once('/')?.0;
            (place != Place::Here).then(|| (service.to_owned(), place))
        })
        .collect();
    services.sort_by(|(one, _), (other, _)| one.cmp(other));
    services.dedup_by(|(one, _), (other, _)| one == other);
    services
}

/// What was said last: who watches is told of changes only.
type Said = HashMap<String, bool>;

async fn report(
    reporter: &HealthReporter,
    said: &mut Said,
    services: &[(String, Place)],
    backends: &Backends,
    stopping: bool,
) {
    let all = backends.all().all(|backend| backend.is_up());
    let up = |place| match place {
        Place::Identity => backends.identity.is_up(),
        Place::Crm => backends.crm.is_up(),
        Place::Conversations => backends.conversations.is_up(),
        Place::OnlineChat => backends.onlinechat.is_up(),
        Place::Cabinet => backends.cabinet.as_ref().is_some_and(|it| it.is_up()),
        Place::Sync => backends.sync.as_ref().is_some_and(|it| it.is_up()),
        Place::Here => true,
    };
    let now = services
        .iter()
        .map(|(service, place)| (service.as_str(), up(*place)));
    for (service, up) in now.chain([("", all)]) {
        let serving = up && !stopping;
        if said.insert(service.to_owned(), serving) != Some(serving) {
            let status = if serving {
                ServingStatus::Serving
            } else {
                ServingStatus::NotServing
            };
            reporter.set_service_status(service, status).await;
        }
    }
}
