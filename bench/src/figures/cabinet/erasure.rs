//! Erasing a client with many messages, from the confirmation to the receipt: every store erased and looked through.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use api::cabinet::v1::cabinet_erasure_service_client::CabinetErasureServiceClient;
use api::cabinet::v1::{ConfirmErasureRequest, RequestErasureRequest};
use api::connector::v1::channel_event::Event;
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::{ChannelEvent, IncomingMessage};
use types::{Clock, ErasureId};

use super::{Cabinet, goal};
use crate::figures::ingest::publish;
use crate::report::Report;
use crate::stand::with;

const NAME: &str = "Vera Forgetmenot";

/// Nobody waits longer.
const LIMIT: Duration = Duration::from_secs(600);

/// Measures it.
pub async fn measure(cabinet: &Cabinet<'_>, report: &mut Report) -> Result<()> {
    let mut times = Vec::new();
    for run in 0..cabinet.options.runs {
        let phone = format!("+79990001{run:03}");
        cabinet.contact(NAME, &phone).await?;
        write(cabinet, &phone).await?;
        cabinet.stand.analyze().await?;
        let begin = Instant::now();
        let id = erase(cabinet, &phone).await?;
        until_done(cabinet, id, begin).await?;
        times.push(begin.elapsed().as_secs_f64());
    }
    let what = format!(
        "erasure of a client with {} messages",
        cabinet.options.erased
    );
    report.add(goal("≤ 60"), &what, "s", &times);
    Ok(())
}

/// Messages of the client, each tenth of them with their name or number.
async fn write(cabinet: &Cabinet<'_>, phone: &str) -> Result<()> {
    let connection = cabinet.stand.connections(1).await?.remove(0);
    let hub = ConnectorHubServiceClient::new(cabinet.stand.connector("conversations")?);
    let numbers: Vec<u64> = (0..cabinet.options.erased).collect();
    for batch in numbers.chunks(100) {
        let events = batch.iter().map(|number| ChannelEvent {
            connection_id: connection.to_string(),
            external_event_id: format!("{connection} {number}"),
            external_chat_id: format!("chat of {phone}"),
            event: Some(Event::Message(IncomingMessage {
                text: match number % 10 {
                    0 => format!("This is {NAME}, call me at {phone}, please ({number})"),
                    _ => format!("When will the windows be ready? ({number})"),
                },
                sender_name: NAME.to_owned(),
                ..IncomingMessage::default()
            })),
            ..ChannelEvent::default()
        });
        publish(&hub, events.collect()).await?;
    }
    Ok(())
}

async fn erase(cabinet: &Cabinet<'_>, phone: &str) -> Result<ErasureId> {
    let session = cabinet.log_in(phone).await?;
    let mut client = CabinetErasureServiceClient::new(cabinet.channel.clone());
    let before = cabinet.sms.count(phone);
    let request = RequestErasureRequest { confirmed: true };
    let asked = client.request_erasure(with(&session, request)).await?;
    let request = ConfirmErasureRequest {
        request_token: asked.into_inner().request_token,
        code: cabinet.sms.code(phone, before).await?,
    };
    let begun = client.confirm_erasure(with(&session, request)).await?;
    Ok(begun.into_inner().erasure_id.parse()?)
}

async fn until_done(cabinet: &Cabinet<'_>, id: ErasureId, begin: Instant) -> Result<()> {
    let mut owner = cabinet.owner().await?;
    loop {
        let (stage, error): (i16, String) =
            sqlx::query_as("SELECT stage, error FROM cabinet.erasures WHERE id = $1")
                .bind(id.uuid())
                .fetch_one(&mut owner)
                .await?;
        if stage == 4 {
            return Ok(());
        }
        ensure!(begin.elapsed() < LIMIT, "the erasure is not over: {error}");
        Clock::system().sleep(Duration::from_millis(20)).await;
    }
}
