//! What clients see.

use api::cabinet::v1::download_cabinet_recording_response::Part as Heard;
use api::cabinet::v1::{
    CabinetCardKind, CabinetEvent, CabinetEventKind, CabinetSettings,
    DownloadCabinetRecordingRequest, GetHomeRequest, GetHomeResponse, ListDealEventsRequest,
    ShownField, ShownStatus,
};
use api::crm::v1::call_service_client::CallServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::field_value::Value;
use api::crm::v1::record_call_request::Part;
use api::crm::v1::{
    Call, CallDirection, CallHeader, CardKind, Deal, FieldValue, Money, RecordCallRequest, Stage,
    UpdateDealRequest,
};
use prost_types::FieldMask;
use tonic::Status;

use crate::world::{PHONE, World, refusal, with};

impl World {
    async fn home(&self, token: &str) -> GetHomeResponse {
        let home = self.client().get_home(with(token, GetHomeRequest {})).await;
        home.expect("a page").into_inner()
    }

    async fn events(&self, token: &str, deal: &str) -> Result<Vec<CabinetEvent>, Status> {
        let request = ListDealEventsRequest {
            deal_id: deal.to_owned(),
            ..ListDealEventsRequest::default()
        };
        let listed = self.client().list_deal_events(with(token, request)).await;
        Ok(listed?.into_inner().events)
    }

