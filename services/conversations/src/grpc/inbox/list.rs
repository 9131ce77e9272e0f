//! One page of the imBox.

use api::conversations::v1::{
    ConversationAnswer, ConversationLife, FilterNode, ListConversationsRequest,
    ListConversationsResponse, ListOrder, StandardFilter,
};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use prost::Message as _;
use tonic::Request;
use types::{ConnectionId, FilterId};
use uuid::Uuid;

use super::Inbox;
use super::page::{self, Page, Place, Wanted};
use crate::domain::conversation::Answer;
use crate::domain::filter::{Condition, Node};
use crate::grpc::conversation::Error;
use crate::grpc::filter::{find, tree};
use crate::grpc::{By, caller_id, seeing};
use crate::live::Cursor;

/// What a request asks for.
#[derive(Debug, Clone)]
struct Asked {
    /// The conditions that stand in the request itself.
    filter: Node,
    /// A filter to look up and add.
    saved: Option<FilterId>,
    unanswered_first: bool,
}

pub async fn list_conversations(
    inbox: &Inbox,
    request: &Request<ListConversationsRequest>,
) -> Result<ListConversationsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let scope = caller.scope()?;
    let account = scope.account();
    inbox.accounts.require_imbox(scope).await?;
    let request = request.get_ref();
    let asked = parse(request)?;
    let size = page_size(request.page_size, 50, 200)?;
    let token = PageToken {
        method: "ListConversations",
        account,
    };
    let (rest, page_token) = (rest(request), request.page_token.clone());
    // Taken before the rows: a change in between comes twice, never not at all.
    let cursor = page_token
        .is_empty()
        .then(|| Cursor(inbox.live.position(account)).encode(account));
    let owner = caller_id(&caller);
    let listed = seeing(&inbox.db, &inbox.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let unanswered_first = asked.unanswered_first;
            let (filter, saved) = whole(tx, &by, owner, asked).await?;
            let binding = (rest, saved);
            let place: Option<Place> = token.decode(&binding, &page_token)?;
            let wanted = Wanted {
                unanswered_first,
                filter,
                owner,
                size,
            };
            let Page { rows, next } = page::read(tx, &by, wanted, place).await?;
            let next = next.map_or_else(String::new, |place| token.encode(&binding, &place));
            Ok::<_, Error>((rows, next))
        })
    });
    let (conversations, next_page_token) = listed.await?;
    Ok(ListConversationsResponse {
        conversations,
        next_page_token,
        cursor: cursor.unwrap_or_default(),
    })
}

/// The filter with the saved one that the request names, and that one as it is now: a page token belongs to it, too.
async fn whole(tx: &mut Tx, by: &By, owner: Uuid, asked: Asked) -> Result<(Node, Vec<u8>), Error> {
    match asked.saved {
        None => Ok((asked.filter, Vec::new())),
        Some(id) => {
            let (saved, node) = find(tx, by.scope, owner, id).await?;
            Ok((asked.filter.and(node), saved.filter))
        }
    }
}

/// What a page token belongs to of a request: everything but the page.
fn rest(request: &ListConversationsRequest) -> Vec<u8> {
    let rest = ListConversationsRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    rest.encode_to_vec()
}

fn parse(request: &ListConversationsRequest) -> Result<Asked, Refusal> {
    let mut fields = Fields::new();
    let life = fields.known::<ConversationLife>("life", request.life);
    let answer = fields.known::<ConversationAnswer>("answer", request.answer);
    let connection: Option<ConnectionId> =
        fields.optional_id("connection_id", &request.connection_id);
    let saved = fields.optional_id("filter_id", &request.filter_id);
    let standard = fields.known::<StandardFilter>("standard_filter", request.standard_filter);
    let order = fields.known::<ListOrder>("order", request.order);
    let standard = standard.and_then(of_standard);
    let given = [
        request.filter.is_some(),
        !request.filter_id.is_empty(),
        standard.is_some(),
    ];
    if given.iter().filter(|given| **given).count() > 1 {
        fields.reject(
            "filter",
            "only one of filter, filter_id and standard_filter can be given",
        );
    }
    let tree = request.filter.as_ref();
    let tree = tree.map(|tree: &FilterNode| tree::parse(&mut fields, "filter", tree));
    fields.finish()?;
    let mut nodes: Vec<Node> = tree.transpose()?.into_iter().chain(standard).collect();
    let open = match life.unwrap_or_default() {
        ConversationLife::Open => Some(true),
        ConversationLife::Closed => Some(false),
        ConversationLife::Unspecified => (!given.contains(&true)).then_some(true),
    };
    nodes.extend(open.map(|open| Node::Is(Condition::Open(open))));
    let answer = answer.and_then(tree::answer);
    nodes.extend(answer.map(|answer| Node::Is(Condition::Answer(answer))));
    nodes.extend(connection.map(|id| Node::Is(Condition::Connections([id].into()))));
    Ok(Asked {
        filter: Node::All(nodes),
        saved,
        unanswered_first: order == Some(ListOrder::UnansweredFirst),
    })
}

/// The standard filters (CNV-14, CNV-16, CNV-21, CNV-23, CNV-24).
fn of_standard(standard: StandardFilter) -> Option<Node> {
    let open = |open| Node::Is(Condition::Open(open));
    let waiting = |answer| open(true).and(Node::Is(Condition::Answer(answer)));
    match standard {
        StandardFilter::Unspecified => None,
        StandardFilter::Open => Some(open(true)),
        StandardFilter::Closed => Some(open(false)),
        StandardFilter::RequiresAnswer => Some(waiting(Answer::Required)),
        StandardFilter::Favourites => Some(Node::Is(Condition::Favourite(true))),
        StandardFilter::NoAnswerNeeded => Some(waiting(Answer::NotNeeded)),
    }
}
