//! A client of a company in the cabinet, from the log-in to the erasure.

use api::cabinet::v1::cabinet_settings_service_client::CabinetSettingsServiceClient;
use api::cabinet::v1::sms_service_client::SmsServiceClient;
use api::cabinet::v1::{
    CabinetCardKind, CabinetEventKind, CabinetSettings, CreateSmsProviderRequest, ShownField,
    ShownStatus, SmsProvider, UpdateCabinetSettingsRequest,
};
use api::crm::v1 as crm;
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use integration_tests::actors::Admin;
use integration_tests::browser::Person;
use integration_tests::sms::{self, Sms};
use integration_tests::{Cluster, Settings};
use prost_types::FieldMask;
use testkit::wait_for;

use super::{send_file, texts, written};

const PHONE: &str = "+79990000001";
const TYPED: &str = "+7 999 000-00-01";
const CHANGED: [&str; 8] = [
    "enabled",
    "title",
    "shown_events",
    "shown_fields",
    "statuses_shown",
    "statuses",
    "erasure_enabled",
    "sms_provider_ids",
];

/// A company with one client, who has one deal.
struct Company {
    cluster: Cluster,
    admin: Admin,
    sms: Sms,
    /// The client's number was sent so many SMS.
    sent: usize,
    /// The cabinet's page.
    link: String,
}

impl Company {
    async fn start() -> Self {
        let sms = Sms::start().await;
        let settings = Settings {
            // The test asks for more codes in a minute than a client may.
            environment: vec![
                ("BESEDA_SMS_WIDGETS", sms.widgets()),
                ("BESEDA_RATE_LIMITS", "off".to_owned()),
            ],
            ..Settings::default()
        };
        let cluster = Cluster::with_settings(settings).await;
        let admin = cluster.account("windows").await;
        let pipeline = deal(&admin).await;
        let link = open_cabinet(&admin, &pipeline).await;
        Self {
            cluster,
            admin,
            sms,
            sent: 0,
            link,
        }
    }

    /// The code of the client's next SMS.
    async fn code(&mut self) -> String {
        self.sent += 1;
        let text = self.sms.text(PHONE, self.sent).await;
        text.chars().filter(char::is_ascii_digit).collect()
    }

    async fn log_in(&mut self, client: &mut Person) {
        client.fill("Номер телефона", TYPED).await;
        client.press("Получить код").await;
        let code = self.code().await;
        // The last digit sends it.
        client.fill("Код из СМС, 6 цифр", &code).await;
        client.see("Окна для дачи").await;
    }

    async fn send_file(&self, conversation: &str, name: &str, contents: &[u8]) {
        send_file(&self.cluster, &self.admin, conversation, name, contents).await;
    }
}

