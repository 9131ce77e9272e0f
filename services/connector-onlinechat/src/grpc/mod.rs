//! The gRPC services. Each operation is one file: authorise, validate, domain and store, reply.

pub mod embedding;
pub mod online_chats;
pub mod status;
pub mod visitors;

use std::time::Duration;

use auth::Caller;
use http::HeaderValue;
use kit::Refusal;
use tonic::Request;
use tonic::metadata::MetadataValue;

/// How long a forwarded call may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// A call to another service with the caller's own token and language.
pub(crate) fn on_behalf<T>(caller: &Caller, message: T) -> Result<Request<T>, Refusal> {
    let mut bearer =
        HeaderValue::try_from(format!("Bearer {}", caller.bearer())).map_err(Refusal::internal)?;
    bearer.set_sensitive(true);
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    let metadata = request.metadata_mut();
    metadata.insert(
        "authorization",
        MetadataValue::try_from(bearer.as_bytes()).map_err(Refusal::internal)?,
    );
    metadata.insert(
        "accept-language",
        MetadataValue::from_static(kit::language::current().tag()),
    );
    Ok(request)
}
