//! How many conversations fit the caller's filters: read as their list is, up to a bound.

use api::conversations::v1::{
    CountFiltersRequest, CountFiltersResponse, FilterCount, FilterCounts,
};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::FilterId;
use uuid::Uuid;

use super::CounterReader;
use crate::domain::filter::{Condition, Node};
use crate::grpc::conversation::Error;
use crate::grpc::filter::saved;
use crate::grpc::inbox::MOST_FAVOURITES;
use crate::grpc::inbox::page::{self, Wanted};
use crate::grpc::{By, caller_id, seeing};

/// The most filters of a call.
const MOST: usize = 20;

/// Up to how many conversations of a filter are counted. At most ten times as many are read.
const COUNTED: i64 = 99;

/// What is counted.
#[derive(Debug, Clone)]
pub struct Asked {
    filters: Vec<FilterId>,
    favourites: bool,
    /// Whose filters and favourites.
    owner: Uuid,
}

pub async fn count_filters(
    reader: &CounterReader,
    request: &Request<CountFiltersRequest>,
) -> Result<CountFiltersResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    reader.accounts.require_imbox(caller.scope()?).await?;
    let request = request.get_ref();
    let asked = Asked::parse(&caller, &request.filter_ids, request.favourites)?;
    Ok(CountFiltersResponse {
        counts: Some(count(reader, &caller, asked).await?),
    })
}

impl Asked {
    /// What a request asks for.
    ///
    /// # Errors
    /// FIELD_INVALID.
    pub fn parse(caller: &Caller, ids: &[String], favourites: bool) -> Result<Self, Refusal> {
        if ids.len() > MOST {
            let problem = format!("must be at most {MOST}");
            return Err(Refusal::field("filter_ids", problem));
        }
        let mut fields = Fields::new();
        if ids.is_empty() && !favourites {
            fields.reject("filter_ids", "must be given, or favourites");
        }
        let given = ids.iter().enumerate();
        let filters: Vec<FilterId> = given
            .filter_map(|(place, id)| fields.id(&format!("filter_ids[{place}]"), id))
            .collect();
        let is_twice = |(place, id): (usize, &FilterId)| filters[..place].contains(id);
        if filters.iter().enumerate().any(is_twice) {
            fields.reject("filter_ids", "must differ from one another");
        }
        fields.finish()?;
        Ok(Self {
            filters,
            favourites,
            owner: caller_id(caller),
        })
    }
}

/// The counts as they are now.
///
/// # Errors
/// FILTER_NOT_FOUND, or when the database fails.
pub async fn count(
    reader: &CounterReader,
    caller: &Caller,
    asked: Asked,
) -> Result<FilterCounts, Refusal> {
    seeing(&reader.db, &reader.rights, caller, move |tx, by| {
        Box::pin(async move {
            let mut counts = FilterCounts::default();
            for id in &asked.filters {
                let filter = saved(tx, by.scope, asked.owner, *id).await?;
                let count = of_filter(tx, &by, asked.owner, filter, COUNTED).await?;
                counts.filters.push(FilterCount {
                    filter_id: id.to_string(),
                    ..count
                });
            }
            if asked.favourites {
                // There are so few that all are counted.
                let filter = Node::Is(Condition::Favourite(true));
                let count = of_filter(tx, &by, asked.owner, filter, MOST_FAVOURITES).await?;
                counts.favourites = Some(count);
            }
            Ok::<_, Error>(counts)
        })
    })
    .await
}

async fn of_filter(
    tx: &mut Tx,
    by: &By,
    owner: Uuid,
    filter: Node,
    most: i64,
) -> Result<FilterCount, Error> {
    let wanted = Wanted {
        filter,
        unanswered_first: false,
        owner,
        size: most,
    };
    let page = page::read(tx, by, wanted, None).await?;
    Ok(FilterCount {
        filter_id: String::new(),
        count: i32::try_from(page.rows.len()).unwrap_or(i32::MAX),
        more: page.next.is_some(),
    })
}
