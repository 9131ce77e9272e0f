//! The provider of `beseda up`: nothing goes out, the log shows what would. It exists only where the installation is for trying out.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Fault, Provider, Sent, Sms};

/// Writes to the log.
pub struct Outbox;

impl Provider for Outbox {
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<Sent, Fault>> {
        async move {
            tracing::warn!(
                to = sms.phone,
                text = sms.text,
                "an SMS, which nobody is sent"
            );
            Ok(Sent {
                external_id: sms.id.to_string(),
                balance: String::new(),
            })
        }
        .boxed()
    }
}