    async fn change(&self, deal: Deal, paths: &[&str]) {
        let request = UpdateDealRequest {
            deal: Some(deal),
            update_mask: Some(FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
        };
        DealServiceClient::new(self.crm.clone())
            .update_deal(with(&self.admin, request))
            .await
            .expect("changed");
    }

    /// Statuses for two stages, shown.
    async fn show_statuses(&self, stages: &[Stage]) {
        let status = |stage: &Stage, name: &str, color: &str| ShownStatus {
            stage_id: stage.id.clone(),
            name: name.to_owned(),
            color: color.to_owned(),
        };
        let settings = CabinetSettings {
            statuses_shown: true,
            statuses: vec![
                status(&stages[0], "Принят", "#1565c0"),
                status(&stages[1], "", "#2e7d32"),
            ],
            ..CabinetSettings::default()
        };
        let stored = self.update(settings, "statuses_shown,statuses").await;
        stored.expect("stored");
    }
}

fn shown(card_kind: CabinetCardKind, field: &str, name: &str) -> ShownField {
    ShownField {
        card_kind: card_kind.into(),
        field: field.to_owned(),
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn deals_of_all_contacts_with_exactly_this_number_are_shown_a_25() {
    let world = World::start().await;
    world.stages().await;
    let mine = world.contact("Мария", PHONE).await;
    let also_mine = world.contact("Маша", "+7 999 000 00 01").await;
    let longer = world.contact("Пётр", "+799900000012").await;
    for (contact, name) in [(mine, "Первая"), (also_mine, "Вторая"), (longer, "Чужая")]
    {
        let deal = Deal {
            name: name.to_owned(),
            main_contact_id: contact,
            ..Deal::default()
        };
        world.deal(deal).await;
    }
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    let home = world.home(&token).await;
    let mut names: Vec<_> = home.deals.iter().map(|deal| &deal.name[..]).collect();
    names.sort_unstable();
    assert_eq!(names, ["Вторая", "Первая"]);
}

#[tokio::test]
async fn the_status_stands_beside_the_deal_and_all_colours_below_cab_19_cab_22_cab_23() {
    let world = World::start().await;
    let stages = world.stages().await;
    let contact = world.contact("Мария", PHONE).await;
    for (name, stage) in [("Первая", 0), ("Вторая", 1), ("Без статуса", 2)] {
        let deal = Deal {
            name: name.to_owned(),
            main_contact_id: contact.clone(),
            stage_id: stages[stage].id.clone(),
            ..Deal::default()
        };
        world.deal(deal).await;
    }
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    assert!(world.home(&token).await.statuses.is_empty());
    world.show_statuses(&stages).await;
    let home = world.home(&token).await;
    let all: Vec<_> = home
        .statuses
        .iter()
        .map(|it| (&it.name[..], &it.color[..]))
        .collect();
    assert_eq!(all, [("Принят", "#1565c0"), ("В работе", "#2e7d32")]);
    let of = |name: &str| {
        let deal = home.deals.iter().find(|deal| deal.name == name);
        deal.expect("the deal").status.clone()
    };
    assert_eq!(of("Первая"), Some(home.statuses[0].clone()));
    assert_eq!(of("Вторая"), Some(home.statuses[1].clone()));
    assert_eq!(of("Без статуса"), None);
}

#[tokio::test]
async fn fields_are_shown_under_their_names_and_empty_ones_are_not_cab_15_cab_16_cab_18() {
    let world = World::start().await;
    world.stages().await;
    let size = world.own_field(CardKind::Deal).await;
    let empty = world.own_field(CardKind::Deal).await;
    let contact = world.contact("Мария", PHONE).await;
    let deal = Deal {
        name: "Заказ".to_owned(),
        main_contact_id: contact,
        price: Some(Money {
            amount_minor: 99_900,
            currency: "RUB".to_owned(),
        }),
        field_values: vec![FieldValue {
            field_id: size.clone(),
            value: Some(Value::Text("XL".to_owned())),
        }],
        ..Deal::default()
    };
    world.deal(deal).await;
    let cabinet = world.open().await;
    let settings = CabinetSettings {
        shown_fields: vec![
            shown(CabinetCardKind::Deal, "price", "Сумма заказа"),
            shown(CabinetCardKind::Deal, &empty, "Пустое"),
            shown(CabinetCardKind::Deal, &size, ""),
            shown(CabinetCardKind::Contact, "phones", ""),
            shown(CabinetCardKind::Contact, "emails", ""),
            shown(CabinetCardKind::Company, "name", ""),
        ],
        ..CabinetSettings::default()
    };
    world
        .update(settings, "shown_fields")
        .await
        .expect("stored");
    let token = world.log_in(&cabinet).await;
    let home = world.home(&token).await;
    let fields = &home.deals[0].fields;
    assert_eq!(fields.len(), 2, "{fields:?}");
    assert_eq!(fields[0].name, "Сумма заказа");
    assert_eq!(
        (fields[0].amount_minor, &fields[0].currency[..]),
        (99_900, "RUB")
    );
    assert_eq!(
        (&fields[1].name[..], &fields[1].value[..]),
        ("Размер", "XL")
    );
    let own: Vec<_> = home
        .contact_fields
        .iter()
        .map(|it| (&it.standard[..], &it.value[..]))
        .collect();
    assert_eq!(own, [("phones", PHONE)]);
}

#[tokio::test]
async fn only_events_that_are_switched_on_are_told_with_their_authors_cab_13_cab_14() {
    let world = World::start().await;
    let stages = world.stages().await;
    let contact = world.contact("Мария", PHONE).await;
    let deal = world
        .deal(Deal {
            name: "Заказ".to_owned(),
            main_contact_id: contact,
            stage_id: stages[0].id.clone(),
            ..Deal::default()
        })
        .await;
    let moved = Deal {
        id: deal.id.clone(),
        name: "Секретное имя".to_owned(),
        stage_id: stages[1].id.clone(),
        price: Some(Money {
            amount_minor: 50_000,
            currency: "RUB".to_owned(),
        }),
        ..Deal::default()
    };
    world.change(moved, &["name", "stage_id", "price"]).await;
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    assert!(
        world
            .events(&token, &deal.id)
            .await
            .expect("told")
            .is_empty()
    );
    world.show_statuses(&stages).await;
    let settings = CabinetSettings {
        shown_events: vec![
            CabinetEventKind::StatusChanged.into(),
            CabinetEventKind::FieldChanged.into(),
        ],
        shown_fields: vec![shown(CabinetCardKind::Deal, "price", "Сумма")],
        ..CabinetSettings::default()
    };
    let stored = world.update(settings, "shown_events,shown_fields").await;
    stored.expect("stored");
    let mut events = world.events(&token, &deal.id).await.expect("told");
    events.sort_by_key(CabinetEvent::kind);
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events.iter().all(|event| event.author_name == "Анна"));
    assert_eq!(
        (&events[0].field_name[..], &events[0].after[..]),
        ("Сумма", "500.00 RUB")
    );
    assert_eq!(
        (&events[1].before[..], &events[1].after[..]),
        ("Принят", "В работе")
    );
}

#[tokio::test]
async fn a_deal_of_somebody_else_is_not_there() {
    let world = World::start().await;
    world.stages().await;
    world.contact("Мария", PHONE).await;
    let other = world.contact("Пётр", "+79990000002").await;
    let theirs = world
        .deal(Deal {
            name: "Чужая".to_owned(),
            main_contact_id: other,
            ..Deal::default()
        })
        .await;
    let cabinet = world.open().await;
    let settings = CabinetSettings {
        shown_events: vec![CabinetEventKind::DealCreated.into()],
        ..CabinetSettings::default()
    };
    world
        .update(settings, "shown_events")
        .await
        .expect("stored");
    let token = world.log_in(&cabinet).await;
    let nobodys = types::DealId::generate().to_string();
    for deal in [theirs.id, nobodys] {
        assert_eq!(
            refusal(world.events(&token, &deal).await),
            format!("DEAL_NOT_FOUND {{deal_id={deal}}}")
        );
    }
}

/// A manager's telephony tells of a call with a recording; its id.
async fn record_call(world: &World, contact: &str, deal: &str, recording: &[u8]) -> String {
    let call = Call {
        contact_id: contact.to_owned(),
        deal_id: deal.to_owned(),
        direction: CallDirection::Incoming.into(),
        phone: PHONE.to_owned(),
        start_time: Some(prost_types::Timestamp::default()),
        duration_seconds: 63,
        ..Call::default()
    };
    let header = CallHeader {
        call: Some(call),
        ..CallHeader::default()
    };
    let parts = [Part::Header(header), Part::Chunk(recording.to_vec())];
    let parts = parts.map(|part| RecordCallRequest { part: Some(part) });
    let told = CallServiceClient::new(world.crm.clone())
        .record_call(with(&world.admin, tokio_stream::iter(parts)))
        .await;
    told.expect("told").into_inner().call.expect("it").id
}

/// What a client hears of a call.
async fn hear(world: &World, token: &str, deal: &str, call: &str) -> Result<Vec<u8>, Status> {
    let request = DownloadCabinetRecordingRequest {
        deal_id: deal.to_owned(),
        event_id: call.to_owned(),
    };
    let mut client = world.client();
    let heard = client
        .download_cabinet_recording(with(token, request))
        .await?;
    let (mut parts, mut contents) = (heard.into_inner(), Vec::new());
    while let Some(part) = parts.message().await? {
        match part.part.expect("a part") {
            Heard::MediaType(media_type) => assert_eq!(media_type, "audio/mpeg"),
            Heard::Chunk(bytes) => contents.extend(bytes),
        }
    }
    Ok(contents)
}

#[tokio::test]
async fn calls_are_shown_and_heard_by_their_client_alone_cab_03() {
    let world = World::start().await;
    world.stages().await;
    let mine = world.contact("Мария", PHONE).await;
    let partner = world.contact("Пётр", "+79990000002").await;
    let of = |contact: &str, other: &[&String]| Deal {
        name: "Заказ".to_owned(),
        main_contact_id: contact.to_owned(),
        contact_ids: other.iter().map(|id| (*id).clone()).collect(),
        ..Deal::default()
    };
    let shared = world.deal(of(&mine, &[&partner])).await.id;
    let theirs = world.deal(of(&partner, &[])).await.id;
    let sound = b"ID3\x04 the client's own words";
    let call = record_call(&world, &mine, &shared, sound).await;
    let of_partner = record_call(&world, &partner, &shared, b"ID3\x04 somebody else's").await;
    let foreign = record_call(&world, &partner, &theirs, b"ID3\x04 foreign").await;
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    let not_there = |id: &str| format!("RECORDING_NOT_FOUND {{call_id={id}}}");
    assert_eq!(
        refusal(hear(&world, &token, &shared, &call).await),
        not_there(&call),
        "calls are not shown yet"
    );
    let settings = CabinetSettings {
        shown_events: vec![CabinetEventKind::Call.into()],
        ..CabinetSettings::default()
    };
    world
        .update(settings, "shown_events")
        .await
        .expect("stored");
    let events = world.events(&token, &shared).await.expect("told");
    assert_eq!(events.len(), 1, "the partner's call is theirs: {events:?}");
    let told = events[0].call.as_ref().expect("a call");
    assert_eq!(
        (told.incoming, told.duration_seconds, told.recorded),
        (true, 63, true)
    );
    assert_eq!(events[0].author_name, "Анна");
    assert_eq!(
        hear(&world, &token, &shared, &call).await.expect("heard"),
        sound
    );
    for (deal, id) in [
        (&shared, &of_partner),
        (&theirs, &foreign),
        (&theirs, &call),
        (&shared, &foreign),
    ] {
        assert_eq!(refusal(hear(&world, &token, deal, id).await), not_there(id));
    }
}
