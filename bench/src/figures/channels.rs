//! Channels: what a connector adds to the way of a message, in both directions. Measured on WhatsApp's, whose calls come through the
//! gateway; WhatsApp itself is a double in this process.

mod provider;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    Connection, CreateConnectionRequest, ListConversationsRequest, SendMessageRequest,
};
use futures::StreamExt;
use futures::stream;
use serde_json::json;
use tonic::metadata::{Ascii, MetadataValue};
use types::Clock;

use crate::load;
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Service, Stand, with};
use crate::{Options, figures};
use provider::{ACCOUNT, NUMBER, SECRET, SIGNATURE, Stopwatch};

/// Chats that are active in the figure of memory.
const CHATS: u64 = 10_000;

/// Webhooks a second while the way of each is measured.
const INBOUND: f64 = 100.0;

/// Messages a second to the provider: a quarter of what the connector lets a number send.
const OUTBOUND: f64 = 20.0;

const GOAL: Goal = Goal {
    id: "ch",
    floor: "–",
    target: "–",
};

/// Measures it.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    let sent = Stopwatch::new()?;
    let api = provider::start(Arc::clone(&sent)).await?;
    let settings = [
        ("BESEDA_WHATSAPP_API_URL", &api[..]),
        ("BESEDA_WHATSAPP_MEDIA_HOSTS", "127.0.0.1"),
    ];
    let connector = stand.launch("connector-whatsapp", &settings)?;
    let gateway = stand.launch("gateway", &[("BESEDA_WHATSAPP_URL", &connector.url)]);
    let outcome = match &gateway {
        Ok(gateway) => measure_between(options, stand, (&connector, gateway), &sent, report).await,
        Err(_) => Ok(()),
    };
    connector.stop();
    gateway?.stop();
    outcome
}

async fn measure_between(
    options: &Options,
    stand: &Stand,
    (connector, gateway): (&Service, &Service),
    sent: &Arc<Stopwatch>,
    report: &mut Report,
) -> Result<()> {
    let authorization = stand.authorization(EMAIL).await?;
    let connection = connect(stand, &authorization).await?;
    // Nothing here is called over TLS; a client is not made without a provider of it.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let phones = Phones {
        http: reqwest::Client::builder().build()?,
        url: format!("{}/hooks/whatsapp/{connection}", gateway.url),
    };
    phones.until_open().await?;
    let time = Duration::from_secs(options.seconds);
    let idle = connector.memory()?;
    rates(options, &phones, time, report).await?;
    inbound(stand, &authorization, &phones, time, report).await?;
    outbound(stand, &authorization, sent, time, report).await?;
    memory(connector, idle, &phones, report).await
}

/// A connection of the number, once the connector is known.
async fn connect(stand: &Stand, authorization: &MetadataValue<Ascii>) -> Result<String> {
    let settings = json!({"phone_number_id": NUMBER, "business_account_id": ACCOUNT, "token": "EAAJB0dC4VjsBO7ZBbench",
        "app_secret": SECRET, "verify_token": "our-word", "number_check": "none"});
    let settings = settings.as_object().cloned().unwrap_or_default();
    let request = CreateConnectionRequest {
        connection: Some(Connection {
            connector_key: "whatsapp".to_owned(),
            title: "WhatsApp".to_owned(),
            external_id: NUMBER.to_owned(),
            enabled: true,
            settings: Some(kit::json::to_struct(settings)),
            ..Connection::default()
        }),
        ..CreateConnectionRequest::default()
    };
    let mut connections = ConnectionServiceClient::new(stand.channel("conversations")?);
    let mut last = None;
    for _ in 0..100 {
        match connections
            .create_connection(with(authorization, request.clone()))
            .await
        {
            Ok(reply) => return Ok(reply.into_inner().connection.unwrap_or_default().id),
            Err(status) => last = Some(status),
        }
        Clock::system().sleep(Duration::from_millis(100)).await;
    }
    Err(last.context("no try")?.into())
}

/// Clients who write, by WhatsApp's calls.
#[derive(Clone)]
struct Phones {
    http: reqwest::Client,
    url: String,
}

impl Phones {
    /// A client writes.
    async fn write(&self, chat: u64, id: &str, text: &str) -> Result<u64> {
        let status = self
            .call(provider::told(&format!("7999{chat:08}"), id, text))
            .await?;
        ensure!(status == 200, "a call was answered with {status}");
        Ok(1)
    }

    async fn call(&self, body: Vec<u8>) -> Result<u16> {
        let request = self
            .http
            .post(&self.url)
            .header(SIGNATURE, provider::sign(&body));
        Ok(request.body(body).send().await?.status().as_u16())
    }

    /// Waits until the number works.
    async fn until_open(&self) -> Result<()> {
        for _ in 0..200 {
            if self.write(0, "wamid.first", "first").await.is_ok() {
                return Ok(());
            }
            Clock::system().sleep(Duration::from_millis(50)).await;
        }
        self.write(0, "wamid.first", "first").await.map(drop)
    }
}

