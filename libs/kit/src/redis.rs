//! Redis as every service connects to it.

use redis::io::tcp::TcpSettings;
use redis::{Client, IntoConnectionInfo, RedisResult};

/// A client that sends each command at once. By default a small command waits for the acknowledgement of the one before it,
/// which the other side delays by 40 ms.
///
/// # Errors
/// When the URL is malformed.
pub fn client(url: &str) -> RedisResult<Client> {
    let at_once = TcpSettings::default().set_nodelay(true);
    Client::open(url.into_connection_info()?.set_tcp_settings(at_once))
}
