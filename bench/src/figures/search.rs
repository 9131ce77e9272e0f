//! P14: search in messages: by words and by parts of words, in a large index and one of a tenth; how late the index is, and whether
//! anything is missing from what it finds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::{ChannelEvent, IncomingMessage, channel_event};
use api::conversations::v1::search_service_client::SearchServiceClient;
use api::conversations::v1::{SearchMatch, SearchMessagesRequest, SearchMessagesResponse};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use super::ingest::{Spread, publish};
use crate::Options;
use crate::dataset::words::{VOCABULARY, Words};
use crate::dice::Dice;
use crate::load::{self, histogram, micros};
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Stand, with};

/// Different things that are looked for.
const QUERIES: usize = 200;
/// Messages that are written, one after the other, to see when each is found.
const WRITTEN: u64 = 50;
/// Parts of words whose finds are compared with a reading of all rows.
const COMPARED: usize = 10;

/// What is looked for.
#[derive(Clone)]
pub struct Queries {
    words: Arc<Vec<String>>,
    parts: Arc<Vec<String>>,
}

impl Queries {
    /// Words that are neither in every tenth message nor in none, and parts of 3 to 6 characters of them.
    pub fn new() -> Self {
        let (vocabulary, mut dice) = (Words::new(), Dice::new(0x5EA7C4));
        let mut word = || loop {
            let number = 100 + dice.roll(VOCABULARY / 4);
            let word = vocabulary.word(number);
            if word.chars().count() >= 5 {
                return word.to_owned();
            }
        };
        let words: Vec<String> = (0..QUERIES).map(|_| word()).collect();
        let parts = words.iter().enumerate().map(|(place, word)| {
            let part = word.chars().skip(1).take(3 + place % 4);
            part.collect::<String>()
        });
        Self {
            parts: Arc::new(parts.filter(|part| part.chars().count() >= 3).collect()),
            words: Arc::new(words),
        }
    }

    fn of(&self, kind: SearchMatch) -> &Arc<Vec<String>> {
        match kind {
            SearchMatch::Substring => &self.parts,
            SearchMatch::Unspecified | SearchMatch::Words => &self.words,
        }
    }
}

/// p95 of a page of hits in each run, in milliseconds.
#[derive(Debug, Default)]
pub struct Readings {
    words: Vec<f64>,
    parts: Vec<f64>,
}

async fn find(
    channel: &Channel,
    authorization: &MetadataValue<Ascii>,
    kind: SearchMatch,
    query: &str,
    token: &str,
) -> Result<SearchMessagesResponse> {
    let request = SearchMessagesRequest {
        query: query.to_owned(),
        r#match: kind.into(),
        page_size: 20,
        page_token: token.to_owned(),
    };
    let reply = SearchServiceClient::new(channel.clone())
        .search_messages(with(authorization, request))
        .await?;
    Ok(reply.into_inner())
}

/// Reads on a data set.
pub async fn read(options: &Options, stand: &Stand) -> Result<Readings> {
    let authorization = stand.authorization(EMAIL).await?;
    let channel = stand.channel("conversations")?;
    let time = Duration::from_secs(options.seconds);
    let queries = Queries::new();
    let mut readings = Readings::default();
    for _ in 0..options.runs {
        for kind in [SearchMatch::Words, SearchMatch::Substring] {
            let texts = Arc::clone(queries.of(kind));
            let (channel, authorization) = (channel.clone(), authorization.clone());
            let measured = load::closed(1, time, move |_, n| {
                let text = texts[usize::try_from(n).unwrap_or_default() % texts.len()].clone();
                let (channel, authorization) = (channel.clone(), authorization.clone());
                async move {
                    find(&channel, &authorization, kind, &text, "").await?;
                    Ok(1)
                }
            });
            let p95 = measured.await?.percentile(95.0);
            match kind {
                SearchMatch::Substring => readings.parts.push(p95),
                SearchMatch::Unspecified | SearchMatch::Words => readings.words.push(p95),
            }
        }
    }
    Ok(readings)
}

