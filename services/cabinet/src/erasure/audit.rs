//! The account's audit log is told that a client has confirmed an erasure.

use std::time::Duration;

use anyhow::Context;
use api::identity::internal::v1::RecordErasureRequest;
use kit::time::to_proto;
use tonic::Request;

use super::Eraser;
use crate::domain::erasure::Erasure;

/// How long identity may take.
const DEADLINE: Duration = Duration::from_secs(5);

impl Eraser {
    /// Told again it is there once: the entry has the erasure's own id.
    pub(super) async fn record(&self, erasure: &Erasure) -> anyhow::Result<()> {
        let mut request = Request::new(RecordErasureRequest {
            account_id: erasure.account.uuid().as_bytes().to_vec(),
            erasure_id: erasure.id.uuid().as_bytes().to_vec(),
            confirm_time: erasure.receipt.create_time.map(to_proto),
        });
        request.set_timeout(DEADLINE);
        let told = self.identity.clone().record_erasure(request).await;
        told.context("the audit log could not be told")?;
        Ok(())
    }
}
