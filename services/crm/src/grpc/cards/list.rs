//! The cards that the caller may view, the last changed first.

use access::Action;
use auth::Caller;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use prost_types::Timestamp;
use serde::Serialize;
use time::OffsetDateTime;
use types::{PipelineId, StageId, UserId};

use super::{Shape, shown};
use crate::Error;
use crate::core::{By, Core};
use crate::domain::card::Card;
use crate::domain::ids::Kind;
use crate::domain::pipeline::Pipeline;
use crate::domain::reach::{Reach, Wanted};
use crate::grpc::page::page;
use crate::grpc::{PAGE, wire};
use crate::store::cards::list::{Key, Query, list as list_by_rights};
use crate::store::cards::lookup::{Lookup, lookup};
use crate::store::pipelines;

/// How many cards are looked at at once where rights are asked of each.
const LOOK: i64 = 200;

/// What a request asks for.
#[derive(Debug, Default)]
pub struct Wish {
    /// Name of the RPC.
    pub method: &'static str,
    /// How many.
    pub page_size: i32,
    /// Where to go on.
    pub page_token: String,
    /// Only with this responsible employee.
    pub responsible: Option<UserId>,
    /// Only changed then or later.
    pub since: Option<OffsetDateTime>,
    /// Only those that have this, one at most.
    pub having: Vec<Lookup>,
    /// Only in this pipeline.
    pub pipeline: Option<PipelineId>,
    /// Only on this stage.
    pub stage: Option<StageId>,
    /// Only on stages that are not final.
    pub open_only: bool,
}

impl Wish {
    /// What every list has.
    pub fn new(
        method: &'static str,
        fields: &mut Fields,
        page: (i32, String),
        responsible: &str,
        since: Option<&Timestamp>,
    ) -> Self {
        Self {
            method,
            page_size: page.0,
            page_token: page.1,
            responsible: fields.optional_id("responsible_user_id", responsible),
            since: wire::time(fields, "changed_since", since),
            ..Self::default()
        }
    }

    /// Refuses two questions at once.
    pub fn check(&self, fields: &mut Fields) {
        if let [_, second, ..] = &self.having[..] {
            fields.reject(
                second.field(),
                "cannot be combined with another such filter: give one of them",
            );
        }
    }

    fn narrows_stages(&self) -> bool {
        self.pipeline.is_some() || self.stage.is_some() || self.open_only
    }

    /// The stages that are asked for; `None` for any.
    fn stages(&self, pipelines: &[Pipeline]) -> Option<Vec<StageId>> {
        let of = pipelines
            .iter()
            .filter(|pipeline| self.pipeline.is_none_or(|id| id == pipeline.id));
        let wanted = of
            .flat_map(|pipeline| &pipeline.stages)
            .filter(|stage| self.stage.is_none_or(|id| id == stage.id))
            .filter(|stage| !(self.open_only && stage.kind.is_final()));
        self.narrows_stages()
            .then(|| wanted.map(|stage| stage.id).collect())
    }

    /// To what a page token is bound.
    fn filters(&self) -> impl Serialize + use<> {
        let since = self.since.map(OffsetDateTime::unix_timestamp_nanos);
        let having = format!("{:?}", self.having);
        (
            self.responsible,
            since,
            having,
            self.pipeline,
            self.stage,
            self.open_only,
        )
    }

    /// Nobody finds out by a filter what they may not read.
    fn check_readable(&self, by: &By, kind: Kind) -> Result<(), Error> {
        let by_responsible = self.responsible.is_some().then_some("responsible_user_id");
        let by_stage = self.narrows_stages().then_some("stage_id");
        let by_pipeline = self.pipeline.is_some().then_some("pipeline_id");
        // The main contact is one of the contacts.
        let by_contact = self.having.iter().map(Lookup::field);
        let by_contact = by_contact.filter(|field| *field == "contact_ids");
        let asked = self
            .having
            .iter()
            .map(Lookup::field)
            .chain(by_contact.map(|_| "main_contact_id"))
            .chain(by_responsible)
            .chain(by_pipeline)
            .chain(by_stage);
        match asked
            .into_iter()
            .find(|field| !by.viewer.reads_field(kind, field))
        {
            Some(field) => Err(Error::FieldHidden(field.into())),
            None => Ok(()),
        }
    }
}

/// A page, and where the next one begins.
pub async fn list<S: Shape>(
    core: &Core,
    caller: &Caller,
    wish: Wish,
) -> Result<(Vec<S>, String), Error> {
    let account = caller.scope()?.account();
    let size = page_size(wish.page_size, PAGE.0, PAGE.1)?;
    let place = PageToken {
        method: wish.method,
        account,
    };
    let (filters, method) = (wish.filters(), wish.method);
    let after: Option<Key> = place.decode(&filters, &wish.page_token)?;
    let (found, viewer) = core
        .read(caller, move |tx, by| {
            Box::pin(async move {
                wish.check_readable(&by, S::KIND)?;
                let found = found(tx, &by, S::KIND, &wish, after, size + 1).await?;
                Ok((found, by.viewer))
            })
        })
        .await?;
    let page = page(found, size, (method, account), &filters, Key::after);
    let cards = page.items.iter().map(|card| shown(card, &viewer)).collect();
    Ok((cards, page.next))
}

async fn found(
    tx: &mut Tx,
    by: &By,
    kind: Kind,
    wish: &Wish,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Card>, Error> {
    let all = match kind {
        Kind::Deal => pipelines::all(tx, by.account).await?,
        Kind::Contact | Kind::Company | Kind::Customer => Vec::new(),
    };
    let wanted = Wanted {
        responsible: wish.responsible,
        stages: wish.stages(&all),
    };
    if let Some(having) = wish.having.first() {
        return looked_up(tx, by, kind, (having, &wanted, wish.since), after, limit).await;
    }
    let stages: Vec<_> = all
        .iter()
        .flat_map(|pipeline| &pipeline.stages)
        .map(|stage| stage.id)
        .collect();
    let query = Query {
        kind,
        reach: Reach::of(&by.viewer, kind, &wanted, &stages),
        viewer: by.viewer.user(),
        responsible: wish.responsible,
        since: wish.since,
        after,
        limit,
    };
    Ok(list_by_rights(tx, by.account, &query).await?)
}

/// By what belongs to the cards: few have it, so the rights and the other filters are asked of each.
async fn looked_up(
    tx: &mut Tx,
    by: &By,
    kind: Kind,
    (having, wanted, since): (&Lookup, &Wanted, Option<OffsetDateTime>),
    mut after: Option<Key>,
    limit: i64,
) -> Result<Vec<Card>, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_wanted = |card: &Card| {
        wanted
            .responsible
            .is_none_or(|user| user == card.responsible)
            && wanted
                .stages
                .as_ref()
                .is_none_or(|stages| card.stage().is_some_and(|stage| stages.contains(&stage)))
            && since.is_none_or(|since| card.update_time >= since)
            && by.viewer.may(Action::View, card)
    };
    let mut found = Vec::new();
    loop {
        let some = lookup(tx, by.account, kind, having, after, LOOK).await?;
        let Some(last) = some.last() else {
            return Ok(found);
        };
        after = Some(Key::after(last));
        found.extend(some.into_iter().filter(is_wanted));
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}