/// Reports P14.
pub async fn measure(
    stand: &Stand,
    small: &Readings,
    large: &Readings,
    report: &mut Report,
) -> Result<()> {
    let goal = |floor, target| Goal {
        id: "P14",
        floor,
        target,
    };
    let ratio = |small: &[f64], large: &[f64]| -> Vec<f64> {
        let pairs = small.iter().zip(large);
        pairs.map(|(small, large)| large / small).collect()
    };
    report.add(
        goal("–", "≤ 20"),
        "search by words, p95",
        "ms",
        &large.words,
    );
    report.add(
        goal("–", "≤ 60"),
        "search by parts of words, p95",
        "ms",
        &large.parts,
    );
    report.add(
        goal("–", "≤ 3"),
        "search by words, p95, large data set ÷ a tenth of it",
        "×",
        &ratio(&small.words, &large.words),
    );
    report.add(
        goal("–", "≤ 3"),
        "search by parts, p95, large data set ÷ a tenth of it",
        "×",
        &ratio(&small.parts, &large.parts),
    );
    let lag = lag(stand).await?;
    report.add(
        goal("–", "≤ 2000"),
        "acknowledged → found, p99",
        "ms",
        &[lag],
    );
    let recall = recall(stand).await?;
    report.add(
        goal("–", "100"),
        "found of what a reading of all rows finds",
        "%",
        &[recall],
    );
    Ok(())
}

/// From the acknowledgement of a message to its being found, p99 in milliseconds.
async fn lag(stand: &Stand) -> Result<f64> {
    let authorization = stand.authorization(EMAIL).await?;
    let channel = stand.channel("conversations")?;
    let hub = ConnectorHubServiceClient::new(stand.connector("conversations")?);
    let label = types::ChatId::generate().uuid().simple().to_string();
    let spread = Spread {
        connections: Arc::new(stand.connections(1).await?),
        chats: 10,
        label: format!("p14-{label}"),
    };
    let mut lag = histogram()?;
    for n in 0..WRITTEN {
        let word = format!("w{label}{n}");
        let message = IncomingMessage {
            text: word.clone(),
            sender_name: "Client".to_owned(),
            ..IncomingMessage::default()
        };
        let event = ChannelEvent {
            event: Some(channel_event::Event::Message(message)),
            ..spread.event(0, n)
        };
        publish(&hub, vec![event]).await?;
        let acknowledged = Instant::now();
        loop {
            let found = find(&channel, &authorization, SearchMatch::Words, &word, "").await?;
            if !found.hits.is_empty() {
                break;
            }
            ensure!(
                acknowledged.elapsed() < Duration::from_secs(30),
                "a message is not found"
            );
        }
        lag.record(micros(acknowledged.elapsed()))?;
    }
    Ok(lag.value_at_quantile(0.99) as f64 / 1e3)
}

/// How much of what is there is found, in percent. What the texts are made of is in small letters and without accents but "ción".
async fn recall(stand: &Stand) -> Result<f64> {
    let authorization = stand.authorization(EMAIL).await?;
    let channel = stand.channel("conversations")?;
    let mut owner = PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?;
    let queries = Queries::new();
    let plain = queries.parts.iter().filter(|part| !part.contains('ó'));
    let (mut wanted, mut found) = (0, 0);
    for part in plain.take(COMPARED) {
        wanted += sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM (SELECT FROM conversations.messages
              WHERE account_id = $1 AND text LIKE '%' || $2 || '%' LIMIT 1000) f",
        )
        .bind(stand.account.uuid())
        .bind(part)
        .fetch_one(&mut owner)
        .await?;
        found += hits(&channel, &authorization, part, 1_000).await?;
    }
    ensure!(wanted > 0, "nothing to be found");
    Ok(found as f64 * 100.0 / wanted as f64)
}

/// How many hits there are, up to `most`.
async fn hits(
    channel: &Channel,
    authorization: &MetadataValue<Ascii>,
    part: &str,
    most: i64,
) -> Result<i64> {
    let (mut count, mut token) = (0, String::new());
    loop {
        let page = find(channel, authorization, SearchMatch::Substring, part, &token).await?;
        count += i64::try_from(page.hits.len()).context("a page")?;
        token = page.next_page_token;
        if token.is_empty() || count >= most {
            return Ok(count.min(most));
        }
    }
}
