//! ListRuns.

use api::sync::v1::{ListRunsRequest, ListRunsResponse, RunState};
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{AccountId, ConversationId, IntegrationId, RunId};

use crate::Error;
use crate::core::Core;
use crate::domain::run::{Run, State};
use crate::grpc::{enter, wire};
use crate::store::runs::{self, Which};

/// What a list is narrowed to.
#[derive(Clone)]
struct Wanted {
    integration: Option<IntegrationId>,
    state: Option<State>,
    conversation: Option<Conversation>,
}

/// A conversation by its id or its number.
#[derive(Clone)]
pub(super) enum Conversation {
    Id(ConversationId),
    Number(i64),
}

impl Conversation {
    /// What a text names; the problem is noted.
    pub(super) fn parse(fields: &mut Fields, path: &str, text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Some(Self::Number(number));
        }
        fields.id(path, text).map(Self::Id)
    }
}

pub async fn list(
    core: &Core,
    request: Request<ListRunsRequest>,
) -> Result<ListRunsResponse, Error> {
    let (by, request) = enter(request)?;
    let size = page_size(request.page_size, 50, 200)?;
    let wanted = wanted(&request)?;
    let account = by.account();
    let token = PageToken {
        method: "ListRuns",
        account,
    };
    let filters = (
        &request.integration_id,
        request.state,
        &request.conversation,
    );
    let before: Option<RunId> = token.decode(&filters, &request.page_token)?;
    let page = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { page(tx, account, &wanted, before, size + 1).await })
    });
    let mut page: Vec<Run> = page.await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = page.len() > size;
    page.truncate(size);
    let last = page.last().filter(|_| has_more);
    Ok(ListRunsResponse {
        next_page_token: last
            .map(|it| token.encode(&filters, &it.id))
            .unwrap_or_default(),
        runs: page.iter().map(wire::run).collect(),
    })
}

fn wanted(request: &ListRunsRequest) -> Result<Wanted, Error> {
    let mut fields = Fields::new();
    let state = match fields.known::<RunState>("state", request.state) {
        Some(RunState::Pending) => Some(State::Pending),
        Some(RunState::Done) => Some(State::Done),
        Some(RunState::Nothing) => Some(State::Nothing),
        Some(RunState::Failed) => Some(State::Failed),
        Some(RunState::Unspecified) | None => None,
    };
    let text = &request.conversation;
    let conversation = (!text.is_empty())
        .then(|| Conversation::parse(&mut fields, "conversation", text))
        .flatten();
    let wanted = Wanted {
        integration: fields.optional_id("integration_id", &request.integration_id),
        state,
        conversation,
    };
    fields.finish()?;
    Ok(wanted)
}

/// Up to `limit` runs that fit. The narrowest index is read; what else is asked for is looked at in what it gives.
async fn page(
    tx: &mut Tx,
    account: AccountId,
    wanted: &Wanted,
    mut before: Option<RunId>,
    limit: i64,
) -> Result<Vec<Run>, Error> {
    let which = match &wanted.conversation {
        Some(Conversation::Id(id)) => Which::Conversation(*id),
        Some(Conversation::Number(number)) => Which::Number(*number),
        None => match (wanted.state, wanted.integration) {
            (Some(state), _) => Which::State(state),
            (None, Some(integration)) => Which::Integration(integration),
            (None, None) => Which::All,
        },
    };
    let fits = |run: &Run| {
        wanted.integration.is_none_or(|id| run.integration == id)
            && wanted.state.is_none_or(|state| run.state == state)
    };
    let (mut page, full) = (Vec::new(), usize::try_from(limit).unwrap_or(usize::MAX));
    loop {
        let read = runs::list(tx, account, which, before, limit).await?;
        before = read.last().map(|run| run.id);
        let is_last = read.len() < full;
        page.extend(read.into_iter().filter(fits));
        if is_last || page.len() >= full {
            page.truncate(full);
            return Ok(page);
        }
    }
}
