//! What the client's cabinet asks. A client is a telephone number; what of their cards is shown is for the cabinet to decide, so no
//! employee's rights count here.

mod recording;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use api::crm::internal::v1::client_service_server::ClientService;
use api::crm::internal::v1::{
    DownloadClientRecordingRequest, FindClientRequest, FindClientResponse, ListClientEventsRequest,
    ListClientEventsResponse, ReadClientRequest, ReadClientResponse,
};
use api::crm::v1::TimelineEntryKind;
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::{Request, Response, Status};
use types::{AccountId, CompanyId, ContactId, TimelineEntryId, phone};
use uuid::Uuid;

use super::cards::Shape;
use super::{answer, timeline as wire};
use crate::Error;
use crate::core::Core;
use crate::domain::card::Card;
use crate::domain::ids::{CardId, Kind};
use crate::store::{cards, clients, fields, pipelines, timeline};

/// `ClientService`.
pub struct Clients(pub Arc<Core>);

#[tonic::async_trait]
impl ClientService for Clients {
    async fn find_client(
        &self,
        request: Request<FindClientRequest>,
    ) -> Result<Response<FindClientResponse>, Status> {
        answer(find(&self.0, &request).await)
    }

    async fn read_client(
        &self,
        request: Request<ReadClientRequest>,
    ) -> Result<Response<ReadClientResponse>, Status> {
        answer(read(&self.0, &request).await)
    }

    async fn list_client_events(
        &self,
        request: Request<ListClientEventsRequest>,
    ) -> Result<Response<ListClientEventsResponse>, Status> {
        answer(events(&self.0, &request).await)
    }

    type DownloadClientRecordingStream = recording::Parts;

    async fn download_client_recording(
        &self,
        request: Request<DownloadClientRecordingRequest>,
    ) -> Result<Response<recording::Parts>, Status> {
        answer(recording::download(&self.0, &request).await)
    }
}

/// Who is asked about.
struct Client {
    scope: AccountScope,
    phone: String,
}

impl Client {
    fn of<T>(request: &Request<T>, account: &[u8], number: &str) -> Result<Self, Refusal> {
        let caller = Caller::of(request)?;
        caller.require_service()?;
        let account = Uuid::from_slice(account)
            .map_err(|_| Refusal::field("account_id", "must be sixteen bytes"))?;
        let scope = caller.service_scope(AccountId::from(account))?;
        let phone = phone::normalised(number)
            .ok_or_else(|| Refusal::field("phone", "must be a telephone number"))?;
        Ok(Self { scope, phone })
    }
}

async fn find(
    core: &Core,
    request: &Request<FindClientRequest>,
) -> Result<FindClientResponse, Error> {
    let message = request.get_ref();
    let client = Client::of(request, &message.account_id, &message.phone)?;
    let found = core.db.tx(client.scope, move |tx| {
        Box::pin(async move {
            let found = clients::contacts(tx, client.scope.account(), &client.phone).await?;
            Ok::<_, Error>(found)
        })
    });
    let ids = found.await?.into_iter();
    Ok(FindClientResponse {
        contact_ids: ids.map(|id| id.uuid().as_bytes().to_vec()).collect(),
    })
}

async fn read(
    core: &Core,
    request: &Request<ReadClientRequest>,
) -> Result<ReadClientResponse, Error> {
    let message = request.get_ref();
    let client = Client::of(request, &message.account_id, &message.phone)?;
    let read = core.db.tx(client.scope, move |tx| {
        Box::pin(async move {
            let account = client.scope.account();
            let contacts = clients::contacts(tx, account, &client.phone).await?;
            let deals = clients::deals(tx, account, &contacts).await?;
            let deals = in_order(batch(tx, account, Kind::Deal, &deals).await?);
            let ids: Vec<Uuid> = contacts.iter().copied().map(ContactId::uuid).collect();
            let contacts = batch(tx, account, Kind::Contact, &ids).await?;
            let of: BTreeSet<CompanyId> = contacts
                .iter()
                .chain(&deals)
                .filter_map(|card| card.company)
                .collect();
            let of: Vec<Uuid> = of.into_iter().map(CompanyId::uuid).collect();
            let companies = batch(tx, account, Kind::Company, &of).await?;
            Ok::<_, Error>(ReadClientResponse {
                contacts: contacts.iter().map(Shape::from_card).collect(),
                companies: companies.iter().map(Shape::from_card).collect(),
                deals: deals.iter().map(Shape::from_card).collect(),
                names: names(tx, account).await?,
            })
        })
    });
    read.await
}

