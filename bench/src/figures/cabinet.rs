//! The client's cabinet: logging in, the page, erasing, and two attacks (S7: who is a client; S8: SMS at the company's cost).
//!
//! The provider of SMS is a double in this process that answers in 50 ms.

mod attack;
mod client;
mod erasure;
mod guess;
mod page;
mod provider;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use api::cabinet::v1::cabinet_settings_service_client::CabinetSettingsServiceClient;
use api::cabinet::v1::sms_service_client::SmsServiceClient;
use api::cabinet::v1::{
    CabinetEventKind, CabinetSettings, CreateSmsProviderRequest, SmsProvider,
    UpdateCabinetSettingsRequest,
};
use prost_types::FieldMask;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use types::Clock;

use crate::Options;
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Service, Stand, with};
use provider::Provider;

const CHANGED: [&str; 4] = [
    "enabled",
    "shown_events",
    "erasure_enabled",
    "sms_provider_ids",
];

/// A goal of the cabinet.
fn goal(target: &'static str) -> Goal {
    Goal {
        id: "cab",
        floor: "–",
        target,
    }
}

/// A running cabinet, as its clients and administrators reach it.
struct Cabinet<'a> {
    stand: &'a Stand,
    options: &'a Options,
    /// The service.
    channel: Channel,
    /// An administrator.
    admin: MetadataValue<Ascii>,
    /// Its id.
    id: String,
    sms: Arc<Provider>,
}

/// Measures it.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    let sms = Provider::start().await?;
    let widgets = sms.widgets();
    let settings = [("BESEDA_SMS_WIDGETS", &widgets[..])];
    let service = stand.launch("cabinet", &settings)?;
    let measured = unlimited(options, stand, &service, &sms, report).await;
    service.stop();
    measured?;
    if options.wants("S8") {
        let admin = crate::stand::free_port()?.to_string();
        let limited = [
            settings[0],
            ("BESEDA_RATE_LIMITS", "on"),
            ("BESEDA_ADMIN_LISTEN", &admin),
        ];
        let service = stand.launch("cabinet", &limited)?;
        let cabinet = Cabinet::open(options, stand, &service, &sms).await;
        let attacked = match cabinet {
            Ok(cabinet) => attack::measure(&cabinet, &admin, report).await,
            Err(error) => Err(error),
        };
        service.stop();
        attacked?;
    }
    Ok(())
}

/// What clients do who ask as often as they like.
async fn unlimited(
    options: &Options,
    stand: &Stand,
    service: &Service,
    sms: &Arc<Provider>,
    report: &mut Report,
) -> Result<()> {
    let cabinet = Cabinet::open(options, stand, service, sms).await?;
    if options.wants("cabinet") {
        weigh(report)?;
        page::log_in(&cabinet, report).await?;
        page::home(&cabinet, report).await?;
    }
    if options.wants("S7") {
        guess::measure(&cabinet, report).await?;
    }
    if options.wants("cabinet") {
        erasure::measure(&cabinet, report).await?;
    }
    Ok(())
}

impl<'a> Cabinet<'a> {
    /// Switches the cabinet of the account on.
    async fn open(
        options: &'a Options,
        stand: &'a Stand,
        service: &Service,
        sms: &Arc<Provider>,
    ) -> Result<Self> {
        let channel = kit::channel(&service.url)?;
        let admin = stand.authorization(EMAIL).await?;
        let request = CreateSmsProviderRequest {
            sms_provider: Some(SmsProvider {
                widget_key: provider::KEY.to_owned(),
                ..SmsProvider::default()
            }),
            ..CreateSmsProviderRequest::default()
        };
        let made = SmsServiceClient::new(channel.clone())
            .create_sms_provider(with(&admin, request))
            .await?;
        let settings = CabinetSettings {
            enabled: true,
            shown_events: vec![CabinetEventKind::DealCreated.into()],
            erasure_enabled: true,
            sms_provider_ids: vec![made.into_inner().sms_provider.unwrap_or_default().id],
            ..CabinetSettings::default()
        };
        let id = switch_on(&channel, &admin, settings).await?;
        Ok(Self {
            stand,
            options,
            channel,
            admin,
            id,
            sms: Arc::clone(sms),
        })
    }
}

/// Tries until the hub knows the connector.
async fn switch_on(
    channel: &Channel,
    admin: &MetadataValue<Ascii>,
    settings: CabinetSettings,
) -> Result<String> {
    let request = UpdateCabinetSettingsRequest {
        settings: Some(settings),
        update_mask: Some(FieldMask {
            paths: CHANGED.map(str::to_owned).to_vec(),
        }),
    };
    let mut last = None;
    for _ in 0..100 {
        let mut settings = CabinetSettingsServiceClient::new(channel.clone());
        match settings
            .update_cabinet_settings(with(admin, request.clone()))
            .await
        {
            Ok(reply) => return Ok(reply.into_inner().settings.unwrap_or_default().id),
            Err(status) => last = Some(status),
        }
        Clock::system().sleep(Duration::from_millis(100)).await;
    }
    Err(last.context("no try")?.into())
}

/// What a browser loads before any data, compressed as the gateway sends it.
fn weigh(report: &mut Report) -> Result<()> {
    let mut weight = 0;
    let dist = Path::new("web/cabinet/dist");
    let mut folders = vec![dist.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("{} is missing: run `make web`", folder.display()))?;
        for path in entries.map(|entry| entry.map(|entry| entry.path())) {
            let path = path?;
            if path.is_dir() {
                folders.push(path);
            } else {
                weight += compressed(&std::fs::read(&path)?)?;
            }
        }
    }
    let weight = weight as f64 / 1024.0;
    report.add(goal("≤ 120"), "page before data, gzipped", "KB", &[weight]);
    Ok(())
}

fn compressed(contents: &[u8]) -> Result<usize> {
    let mut gzip = Command::new("gzip")
        .args(["--stdout", "-6"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("gzip is missing")?;
    // Files of the page are smaller than what a pipe and gzip's own buffers hold back; it is written from a thread all the same.
    let mut input = gzip.stdin.take().context("no input")?;
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(contents));
        Ok(gzip.wait_with_output()?.stdout.len())
    })
}
