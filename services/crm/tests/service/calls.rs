//! Telephone calls, told by an account's telephony (CAB-03).

use api::crm::v1::call_service_client::CallServiceClient;
use api::crm::v1::download_recording_response::Part as Told;
use api::crm::v1::record_call_request::Part;
use api::crm::v1::{
    Call, CallDirection, CallHeader, CallRecording, Contact, Deal, DownloadRecordingRequest,
    ListTimelineEntriesRequest, Phone, RecordCallRequest, TimelineEntry, TimelineEntryKind,
};
use api::erasure::internal::v1::{
    ErasePersonRequest, FindPersonRequest, Person, ScanPersonRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::FieldRight::Hidden;
use api::identity::v1::RightEntity::{Contacts, Deals};
use api::identity::v1::RightLevel::{Allowed, Own};
use prost_types::Timestamp;
use testkit::Dump;
use tokio_stream::iter;
use tonic::Status;
use uuid::Uuid;

use crate::world::{Who, World, field_rule, reason, row};

const PHONE: &str = "+79161234567";
/// From which the client called once, and which stands on no card.
const OTHER: &str = "+79037770011";

fn wav(length: usize) -> Vec<u8> {
    let mut wav = b"RIFF\x24\0\0\0WAVEfmt ".to_vec();
    wav.resize(length, 7);
    wav
}

impl World {
    async fn record(
        &self,
        who: &Who,
        call: Call,
        request_id: &str,
        recording: &[u8],
    ) -> Result<Call, Status> {
        let header = CallHeader {
            call: Some(call),
            request_id: request_id.to_owned(),
        };
        let chunks = recording.chunks(1 << 20).map(|it| Part::Chunk(it.to_vec()));
        let parts: Vec<_> = std::iter::once(Part::Header(header))
            .chain(chunks)
            .map(|part| RecordCallRequest { part: Some(part) })
            .collect();
        let told = self.calls().record_call(who.ask(iter(parts))).await?;
        Ok(told.into_inner().call.expect("the call"))
    }

    fn calls(&self) -> CallServiceClient<tonic::transport::Channel> {
        CallServiceClient::new(self.channel())
    }

    async fn hear(&self, who: &Who, call: &str) -> Result<(CallRecording, Vec<u8>), Status> {
        let request = DownloadRecordingRequest {
            call_id: call.to_owned(),
        };
        let heard = self.calls().download_recording(who.ask(request)).await?;
        let (mut parts, mut what, mut contents) = (heard.into_inner(), None, Vec::new());
        while let Some(part) = parts.message().await? {
            match part.part.expect("a part") {
                Told::Recording(recording) => what = Some(recording),
                Told::Chunk(bytes) => contents.extend(bytes),
            }
        }
        Ok((what.expect("first"), contents))
    }

    /// The calls that a timeline tells of.
    async fn told_calls(&self, who: &Who, card: &str) -> Vec<TimelineEntry> {
        let request = ListTimelineEntriesRequest {
            card_id: card.to_owned(),
            ..ListTimelineEntriesRequest::default()
        };
        let listed = self
            .timeline()
            .list_timeline_entries(who.ask(request))
            .await;
        let mut entries = listed.expect("listed").into_inner().entries;
        entries.retain(|entry| entry.kind() == TimelineEntryKind::Call);
        entries
    }

    /// A client with a deal of Борис.
    async fn client(&self, boris: &Who) -> (Contact, Deal) {
        let pipeline = self.pipeline("Продажи", &[]).await;
        let contact = Contact {
            name: "Аля Кузнецова".into(),
            phones: vec![Phone {
                number: PHONE.into(),
                ..Phone::default()
            }],
            ..Contact::default()
        };
        let contact = self
            .create_contact(&self.admin, contact)
            .await
            .expect("made");
        let deal = Deal {
            name: "Окна".into(),
            main_contact_id: contact.id.clone(),
            responsible_user_id: boris.id(),
            stage_id: pipeline.stages[0].id.clone(),
            ..Deal::default()
        };
        let deal = self.create_deal(&self.admin, deal).await.expect("made");
        (contact, deal)
    }
}

fn call(contact: &Contact, deal: &str, phone: &str) -> Call {
    Call {
        contact_id: contact.id.clone(),
        deal_id: deal.to_owned(),
        direction: CallDirection::Incoming.into(),
        phone: phone.to_owned(),
        start_time: Some(Timestamp {
            seconds: 1_700_000_000,
            nanos: 0,
        }),
        duration_seconds: 63,
        ..Call::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_told_once_on_contact_and_deal_and_its_recording_is_heard() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    let (contact, deal) = world.client(&boris).await;
    let telephony = world.program(&["crm.read", "crm.write"]);
    let recording = wav(700_000);
    let said = Call {
        user_id: boris.id(),
        ..call(&contact, &deal.id, "+7 (916) 123-45-67")
    };
    let id = types::new_uuid().to_string();
    let first = world
        .record(&telephony, said.clone(), &id, &recording)
        .await;
    let first = first.expect("told");
    let again = world
        .record(&telephony, said.clone(), &id, &recording)
        .await;
    assert_eq!(again.expect("told again"), first);
    for card in [&contact.id, &deal.id] {
        let entries = world.told_calls(&world.admin, card).await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].id, first.id);
        assert_eq!(entries[0].author_name, "Борис");
        let told: serde_json::Value = serde_json::from_str(&entries[0].after_json).expect("JSON");
        assert_eq!(
            (&told["phone"], &told["duration_seconds"]),
            (&PHONE.into(), &63.into())
        );
    }
    let (what, contents) = world.hear(&world.admin, &first.id).await.expect("heard");
    assert_eq!((&what.media_type[..], what.size), ("audio/wav", 700_000));
    assert!(contents == recording, "each byte in its place");
    let other = world.record(&telephony, said, &id, &wav(10_000)).await;
    assert_eq!(
        reason(&other.expect_err("another recording")),
        R::RequestIdReused
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_seen_and_heard_by_whoever_may_read_messages_there() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    let (contact, deal) = world.client(&boris).await;
    let made = world
        .record(&world.admin, call(&contact, &deal.id, PHONE), "", &wav(100))
        .await;
    let id = made.expect("told").id;
    // The contact is another's: whoever sees the deal alone does not know what was said (IDN-35).
    world.set_rights(&boris, &row(Deals, Own), &[], &[]).await;
    assert_eq!(world.told_calls(&boris, &deal.id).await.len(), 0);
    let refused = world.hear(&boris, &id).await.expect_err("not heard");
    assert_eq!(reason(&refused), R::RecordingNotFound);
    let mut cells = row(Deals, Own);
    cells.extend(row(Contacts, Allowed));
    world.set_rights(&boris, &cells, &[], &[]).await;
    assert!(
        world.told_calls(&boris, &deal.id).await[0]
            .after_json
            .contains(PHONE)
    );
    world.hear(&boris, &id).await.expect("heard");
    let hidden = field_rule(Contacts, "phones", Hidden);
    world.set_rights(&boris, &cells, &[], &[hidden]).await;
    let entry = world.told_calls(&boris, &deal.id).await.remove(0);
    assert!(
        !entry.after_json.contains(PHONE),
        "numbers are hidden: {entry:?}"
    );
    for nobody in [world.stranger(), world.program(&["inbox.read"])] {
        let refused = world.hear(&nobody, &id).await.expect_err("not heard");
        assert!(matches!(
            reason(&refused),
            R::RecordingNotFound | R::ScopeMissing | R::PermissionMissing
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_or_no_sound_is_refused() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    let (contact, deal) = world.client(&boris).await;
    let stranger = world.contact(&world.admin, "Пётр").await;
    let good = call(&contact, &deal.id, PHONE);
    let bad = [
        (
            Call {
                contact_id: "con_x".into(),
                ..good.clone()
            },
            R::FieldInvalid,
        ),
        (
            Call {
                phone: "12".into(),
                ..good.clone()
            },
            R::FieldInvalid,
        ),
        (
            Call {
                direction: 0,
                ..good.clone()
            },
            R::FieldInvalid,
        ),
        (
            Call {
                start_time: None,
                ..good.clone()
            },
            R::FieldInvalid,
        ),
        (
            Call {
                duration_seconds: -1,
                ..good.clone()
            },
            R::FieldInvalid,
        ),
        (
            Call {
                duration_seconds: 86_401,
                ..good.clone()
            },
            R::FieldInvalid,
        ),
        (
            Call {
                user_id: types::UserId::generate().to_string(),
                ..good.clone()
            },
            R::UserNotFound,
        ),
        (call(&stranger, &deal.id, PHONE), R::DealNotFound),
    ];
    for (call, why) in bad {
        let refused = world.record(&world.admin, call.clone(), "", b"").await;
        assert_eq!(reason(&refused.expect_err("refused")), why, "{call:?}");
    }
    for (recording, why) in [
        (
            b"<html><script>alert(1)</script>".to_vec(),
            R::FileTypeNotAllowed,
        ),
        (wav((20 << 20) + 1), R::FileTooLarge),
    ] {
        let refused = world
            .record(&world.admin, good.clone(), "", &recording)
            .await;
        assert_eq!(reason(&refused.expect_err("refused")), why);
    }
    assert_eq!(world.told_calls(&world.admin, &deal.id).await.len(), 0);
    let silent = world
        .record(&world.admin, good, "", b"")
        .await
        .expect("without a recording");
    assert_eq!(silent.recording, None);
    let refused = world
        .hear(&world.admin, &silent.id)
        .await
        .expect_err("nothing to hear");
    assert_eq!(reason(&refused), R::RecordingNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_clients_calls_keep_when_and_how_long_and_nothing_else() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    let (contact, deal) = world.client(&boris).await;
    let secret = [wav(300_000), b"what was said".to_vec()].concat();
    let id = types::new_uuid().to_string();
    let made = world
        .record(&world.admin, call(&contact, &deal.id, OTHER), &id, &secret)
        .await;
    let id = made.expect("told").id;
    let account_id = world.account.uuid().as_bytes().to_vec();
    let request = FindPersonRequest {
        account_id: account_id.clone(),
        phone: PHONE.into(),
        person: None,
    };
    let found = world
        .erasure()
        .find_person(world.service().ask(request))
        .await;
    let person: Person = found.expect("found").into_inner().person.expect("them");
    let numbers: Vec<_> = person.values.iter().map(|value| &value.text[..]).collect();
    assert!(numbers.contains(&OTHER), "{numbers:?}");
    let erasure = Uuid::from_u128(1).as_bytes().to_vec();
    loop {
        let request = ErasePersonRequest {
            account_id: account_id.clone(),
            erasure_id: erasure.clone(),
            attempt: 1,
            person: Some(person.clone()),
        };
        let part = world
            .erasure()
            .erase_person(world.service().ask(request))
            .await;
        if part.expect("erased").into_inner().done {
            break;
        }
    }
    let entry = world.told_calls(&world.admin, &deal.id).await.remove(0);
    let told: serde_json::Value = serde_json::from_str(&entry.after_json).expect("JSON");
    assert_eq!(told["duration_seconds"], 63, "the entry stays (CAB-31)");
    let refused = world.hear(&world.admin, &id).await.expect_err("gone");
    assert_eq!(reason(&refused), R::RecordingNotFound);
    let dump = Dump::of(&world.db).await;
    for text in ["what was said", &OTHER[1..], &PHONE[1..]] {
        assert_eq!(dump.places(text), Vec::<&str>::new(), "{text}");
    }
    let request = ScanPersonRequest {
        account_id,
        person: Some(person),
        ..ScanPersonRequest::default()
    };
    let looked = world
        .erasure()
        .scan_person(world.service().ask(request))
        .await;
    let found = looked.expect("looked").into_inner().found;
    assert!(
        found.iter().all(|it| it.place != "crm.recordings"),
        "{found:?}"
    );
}
