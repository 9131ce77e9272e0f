//! RegisterConnector.

use api::connector::v1::{
    self as proto, ConnectorManifest, RegisterConnectorRequest, RegisterConnectorResponse,
};
use api::conversations::v1::AttachmentKind;
use auth::Caller;
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;

use super::{Hub, rows_of};
use crate::domain::attachment::{MAX_SIZE, MediaRule};
use crate::domain::client::ClientAddress;
use crate::domain::settings::Schema;
use crate::grpc::connection::connector_key;
use crate::store::connections::{self, Manifest, SendRate};
use crate::wire;

/// What 0 means.
const USUAL_TEXT_LENGTH: i32 = 4_096;

/// The fastest that messages are given out.
const MOST_A_MINUTE: i32 = 600_000;
const MOST_AT_ONCE: i32 = 10_000;

/// Types in a rule, and hosts, at most.
const MEDIA_TYPES: usize = 30;
const HOSTS: usize = 20;

pub(super) async fn register(
    hub: &Hub,
    request: Request<RegisterConnectorRequest>,
) -> Result<RegisterConnectorResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let ConnectorManifest {
        key,
        title,
        max_text_length,
        reports_read,
        media,
        media_hosts,
        reply_window_seconds,
        settings_schema,
        client_address,
        send_rate,
    } = request.into_inner().manifest.unwrap_or_default();
    let connector = caller.connector(&key)?;
    let mut fields = Fields::new();
    connector_key(&mut fields, "manifest.key", &key);
    let title = fields.line("manifest.title", &title, 1..=200);
    if max_text_length < 0 {
        fields.reject("manifest.max_text_length", "must not be negative");
    }
    let media = media_rules(&mut fields, &media);
    check_hosts(&mut fields, &media_hosts);
    if reply_window_seconds < 0 {
        fields.reject("manifest.reply_window_seconds", "must not be negative");
    }
    if let Err(problem) = Schema::parse(&settings_schema) {
        fields.reject("manifest.settings_schema", problem);
    }
    let client_address = match fields.known("manifest.client_address", client_address) {
        Some(proto::ClientAddress::Phone) => Some(ClientAddress::Phone),
        Some(proto::ClientAddress::MessengerId) => Some(ClientAddress::MessengerId),
        Some(proto::ClientAddress::Unspecified) | None => None,
    };
    let send_rate = send_rate.map(|rate| rate_of(&mut fields, rate));
    fields.finish()?;
    let max_text_length = if max_text_length == 0 {
        USUAL_TEXT_LENGTH
    } else {
        max_text_length
    };
    let manifest = Manifest {
        title,
        max_text_length,
        reports_read,
        media,
        media_hosts,
        reply_window_seconds,
        settings_schema,
        client_address,
        send_rate,
    };
    let rows = rows_of(&connector, "register a connector");
    let registered = hub.db.tx(rows, move |tx| {
        Box::pin(async move { connections::register(tx, &connector, &manifest).await })
    });
    registered.await.map_err(Refusal::from)?;
    Ok(RegisterConnectorResponse {})
}

fn rate_of(fields: &mut Fields, given: proto::SendRate) -> SendRate {
    let proto::SendRate { per_minute, burst } = given;
    if !(1..=MOST_A_MINUTE).contains(&per_minute) {
        let range = format!("must be 1 to {MOST_A_MINUTE}");
        fields.reject("manifest.send_rate.per_minute", range);
    }
    if !(0..=MOST_AT_ONCE).contains(&burst) {
        let range = format!("must be 0 to {MOST_AT_ONCE}");
        fields.reject("manifest.send_rate.burst", range);
    }
    SendRate {
        per_minute,
        burst: (burst > 0).then_some(burst),
    }
}

fn media_rules(fields: &mut Fields, given: &[proto::MediaRule]) -> Vec<MediaRule> {
    let mut rules: Vec<MediaRule> = Vec::with_capacity(given.len());
    for rule in given {
        let said: Option<AttachmentKind> = fields.known("manifest.media.kind", rule.kind);
        let kind = said.and_then(wire::to_kind);
        let Some(kind) = kind.filter(|kind| rules.iter().all(|other| other.kind != *kind)) else {
            fields.reject("manifest.media.kind", "must be given, each kind once");
            continue;
        };
        if rule.max_size < 0 {
            fields.reject("manifest.media.max_size", "must not be negative");
        }
        if rule.media_types.len() > MEDIA_TYPES {
            fields.reject(
                "manifest.media.media_types",
                format!("must be at most {MEDIA_TYPES}"),
            );
        }
        for media_type in &rule.media_types {
            fields.key("manifest.media.media_types", media_type, 3..=100);
        }
        let max_size = match rule.max_size.unsigned_abs() {
            0 => MAX_SIZE,
            less => less.min(MAX_SIZE),
        };
        rules.push(MediaRule {
            kind,
            max_size,
            media_types: rule.media_types.clone(),
        });
    }
    rules
}

/// A host is a name with a dot in it: neither an address nor a name of the inner network, and no port.
fn check_hosts(fields: &mut Fields, hosts: &[String]) {
    if hosts.len() > HOSTS {
        fields.reject("manifest.media_hosts", format!("must be at most {HOSTS}"));
    }
    for host in hosts {
        if !is_host(host) {
            fields.reject(
                "manifest.media_hosts",
                "must be names such as media.example.com or *.example.com, in lower case",
            );
        }
    }
}

fn is_host(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_label = |label: &str| {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(plain)
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(is_label)
        && last.bytes().any(|c| c.is_ascii_lowercase())
}