/// The client, their deal, and the pipeline that it is in.
async fn deal(admin: &Admin) -> crm::Pipeline {
    let request = crm::ListPipelinesRequest::default();
    let mut pipelines = PipelineServiceClient::new(admin.channel());
    let listed = pipelines.list_pipelines(admin.ask(request).await).await;
    let listed = listed.expect("listed").into_inner().pipelines;
    let pipeline = match listed.into_iter().next() {
        Some(known) => known,
        None => {
            let request = crm::CreatePipelineRequest {
                pipeline: Some(crm::Pipeline {
                    name: "Продажи".into(),
                    ..Default::default()
                }),
                ..Default::default()
            };
            let made = pipelines.create_pipeline(admin.ask(request).await).await;
            made.expect("made").into_inner().pipeline.expect("it")
        }
    };
    let request = crm::CreateContactRequest {
        contact: Some(crm::Contact {
            name: "Мария Незабудкина".into(),
            phones: vec![crm::Phone {
                number: PHONE.into(),
                ..Default::default()
            }],
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = ContactServiceClient::new(admin.channel())
        .create_contact(admin.ask(request).await)
        .await;
    let contact = made.expect("made").into_inner().contact.expect("it");
    let request = crm::CreateDealRequest {
        deal: Some(crm::Deal {
            name: "Окна для дачи".into(),
            main_contact_id: contact.id,
            stage_id: pipeline.stages[0].id.clone(),
            price: Some(crm::Money {
                amount_minor: 12_000_000,
                currency: "RUB".into(),
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = DealServiceClient::new(admin.channel())
        .create_deal(admin.ask(request).await)
        .await;
    made.expect("made");
    pipeline
}

/// Switches the cabinet on; the link in the settings (CAB-24).
pub async fn open_cabinet(admin: &Admin, pipeline: &crm::Pipeline) -> String {
    let request = CreateSmsProviderRequest {
        sms_provider: Some(SmsProvider {
            widget_key: sms::KEY.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = SmsServiceClient::new(admin.channel())
        .create_sms_provider(admin.ask(request).await)
        .await;
    let provider = made.expect("installed").into_inner().sms_provider;
    let settings = shown(pipeline, provider.expect("it").id);
    wait_for("the cabinet opens", async || {
        let request = UpdateCabinetSettingsRequest {
            settings: Some(settings.clone()),
            update_mask: Some(FieldMask {
                paths: CHANGED.map(str::to_owned).to_vec(),
            }),
        };
        let changed = CabinetSettingsServiceClient::new(admin.channel())
            .update_cabinet_settings(admin.ask(request).await)
            .await;
        // The hub has to know the connector first.
        Some(changed.ok()?.into_inner().settings?.link)
    })
    .await
}

fn shown(pipeline: &crm::Pipeline, provider: String) -> CabinetSettings {
    let status = |place: usize, name: &str, color: &str| ShownStatus {
        stage_id: pipeline.stages[place].id.clone(),
        name: name.to_owned(),
        color: color.to_owned(),
    };
    CabinetSettings {
        enabled: true,
        title: "Окна «Беседа»".into(),
        shown_events: vec![CabinetEventKind::DealCreated.into()],
        shown_fields: vec![ShownField {
            card_kind: CabinetCardKind::Deal.into(),
            field: "price".into(),
            name: "Стоимость".into(),
        }],
        statuses_shown: true,
        statuses: vec![
            status(0, "Принята", "#f9a825"),
            status(1, "В работе", "#1565c0"),
        ],
        erasure_enabled: true,
        sms_provider_ids: vec![provider],
        ..CabinetSettings::default()
    }
}

/// One second of silence.
fn recording() -> Vec<u8> {
    let (rate, samples) = (8_000_u32, 8_000_u32);
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + samples).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(rate.to_le_bytes());
    wav.extend(rate.to_le_bytes());
    wav.extend([1, 0, 8, 0]);
    wav.extend(b"data");
    wav.extend(samples.to_le_bytes());
    wav.resize(wav.len() + 8_000, 128);
    wav
}

#[tokio::test]
async fn a_client_logs_in_reads_the_deal_writes_is_answered_and_erases_everything() {
    let mut company = Company::start().await;
    let link = company.link.clone();
    assert!(link.starts_with(&format!("{}/cabinet/cab_", company.cluster.url())));
    let mut client = Person::open(&link).await;
    client.see("Окна «Беседа»").await;
    client.picture("log-in").await;
    client.fill("Номер телефона", "12").await;
    client.press("Получить код").await;
    client.see("Укажите корректный номер телефона.").await;
    company.log_in(&mut client).await;

    client.see_in(".deal-head", "Принята", 1).await;
    client.see_in(".legend", "В работе", 1).await;
    client.see_in(".deal", "120 000 ₽", 1).await;
    client.press("История").await;
    client.see_in(".events", "Сделка создана", 1).await;
    client.see_in(".events", "Анна", 1).await;
    client.picture("deals").await;

    let mut inbox = company.admin.watch().await;
    client.press("Переписка").await;
    client.fill("Ваше сообщение", "Когда замер?").await;
    client.press("Отправить").await;
    let (conversation, text) = written(&mut inbox).await;
    assert_eq!(text, "Когда замер?");
    let answered = company.admin.send(&conversation, "Завтра в шесть").await;
    answered.expect("answered");
    client.see("Завтра в шесть").await;
    company
        .send_file(&conversation, "call.wav", &recording())
        .await;
    client.press("Прослушать call.wav").await;
    assert!((client.play().await - 1.0).abs() < 0.1);
    company
        .send_file(&conversation, "plan.txt", b"three windows")
        .await;
    let saved = client.save("Скачать plan.txt").await;
    assert_eq!(saved, ("plan.txt".to_owned(), 13));
    client.picture("messages").await;

    client.press("Сделки").await;
    client.press("Удалить данные").await;
    client.see("Удаление необратимо").await;
    client.picture("erasure").await;
    client.press_in("dialog", "Удалить данные").await;
    let code = company.code().await;
    client.fill("Код из СМС, 6 цифр", &code).await;
    client.see("Ваши данные удаляются").await;
    assert_eq!(client.storage().await, Vec::<String>::new());
    client.reload().await;

    let sent = company.sms.count();
    client.fill("Номер телефона", TYPED).await;
    client.press("Получить код").await;
    client.fill("Код из СМС, 6 цифр", &code).await;
    client.see("Код не подходит или устарел").await;
    assert_eq!(company.sms.count(), sent, "nobody has the number any more");
    // The browser names each refused call in its console; nothing else went wrong.
    let problems = client.problems().await;
    assert!(
        problems
            .iter()
            .all(|it| it.contains("Failed to load resource")),
        "{problems:?}"
    );
}

#[tokio::test]
async fn what_a_client_writes_without_a_network_arrives_once_and_the_answer_is_not_missed() {
    let mut company = Company::start().await;
    let mut client = Person::open(&company.link).await;
    company.log_in(&mut client).await;
    let mut inbox = company.admin.watch().await;
    client.press("Переписка").await;
    client.fill("Ваше сообщение", "до").await;
    client.press("Отправить").await;
    let (conversation, _) = written(&mut inbox).await;

    client.offline(true).await;
    client.see("Нет связи").await;
    client.fill("Ваше сообщение", "в метро").await;
    client.press("Отправить").await;
    let answered = company.admin.send(&conversation, "пока вас не было").await;
    answered.expect("answered");
    client.offline(false).await;
    client.see("пока вас не было").await;
    client.miss("Нет связи").await;
    let (_, text) = written(&mut inbox).await;
    assert_eq!(text, "в метро");
    client.reload().await;
    client.see_in(".log", "в метро", 1).await;
    let all = texts(&company.admin, &conversation).await;
    assert_eq!(all, ["до", "пока вас не было", "в метро"]);
}
