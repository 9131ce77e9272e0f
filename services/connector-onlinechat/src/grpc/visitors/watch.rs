use std::sync::Arc;
use std::time::Duration;

use api::onlinechat::v1::WatchVisitorRequest;
use kit::Refusal;
use tonic::Request;

use super::visitor::Visitor;
use crate::limits::Action;
use crate::live;
use crate::live::stream::VisitorStream;
use crate::state::State;

/// When a visitor with too many streams may try again.
const WAIT: Duration = Duration::from_secs(20);

pub(super) async fn watch(
    state: &State,
    request: &Request<WatchVisitorRequest>,
) -> Result<VisitorStream, Refusal> {
    let visitor = Visitor::of(state, request, Action::Other).await?;
    let after = request.get_ref().after_seq;
    if after < 0 {
        return Err(Refusal::field("after_seq", "must not be negative"));
    }
    let watch = state.watchers.watch(&live::channel(visitor.chat));
    let watch = watch.ok_or_else(|| Refusal::rate_limited(WAIT))?;
    Ok(VisitorStream::new(
        Arc::clone(state),
        &visitor.session,
        visitor.chat,
        watch,
        after,
    ))
}