/// Webhooks a second, each stored when it is answered, and those of a handler that only checks the signature.
async fn rates(
    options: &Options,
    phones: &Phones,
    time: Duration,
    report: &mut Report,
) -> Result<()> {
    let bare = Phones {
        url: provider::bare().await?,
        ..phones.clone()
    };
    let (mut bares, mut stored, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..options.runs {
        let (least, whole) = (bare.clone(), phones.clone());
        let text = move |client, n| format!("rate {run} {client} {n}");
        let of_bare = load::closed(16, time, move |client, n| {
            let phones = least.clone();
            async move { phones.write(client as u64, &text(client, n), "hello").await }
        });
        let of_bare = of_bare.await?;
        let of_whole = load::closed(16, time, move |client, n| {
            let phones = whole.clone();
            async move { phones.write(client as u64, &text(client, n), "hello").await }
        });
        let of_whole = of_whole.await?;
        bares.push(of_bare.rate);
        stored.push(of_whole.rate);
        ratios.push(of_whole.rate / of_bare.rate);
    }
    report.add(
        GOAL,
        "handler that checks the signature and does nothing",
        "/s",
        &bares,
    );
    report.add(
        GOAL,
        "webhooks through gateway and connector, each stored",
        "/s",
        &stored,
    );
    report.add(GOAL, "the same against the bare handler", "×", &ratios);
    Ok(())
}

/// From WhatsApp's call to the live stream of an employee.
async fn inbound(
    stand: &Stand,
    authorization: &MetadataValue<Ascii>,
    phones: &Phones,
    time: Duration,
    report: &mut Report,
) -> Result<()> {
    let seen = Stopwatch::new()?;
    let mut stream =
        figures::streams::watch(stand.channel("conversations")?, authorization.clone()).await?;
    let watching = Arc::clone(&seen);
    let watch = load::spawn(async move {
        while let Ok(Some(step)) = stream.message().await {
            if let Some(Event::Change(change)) = step.event {
                watching.end(&change.message.unwrap_or_default().text);
            }
        }
    });
    let (phones, begun) = (phones.clone(), Arc::clone(&seen));
    let brought = load::open(INBOUND, time, move |n| {
        let (phones, begun) = (phones.clone(), Arc::clone(&begun));
        async move {
            let text = format!("inbound {n}");
            begun.begin(&text);
            phones.write(n % 500, &text, &text).await.map(drop)
        }
    });
    brought.await?;
    let (median, slow) = seen.percentiles().await?;
    watch.abort();
    report.add(GOAL, "webhook to live stream, p50", "ms", &[median]);
    report.add(GOAL, "webhook to live stream, p99", "ms", &[slow]);
    Ok(())
}

/// From an employee's call to WhatsApp.
async fn outbound(
    stand: &Stand,
    authorization: &MetadataValue<Ascii>,
    sent: &Arc<Stopwatch>,
    time: Duration,
    report: &mut Report,
) -> Result<()> {
    let channel = stand.channel("conversations")?;
    let request = ListConversationsRequest {
        page_size: 200,
        ..ListConversationsRequest::default()
    };
    let mut inbox = InboxServiceClient::new(channel.clone());
    let page = inbox.list_conversations(with(authorization, request));
    let conversations = page.await?.into_inner().conversations.into_iter();
    let conversations: Arc<[String]> = conversations
        .filter(|it| it.channel == "whatsapp")
        .map(|it| it.id)
        .collect();
    ensure!(!conversations.is_empty(), "there is nobody to answer");
    let (authorization, begun) = (authorization.clone(), Arc::clone(sent));
    let answered = load::open(OUTBOUND, time, move |n| {
        let request = SendMessageRequest {
            conversation_id: conversations[n as usize % conversations.len()].clone(),
            text: format!("outbound {n}"),
            ..SendMessageRequest::default()
        };
        let (mut client, begun) = (
            ConversationServiceClient::new(channel.clone()),
            Arc::clone(&begun),
        );
        let authorization = authorization.clone();
        async move {
            begun.begin(&request.text);
            client.send_message(with(&authorization, request)).await?;
            Ok(())
        }
    });
    answered.await?;
    let (median, slow) = sent.percentiles().await?;
    report.add(GOAL, "answer to WhatsApp, p50", "ms", &[median]);
    report.add(GOAL, "answer to WhatsApp, p99", "ms", &[slow]);
    Ok(())
}

/// What the connector weighs after messages of 10,000 chats.
async fn memory(
    connector: &Service,
    idle: u64,
    phones: &Phones,
    report: &mut Report,
) -> Result<()> {
    let brought = stream::iter(0..CHATS).map(|chat| async move {
        let id = format!("memory {chat}");
        phones.write(chat, &id, "hello").await
    });
    let brought: Vec<Result<u64>> = brought.buffer_unordered(32).collect().await;
    brought.into_iter().collect::<Result<Vec<_>>>()?;
    report.add(
        GOAL,
        "connector after its first message",
        "MB",
        &[idle as f64 / 1e6],
    );
    let loaded = connector.memory()? as f64 / 1e6;
    report.add(
        GOAL,
        "connector after messages of 10,000 chats",
        "MB",
        &[loaded],
    );
    Ok(())
}
