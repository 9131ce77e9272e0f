//! A company with clients whose data are in every store.

use api::cabinet::v1::cabinet_erasure_service_client::CabinetErasureServiceClient;
use api::cabinet::v1::cabinet_session_service_client::CabinetSessionServiceClient;
use api::cabinet::v1::{
    ConfirmCodeRequest, ConfirmErasureRequest, RequestCodeRequest, RequestErasureRequest,
};
use api::connector::v1::channel_event::Event;
use api::connector::v1::{ChannelEvent, IncomingMessage};
use api::conversations::v1::ConversationMode;
use api::crm::v1::call_service_client::CallServiceClient;
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::record_call_request::Part;
use api::crm::v1::{
    Call, CallDirection, CallHeader, Contact, CreateContactRequest, Email, MessengerIdentity,
    Phone, RecordCallRequest,
};
use api::identity::v1::ListAuditEntriesRequest;
use api::identity::v1::audit_service_client::AuditServiceClient;
use futures::stream::iter;
use integration_tests::actors::{Admin, CONNECTOR, Connector};
use integration_tests::calls::with_token;
use integration_tests::sms::Sms;
use integration_tests::{Cluster, Settings};
use prost_types::Timestamp;
use testkit::{Dump, wait_for_state_within};

use crate::browser::cabinet::open_cabinet;
use crate::main_path::rules::pipeline;

/// A company that lets its clients erase their data.
pub struct Company {
    pub cluster: Cluster,
    pub admin: Admin,
    pub connector: Connector,
    sms: Sms,
    cabinet: String,
}

/// What is personal of a client.
pub fn personal(number: usize) -> [String; 4] {
    [
        format!("Мария Незабудкина{number}"),
        format!("+7999000100{number}"),
        format!("nezabudkina{number}@example.com"),
        format!("Маша Окошкина{number}"),
    ]
}

/// One second of silence, as telephony records it.
const RECORDING: &[u8] = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x00\x00\x00\x00";

impl Company {
    pub async fn open() -> Self {
        let sms = Sms::start().await;
        let settings = Settings {
            own_postgres: true,
            environment: vec![
                ("BESEDA_SMS_WIDGETS", sms.widgets()),
                ("BESEDA_RATE_LIMITS", "off".to_owned()),
            ],
        };
        let cluster = Cluster::with_settings(settings).await;
        let admin = cluster.account("windows").await;
        let connector = admin.connector(ConversationMode::NewAfterClose).await;
        let sales = pipeline(&admin, "Продажи").await;
        let link = open_cabinet(&admin, &sales).await;
        let cabinet = link.rsplit('/').next().expect("an id").to_owned();
        Self {
            cluster,
            admin,
            connector,
            sms,
            cabinet,
        }
    }

    /// A client of this number, in crm, in a chat, on the telephone; their contact.
    pub async fn client(&self, number: usize) -> String {
        let [name, phone, email, nick] = personal(number);
        let chat = format!("chat-{number}");
        let contact = Contact {
            name: name.clone(),
            phones: vec![Phone {
                number: phone.clone(),
                ..Phone::default()
            }],
            emails: vec![Email {
                address: email.clone(),
                ..Email::default()
            }],
            messengers: vec![MessengerIdentity {
                connector_key: CONNECTOR.into(),
                external_id: chat.clone(),
                name: nick.clone(),
            }],
            ..Contact::default()
        };
        let request = CreateContactRequest {
            contact: Some(contact),
            ..CreateContactRequest::default()
        };
        let made = ContactServiceClient::new(self.admin.channel())
            .create_contact(self.admin.ask(request).await)
            .await;
        let contact = made.expect("made").into_inner().contact.expect("it").id;
        let text = format!("Это {name}, мой номер {phone}, почта {email}");
        let event = self.written(&chat, &format!("{chat}-1"), &nick, &text);
        self.connector.insist(&[event]).await.expect("published");
        self.called(&contact, &phone).await;
        contact
    }

    /// A message of a client.
    pub fn written(&self, chat: &str, event: &str, nick: &str, text: &str) -> ChannelEvent {
        let message = IncomingMessage {
            text: text.to_owned(),
            sender_name: nick.to_owned(),
            ..IncomingMessage::default()
        };
        self.connector.event(chat, event, Event::Message(message))
    }

