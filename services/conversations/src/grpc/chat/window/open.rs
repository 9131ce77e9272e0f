//! The window is opened.

use access::Action;
use api::conversations::v1::{
    OpenWindowRequest, OpenWindowResponse, WindowArea, WindowLayout, WindowPlace,
};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{DealId, UserId};

use super::contacts::{self, At};
use super::creation::{Creation, creation, may_write};
use super::entries::{Entry, Wanted, entries};
use crate::domain::card::{Card, Kind};
use crate::domain::window::{Area, Layout, Place};
use crate::grpc::chat::Chats;
use crate::grpc::chat::get::moment;
use crate::grpc::chat::shown::Moment;
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::store::cards;

/// What the window shows.
#[derive(Debug)]
struct Opened {
    layout: Layout,
    contacts: Vec<Entry>,
    next: Option<At>,
    responsible: Option<UserId>,
    creation: Creation,
}

pub async fn open_window(
    service: &Chats,
    request: &Request<OpenWindowRequest>,
) -> Result<OpenWindowResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let token = contacts::token(caller.scope()?);
    let request = request.get_ref();
    let place = place(request)?;
    let size = contacts::size(request.page_size)?;
    let moment = moment(service, &caller).await?;
    let is_administrator = caller.require_administrator().is_ok();
    let may_write = may_write(&caller);
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let creation = creation(tx, &by, may_write, moment).await?;
            open(tx, &by, place, (size, moment), creation).await
        })
    });
    let opened: Opened = read.await?;
    let contacts = opened.contacts.iter();
    let offered = opened.creation.is_offered();
    let next = opened.next;
    Ok(OpenWindowResponse {
        layout: Some(layout(&opened.layout)),
        contacts: contacts
            .map(|it| it.proto(is_administrator, offered))
            .collect(),
        next_page_token: next.map_or_else(String::new, |at| token.encode(&(), &at)),
        responsible_user_id: opened
            .responsible
            .map(|user| user.to_string())
            .unwrap_or_default(),
        language: caller.language().tag().to_owned(),
        chat_creation: Some(opened.creation.proto()),
    })
}

fn place(request: &OpenWindowRequest) -> Result<Place, Refusal> {
    let mut fields = Fields::new();
    let place = match fields.known::<WindowPlace>("place", request.place) {
        Some(WindowPlace::LeftMenu) => {
            if !request.card_id.is_empty() {
                fields.reject("card_id", "must be empty in the left menu");
            }
            Some(Place::LeftMenu)
        }
        Some(WindowPlace::Deal | WindowPlace::InboxDeal) => {
            fields.id("card_id", &request.card_id).map(Place::Deal)
        }
        Some(WindowPlace::Contact | WindowPlace::CustomerContact) => {
            fields.id("card_id", &request.card_id).map(Place::Contact)
        }
        Some(WindowPlace::Unspecified) => {
            fields.reject("place", "must be given");
            None
        }
        None => None,
    };
    fields.finish()?;
    place.ok_or_else(|| Refusal::field("place", "must be given"))
}

async fn open(
    tx: &mut Tx,
    by: &By,
    place: Place,
    (size, moment): (i64, Moment),
    creation: Creation,
) -> Result<Opened, Error> {
    let layout = place.layout(by.viewer.sees_groups());
    let (contacts, next, responsible) = match place {
        Place::LeftMenu => {
            let (found, next) = contacts::page(tx, by, None, size, moment).await?;
            (found, next, None)
        }
        Place::Deal(id) => {
            let deal = deal(tx, by, id).await?;
            let deal = by.viewer.readable(&deal);
            let of_deal = of_deal(tx, by, &deal).await?;
            (
                entries(tx, by, &of_deal, moment).await?,
                None,
                deal.responsible,
            )
        }
        Place::Contact(id) => {
            let card = super::contact(tx, by, id).await?;
            let responsible = by.viewer.readable(&card).responsible;
            let wanted = [Wanted::of_contact(card)];
            (entries(tx, by, &wanted, moment).await?, None, responsible)
        }
    };
    Ok(Opened {
        layout,
        contacts,
        next,
        responsible,
        creation,
    })
}

/// A deal that the caller may view (IDN-36).
async fn deal(tx: &mut Tx, by: &By, id: DealId) -> Result<Card, Error> {
    let card = cards::get(tx, by.scope.account(), id.uuid()).await?;
    card.filter(|card| card.kind == Kind::Deal && by.viewer.may(Action::View, card))
        .ok_or(Error::DealNotFound(id))
}

/// The contacts of a deal, as far as the caller may view them (IDN-35).
async fn of_deal(tx: &mut Tx, by: &By, deal: &Card) -> Result<Vec<Wanted>, Error> {
    let mut wanted = Vec::new();
    for id in &deal.contacts {
        match super::contact(tx, by, *id).await {
            Ok(card) => wanted.push(Wanted::of_contact(card)),
            Err(Error::ContactNotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(wanted)
}

fn layout(layout: &Layout) -> WindowLayout {
    let area = match layout.area {
        Area::Screen => WindowArea::Screen,
        Area::Deal => WindowArea::Deal,
        Area::Contact => WindowArea::Contact,
    };
    WindowLayout {
        area: area.into(),
        close_button: layout.return_to.is_some(),
        return_to: layout.return_to.clone().unwrap_or_default(),
        closes_on_leaving: layout.closes_on_leaving,
        search: layout.search,
        groups: layout.groups,
    }
}
