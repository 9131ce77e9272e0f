//! Logging in, and what the page needs at once.

use std::time::{Duration, Instant};

use anyhow::Result;
use api::cabinet::v1::cabinet_service_client::CabinetServiceClient;
use api::cabinet::v1::{GetHomeRequest, ListDealEventsRequest};
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::crm::v1::{CreateDealRequest, CreatePipelineRequest, Deal, Pipeline};
use types::{DealId, TimelineEntryId};

use super::{Cabinet, goal};
use crate::load::{histogram, micros};
use crate::report::Report;
use crate::stand::with;

/// From asking for a code to the session, with a provider that takes 50 ms.
pub async fn log_in(cabinet: &Cabinet<'_>, report: &mut Report) -> Result<()> {
    let phone = "+79990000001";
    cabinet.contact("Anna Client", phone).await?;
    // The first makes connections and caches.
    cabinet.log_in(phone).await?;
    let (mut medians, mut slow) = (Vec::new(), Vec::new());
    for _ in 0..cabinet.options.runs {
        let (mut latency, begin) = (histogram()?, Instant::now());
        while begin.elapsed() < Duration::from_secs(cabinet.options.seconds) {
            let start = Instant::now();
            cabinet.log_in(phone).await?;
            latency.record(micros(start.elapsed()))?;
        }
        medians.push(latency.value_at_quantile(0.5) as f64 / 1_000.0);
        slow.push(latency.value_at_quantile(0.99) as f64 / 1_000.0);
    }
    let what = "log-in by a code, of it 50 ms the provider's";
    report.add(goal("–"), &format!("{what}, p50"), "ms", &medians);
    report.add(goal("–"), &format!("{what}, p99"), "ms", &slow);
    Ok(())
}

/// The page of a client with many deals, and the events of the one that has most.
pub async fn home(cabinet: &Cabinet<'_>, report: &mut Report) -> Result<()> {
    let phone = "+79990000002";
    let contact = cabinet.contact("Boris Client", phone).await?;
    let deal = deals(cabinet, &contact).await?;
    events(cabinet, deal).await?;
    cabinet.stand.analyze().await?;
    let session = cabinet.log_in(phone).await?;
    let client =
        CabinetServiceClient::new(cabinet.channel.clone()).max_decoding_message_size(16 << 20);
    let listed = ListDealEventsRequest {
        deal_id: deal.to_string(),
        page_size: 20,
        ..ListDealEventsRequest::default()
    };
    let (mut pages, mut lists) = (Vec::new(), Vec::new());
    for _ in 0..cabinet.options.runs {
        let (mut page, mut list, begin) = (histogram()?, histogram()?, Instant::now());
        while begin.elapsed() < Duration::from_secs(cabinet.options.seconds) {
            let start = Instant::now();
            client
                .clone()
                .get_home(with(&session, GetHomeRequest {}))
                .await?;
            page.record(micros(start.elapsed()))?;
            let start = Instant::now();
            client
                .clone()
                .list_deal_events(with(&session, listed.clone()))
                .await?;
            list.record(micros(start.elapsed()))?;
        }
        pages.push(page);
        lists.push(list);
    }
    let (deals, events) = (cabinet.options.deals, cabinet.options.events);
    for (what, runs) in [
        (format!("home page with {deals} deals"), &pages),
        (format!("20 of {events} events of a deal"), &lists),
    ] {
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
            let at =
                |it: &hdrhistogram::Histogram<u64>| it.value_at_quantile(quantile) as f64 / 1_000.0;
            let values: Vec<f64> = runs.iter().map(at).collect();
            report.add(goal("–"), &format!("{what}, {name}"), "ms", &values);
        }
    }
    Ok(())
}

/// Deals of a contact; one of them.
async fn deals(cabinet: &Cabinet<'_>, contact: &str) -> Result<DealId> {
    let channel = cabinet.stand.channel("crm")?;
    let request = CreatePipelineRequest {
        pipeline: Some(Pipeline {
            name: "Sales".to_owned(),
            ..Pipeline::default()
        }),
        ..CreatePipelineRequest::default()
    };
    PipelineServiceClient::new(channel.clone())
        .create_pipeline(with(&cabinet.admin, request))
        .await?;
    let mut id = String::new();
    for number in 0..cabinet.options.deals.max(1) {
        let request = CreateDealRequest {
            deal: Some(Deal {
                name: format!("Deal {number}"),
                main_contact_id: contact.to_owned(),
                ..Deal::default()
            }),
            ..CreateDealRequest::default()
        };
        let made = DealServiceClient::new(channel.clone())
            .create_deal(with(&cabinet.admin, request))
            .await?;
        id = made.into_inner().deal.unwrap_or_default().id;
    }
    Ok(id.parse()?)
}

/// Events of a deal that are shown, as the owner of the tables: only reading them is measured.
async fn events(cabinet: &Cabinet<'_>, deal: DealId) -> Result<()> {
    let ids = (0..cabinet.options.events).map(|_| TimelineEntryId::generate().uuid());
    sqlx::query(
        "INSERT INTO crm.timeline (account_id, card_id, entry_id, kind, author_id, author_name, field, before, after, create_time)
         SELECT $1, $2, id, 1, 'user', 'Anna', '', NULL, '\"Deal\"', now() FROM unnest($3::uuid[]) AS n (id)",
    )
    .bind(cabinet.stand.account.uuid())
    .bind(deal.uuid())
    .bind(ids.collect::<Vec<_>>())
    .execute(&mut cabinet.owner().await?)
    .await?;
    Ok(())
}