    async fn called(&self, contact: &str, phone: &str) {
        let call = Call {
            contact_id: contact.to_owned(),
            direction: CallDirection::Incoming.into(),
            phone: phone.to_owned(),
            start_time: Some(Timestamp::default()),
            duration_seconds: 1,
            ..Call::default()
        };
        let header = CallHeader {
            call: Some(call),
            ..CallHeader::default()
        };
        let parts = [Part::Header(header), Part::Chunk(RECORDING.to_vec())];
        let parts = parts.map(|part| RecordCallRequest { part: Some(part) });
        let request = with_token(&self.admin.token().await, iter(parts));
        let told = CallServiceClient::new(self.admin.channel())
            .record_call(request)
            .await;
        told.expect("recorded");
    }

    /// The client logs in and erases; the erasure's id.
    pub async fn erase(&self, number: usize) -> String {
        let [_, phone, ..] = personal(number);
        let mut sessions = CabinetSessionServiceClient::new(self.admin.channel());
        let asked = sessions
            .request_code(RequestCodeRequest {
                cabinet_id: self.cabinet.clone(),
                phone: phone.clone(),
            })
            .await;
        let confirm = ConfirmCodeRequest {
            request_token: asked.expect("asked").into_inner().request_token,
            code: self.code(&phone, 1).await,
        };
        let entered = sessions.confirm_code(confirm).await.expect("logged in");
        let token = entered.into_inner().session_token;
        let mut erasures = CabinetErasureServiceClient::new(self.admin.channel());
        let request = with_token(&token, RequestErasureRequest { confirmed: true });
        let asked = erasures.request_erasure(request).await.expect("asked");
        let confirm = ConfirmErasureRequest {
            request_token: asked.into_inner().request_token,
            code: self.code(&phone, 2).await,
        };
        let begun = erasures.confirm_erasure(with_token(&token, confirm)).await;
        begun.expect("begun").into_inner().erasure_id
    }

    async fn code(&self, phone: &str, number: usize) -> String {
        let text = self.sms.text(phone, number).await;
        text.chars().filter(char::is_ascii_digit).collect()
    }

    /// `beseda admin erasures …`
    pub async fn admin_command(&self, arguments: &[&str]) -> String {
        let all = [&["admin", "erasures"][..], arguments].concat();
        self.cluster.command(&all).await
    }

    /// Waits until each erasure is over.
    pub async fn all_done(&self) {
        let limit = std::time::Duration::from_secs(90);
        wait_for_state_within(limit, "all erasures are over", async || {
            let listed = self.admin_command(&["list"]).await;
            let open = listed
                .lines()
                .any(|line| !line.contains("done, nothing is left"));
            if listed.is_empty() || open {
                Err(listed)
            } else {
                Ok(())
            }
        })
        .await;
    }

    /// Where something personal of a client stands in PostgreSQL and Redis.
    pub async fn places(&self, number: usize) -> Vec<String> {
        let dump = Dump::of(self.cluster.db()).await;
        let personal = personal(number);
        let found = personal.iter().flat_map(|text| {
            // As people write numbers, the plus may be missing.
            let places = dump.places(text.trim_start_matches('+'));
            places
                .into_iter()
                .map(move |place| format!("{text} in {place}"))
        });
        found.collect()
    }

    pub async fn assert_gone(&self, number: usize) {
        assert_eq!(self.places(number).await, Vec::<String>::new());
        let recordings: i64 = sqlx::query_scalar("SELECT count(*) FROM crm.recording_parts")
            .fetch_one(&mut self.cluster.db().owner().await)
            .await
            .expect("counted");
        assert_eq!(recordings, 0, "the recording went, too");
    }

    /// How often the audit log tells of an erasure.
    pub async fn audited(&self, erasure: &str) -> usize {
        let request = self.admin.ask(ListAuditEntriesRequest::default()).await;
        let listed = AuditServiceClient::new(self.admin.channel())
            .list_audit_entries(request)
            .await;
        let entries = listed.expect("listed").into_inner().entries;
        let of = entries.iter().filter(|entry| entry.target_id == erasure);
        let of: Vec<_> = of
            .map(|entry| (&entry.action[..], &entry.actor_id[..]))
            .collect();
        assert!(
            of.iter().all(|told| *told == ("client.erase", "client")),
            "{of:?}"
        );
        of.len()
    }
}