async fn batch(
    tx: &mut Tx,
    account: AccountId,
    kind: Kind,
    ids: &[Uuid],
) -> Result<Vec<Card>, Error> {
    let ids: Vec<CardId> = ids.iter().map(|id| kind.id(*id)).collect();
    let mut found = cards::batch(tx, account, kind, &ids).await?;
    found.sort_by_key(|card| card.id.uuid());
    Ok(found)
}

/// The last changed first.
fn in_order(mut deals: Vec<Card>) -> Vec<Card> {
    deals.sort_by_key(|deal| std::cmp::Reverse((deal.update_time, deal.id.uuid())));
    deals
}

/// What the account calls its own fields and stages.
async fn names(tx: &mut Tx, account: AccountId) -> Result<HashMap<String, String>, Error> {
    let mut names = HashMap::new();
    for pipeline in pipelines::all(tx, account).await? {
        let stages = pipeline.stages.into_iter();
        names.extend(stages.map(|stage| (stage.id.to_string(), stage.name)));
    }
    let own = fields::names(tx, account).await?;
    names.extend(own.into_iter().map(|(id, name)| (id.to_string(), name)));
    Ok(names)
}

/// Which events are wanted.
struct Wanted {
    deal: CardId,
    kinds: Vec<i16>,
    fields: Vec<String>,
    before: Option<TimelineEntryId>,
    size: i64,
}

impl Wanted {
    fn of(request: &ListClientEventsRequest) -> Result<Self, Refusal> {
        let mut fields = Fields::new();
        let deal: Option<types::DealId> = fields.id("deal_id", &request.deal_id);
        let before = fields.optional_id("before_id", &request.before_id);
        if !(1..=200).contains(&request.page_size) {
            fields.reject("page_size", "must be 1 to 200");
        }
        let kinds = request.kinds.iter();
        let kinds = kinds.filter_map(|kind| TimelineEntryKind::try_from(*kind).ok());
        let kinds = kinds
            .filter_map(wire::event)
            .map(timeline::number)
            .collect();
        fields.finish()?;
        Ok(Self {
            deal: Kind::Deal.id(deal.map(types::DealId::uuid).unwrap_or_default()),
            kinds,
            fields: request.fields.clone(),
            before,
            size: request.page_size.into(),
        })
    }
}

async fn events(
    core: &Core,
    request: &Request<ListClientEventsRequest>,
) -> Result<ListClientEventsResponse, Error> {
    let message = request.get_ref();
    let client = Client::of(request, &message.account_id, &message.phone)?;
    let wanted = Wanted::of(message)?;
    let size = usize::try_from(wanted.size).unwrap_or(usize::MAX);
    let read = core.db.tx(client.scope, move |tx| {
        Box::pin(async move {
            let account = client.scope.account();
            let contacts = clients::contacts(tx, account, &client.phone).await?;
            // A deal of somebody else is answered like one that is not there.
            if !clients::has_deal(tx, account, &contacts, wanted.deal).await? {
                return Err(Error::CardNotFound(wanted.deal));
            }
            let kinds = (&wanted.kinds[..], &wanted.fields[..], &contacts[..]);
            let found = clients::events(
                tx,
                account,
                wanted.deal,
                kinds,
                wanted.before,
                wanted.size + 1,
            );
            Ok((found.await?, names(tx, account).await?))
        })
    });
    let (mut entries, names) = read.await?;
    let more = entries.len() > size;
    entries.truncate(size);
    Ok(ListClientEventsResponse {
        entries: entries.into_iter().map(wire::to_wire).collect(),
        more,
        names,
    })
}
