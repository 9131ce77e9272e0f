//! Connections to other services.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

/// A channel to another service: it connects when first used, keeps the connection alive and reconnects by itself.
///
/// # Errors
/// When `address` is no URL.
pub fn channel(address: &str) -> Result<Channel, tonic::transport::Error> {
    Ok(Endpoint::from_shared(address.to_owned())?
        .connect_timeout(Duration::from_secs(3))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
        .http2_adaptive_window(true)
        .connect_lazy())
}
