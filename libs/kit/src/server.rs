//! The gRPC server of a service. Layers, outermost first (the order is one function, [`layers`]):
//!
//! 1. [`observe`]: language of the call, trace, duration and outcome of every call, also of those refused further in.
//! 2. [`admit`]: refuses what exceeds the number of calls in flight, and ends calls at their deadline. Before
//!    authentication, so that a flood costs little.
//! 3. authentication (`libs/auth`): who calls. Behind it no handler runs without a principal.
//!
//! Health reflects what the service depends on, reflection shows the public contracts only.

mod admit;
mod explain;
mod observe;

use std::sync::OnceLock;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tower::{Layer, Service};

use crate::lifecycle::Lifecycle;

pub use admit::Admit;
pub use observe::Observe;

/// The largest request that a service takes.
pub const MAX_REQUEST_BYTES: usize = 4 << 20;

/// How often dependencies are looked at.
const HEALTH_INTERVAL: Duration = Duration::from_secs(2);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type HealthCheck = Box<dyn Fn() -> futures::future::BoxFuture<'static, bool> + Send + Sync>;

/// What a service serves.
pub struct Server {
    name: &'static str,
    routes: Routes,
    calls: usize,
    health: Option<HealthCheck>,
    health_routes: (tonic_health::server::HealthReporter, Vec<&'static str>),
}

/// The layers around the handlers, outermost first.
fn layers<A: Layer<Routes>>(routes: Routes, calls: usize, auth: &A) -> Observe<Admit<A::Service>> {
    Observe::new(Admit::new(auth.layer(routes), calls))
}

impl Server {
    /// Nothing but health and reflection.
    ///
    /// # Errors
    /// When the descriptors do not decode.
    pub fn new(name: &'static str) -> anyhow::Result<Self> {
        let (reporter, health) = tonic_health::server::health_reporter();
        let routes = Routes::new(health)
            .add_service(reflection_v1()?)
            .add_service(reflection_v1alpha()?);
        Ok(Self {
            name,
            routes,
            calls: 4096,
            health: None,
            health_routes: (reporter, Vec::new()),
        })
    }

    /// Adds a gRPC service.
    #[must_use]
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Error = std::convert::Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.routes = self.routes.add_service(service);
        self.health_routes.1.push(S::NAME);
        self
    }

    /// How many calls may be in flight; 4096 by default. Open streams do not count.
    #[must_use]
    pub fn calls_in_flight(mut self, calls: usize) -> Self {
        self.calls = calls;
        self
    }

    /// Says whether what the service depends on is there; asked every two seconds.
    #[must_use]
    pub fn health<F>(mut self, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.health = Some(Box::new(move || Box::pin(check())));
        self
    }

    /// Serves until the life ends, then lets calls in flight finish.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn serve<A>(
        self,
        listener: TcpListener,
        auth: A,
        life: Lifecycle,
    ) -> anyhow::Result<()>
    where
        A: Layer<Routes> + Clone + Send + Sync + 'static,
        A::Service: Service<http::Request<Body>, Response = http::Response<Body>>
            + Clone
            + Send
            + Sync
            + 'static,
        <A::Service as Service<http::Request<Body>>>::Future: Send,
        <A::Service as Service<http::Request<Body>>>::Error: Into<BoxError> + Send,
    {
        let Self {
            name,
            routes,
            calls,
            health,
            health_routes,
        } = self;
        watch_health(name, health, health_routes, &life);
        let routes = routes.prepare();
        tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(15)))
            .http2_keepalive_timeout(Some(Duration::from_secs(10)))
            .http2_adaptive_window(Some(true))
            .http2_max_pending_accept_reset_streams(Some(64))
            // The gateway puts many live streams on one connection.
            .max_concurrent_streams(Some(1_024))
            .http2_max_header_list_size(16 << 10)
            .layer(tower::layer::layer_fn(move |routes: Routes| {
                layers(routes, calls, &auth)
            }))
            .add_routes(routes)
            .serve_with_incoming_shutdown(
                // The builder's own setting is for listeners it makes itself. Without it a small answer waits for the
                // acknowledgement of the one before it, which the other side delays by 40 ms.
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                life.stopping().cancelled_owned(),
            )
            .await?;
        Ok(())
    }
}

fn watch_health(
    name: &'static str,
    check: Option<HealthCheck>,
    (reporter, services): (tonic_health::server::HealthReporter, Vec<&'static str>),
    life: &Lifecycle,
) {
    use tonic_health::ServingStatus::{NotServing, Serving};
    let stopping = life.stopping();
    life.spawn("health", async move {
        let clock = types::Clock::system();
        let mut last = None;
        loop {
            let healthy = !stopping.is_cancelled()
                && match &check {
                    Some(check) => check().await,
                    None => true,
                };
            let status = if healthy { Serving } else { NotServing };
            if last != Some(healthy) {
                tracing::info!(service = name, healthy, "health changed");
                last = Some(healthy);
            }
            for service in services.iter().chain(&[""]) {
                reporter.set_service_status(service, status).await;
            }
            if stopping.is_cancelled() {
                return;
            }
            tokio::select! { () = clock.sleep(HEALTH_INTERVAL) => {}, () = stopping.cancelled() => {} }
        }
    });
}

/// The contracts that anybody may explore: all but the internal packages.
#[must_use]
pub fn public_descriptors() -> &'static [u8] {
    use prost::Message as _;
    static PUBLIC: OnceLock<Vec<u8>> = OnceLock::new();
    PUBLIC.get_or_init(|| {
        let mut set =
            prost_types::FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).unwrap_or_default();
        set.file
            .retain(|file| !file.package().contains(".internal."));
        set.encode_to_vec()
    })
}

fn reflection_v1() -> Result<
    tonic_reflection::server::v1::ServerReflectionServer<
        impl tonic_reflection::server::v1::ServerReflection,
    >,
    tonic_reflection::server::Error,
> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(public_descriptors())
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
}

fn reflection_v1alpha() -> Result<
    tonic_reflection::server::v1alpha::ServerReflectionServer<
        impl tonic_reflection::server::v1alpha::ServerReflection,
    >,
    tonic_reflection::server::Error,
> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(public_descriptors())
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1alpha()
}
