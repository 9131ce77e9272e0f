//! Who sees what (decision table 2.1): the same over every way to read, and live.

use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    ChangeKind, Connection, Conversation, ConversationVisibility as Seen, ExplainVisibilityRequest,
    GetConversationRequest, InboxChange, LinkConversationRequest, ListConversationsRequest,
    ListMessagesRequest, OpenConversationRequest, ResetCause, SendMessageRequest,
    WatchInboxRequest, WatchInboxResponse,
};
use api::crm::internal::v1::{CardChanged, CardKind};
use api::identity::v1 as id;
use auth::Role;
use prost::Message as _;
use testkit::wait_for;
use tonic::Streaming;
use types::{ContactId, DealId, GroupId, StageId, UserId};
use uuid::Uuid;

use crate::world::{World, refusal, with};

/// A contact and a deal with who is responsible, and a conversation that has them.
pub struct Case {
    pub contact: ContactId,
    pub deal: DealId,
    pub stage: StageId,
    pub conversation: String,
    version: i64,
}

pub fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

pub fn tell_contact(world: &World, contact: ContactId, owner: UserId, version: i64) {
    let card = CardChanged {
        account_id: bytes(world.account.uuid()),
        kind: CardKind::Contact.into(),
        card_id: bytes(contact.uuid()),
        version,
        name: "Анна".to_owned(),
        responsible_user_id: bytes(owner.uuid()),
        ..CardChanged::default()
    };
    world
        .crm
        .tell(world.account, "crm.contact.changed", card.encode_to_vec());
}

pub fn tell_deal(
    world: &World,
    case: &mut Case,
    owner: UserId,
    stage: StageId,
    followers: &[UserId],
) {
    case.version += 1;
    case.stage = stage;
    let card = CardChanged {
        account_id: bytes(world.account.uuid()),
        kind: CardKind::Deal.into(),
        card_id: bytes(case.deal.uuid()),
        version: case.version,
        name: "Окна".to_owned(),
        responsible_user_id: bytes(owner.uuid()),
        stage_id: bytes(stage.uuid()),
        follower_user_ids: followers.iter().map(|user| bytes(user.uuid())).collect(),
        ..CardChanged::default()
    };
    world
        .crm
        .tell(world.account, "crm.deal.changed", card.encode_to_vec());
}

/// A conversation with a contact and a deal, both of this employee.
pub async fn case(world: &World, connection: &Connection, chat: &str, owner: UserId) -> Case {
    let mut case = Case {
        contact: ContactId::generate(),
        deal: DealId::generate(),
        stage: StageId::generate(),
        conversation: world.conversation(connection, chat).await,
        version: 0,
    };
    tell_contact(world, case.contact, owner, 1);
    let stage = case.stage;
    tell_deal(world, &mut case, owner, stage, &[]);
    let linked = wait_for("the cards have arrived", async || {
        link(world, &world.admin, &case).await.ok()
    })
    .await;
    assert_eq!(
        (linked.title.as_str(), linked.visibility()),
        ("Окна", Seen::DealAndChat)
    );
    case
}

pub async fn link(world: &World, token: &str, case: &Case) -> Result<Conversation, tonic::Status> {
    let request = LinkConversationRequest {
        conversation_id: case.conversation.clone(),
        contact_id: case.contact.to_string(),
        card_id: case.deal.to_string(),
    };
    let reply = world
        .conversations()
        .link_conversation(with(token, request))
        .await?;
    Ok(reply.into_inner().conversation.expect("a conversation"))
}

fn cell(entity: id::RightEntity, action: id::RightAction, level: id::RightLevel) -> id::RightCell {
    id::RightCell {
        entity: entity.into(),
        action: action.into(),
        level: level.into(),
        ..id::RightCell::default()
    }
}

pub fn viewing(contacts: id::RightLevel, deals: id::RightLevel) -> id::Rights {
    use id::RightAction::View;
    id::Rights {
        cells: vec![
            cell(id::RightEntity::Contacts, View, contacts),
            cell(id::RightEntity::Deals, View, deals),
        ],
        ..id::Rights::default()
    }
}

/// What somebody sees of a conversation; `None` while list, get and messages do not agree, because rights are changing.
async fn seen(world: &World, token: &str, conversation: &str) -> Option<Seen> {
    let request = GetConversationRequest {
        conversation_id: conversation.to_owned(),
    };
    let got = world
        .conversations()
        .get_conversation(with(token, request))
        .await;
    let alone = match got {
        Ok(reply) => reply.into_inner().conversation.expect("it").visibility(),
        Err(_) => Seen::Unspecified,
    };
    let page = world
        .inbox()
        .list_conversations(with(token, ListConversationsRequest::default()))
        .await
        .expect("a page")
        .into_inner();
    let listed = page.conversations.iter().find(|it| it.id == conversation);
    let listed = listed.map_or(Seen::Unspecified, Conversation::visibility);
    let request = ListMessagesRequest {
        conversation_id: conversation.to_owned(),
        ..ListMessagesRequest::default()
    };
    let messages = world
        .conversations()
        .list_messages(with(token, request))
        .await;
    let readable = matches!(alone, Seen::DealAndChat | Seen::ContactAndChat);
    (listed == alone && messages.is_ok() == readable).then_some(alone)
}

/// Waits until somebody sees this much of a conversation, over every way to read.
pub async fn sees(world: &World, token: &str, conversation: &str, expected: Seen) {
    wait_for("it is seen so over every way to read", async || {
        (seen(world, token, conversation).await == Some(expected)).then_some(())
    })
    .await;
}

pub async fn watch(world: &World, token: &str) -> Streaming<WatchInboxResponse> {
    let mut stream = world
        .inbox()
        .watch_inbox(with(token, WatchInboxRequest::default()))
        .await
        .expect("a stream")
        .into_inner();
    stream.message().await.expect("a step").expect("it greets");
    stream
}

pub async fn change(stream: &mut Streaming<WatchInboxResponse>) -> InboxChange {
    loop {
        let step = stream.message().await.expect("a step").expect("it goes on");
        if let Some(Event::Change(change)) = step.event {
            return change;
        }
    }
}

#[tokio::test]
async fn every_way_to_read_follows_the_matrix() {
    use id::RightLevel::{Allowed, Forbidden, Group, Own};
    let world = World::start().await;
    let connection = world.connection().await;
    let group = GroupId::generate();
    let (token, boris) = world.member(world.account, Role::Manager, Some(group));
    let (_, colleague) = world.member(world.account, Role::Manager, Some(group));
    let (_, stranger) = world.member(world.account, Role::Manager, None);
    let mut cases = Vec::new();
    for (chat, owner) in [("own", boris), ("group", colleague), ("other", stranger)] {
        cases.push(case(&world, &connection, chat, owner).await);
    }
    let table = [
        ((Forbidden, Allowed), [Seen::Unspecified; 3]),
        (
            (Own, Allowed),
            [Seen::DealAndChat, Seen::Unspecified, Seen::Unspecified],
        ),
        (
            (Group, Own),
            [Seen::DealAndChat, Seen::ContactAndChat, Seen::Unspecified],
        ),
        (
            (Allowed, Group),
            [Seen::DealAndChat, Seen::DealAndChat, Seen::ContactAndChat],
        ),
        ((Allowed, Forbidden), [Seen::ContactOnly; 3]),
    ];
    for ((contacts, deals), expected) in table {
        world.set_rights(boris, viewing(contacts, deals));
        for (case, expected) in cases.iter().zip(expected) {
            sees(&world, &token, &case.conversation, expected).await;
        }
    }
}

#[tokio::test]
async fn a_deal_that_moves_to_a_forbidden_stage_takes_its_chat_away_live() {
    use id::RightLevel::Allowed;
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let mut case = case(&world, &connection, "anna", boris).await;
    let forbidden = StageId::generate();
    let rights = id::Rights {
        stages: vec![id::StageRule {
            stage_id: forbidden.to_string(),
            action: id::RightAction::View.into(),
            right: id::StageRight::Forbidden.into(),
            ..id::StageRule::default()
        }],
        ..viewing(Allowed, Allowed)
    };
    world.set_rights(boris, rights);
    sees(&world, &token, &case.conversation, Seen::DealAndChat).await;
    let mut stream = watch(&world, &token).await;
    tell_deal(&world, &mut case, boris, forbidden, &[]);
    let told = change(&mut stream).await;
    let conversation = told.conversation.clone().expect("the conversation");
    assert_eq!(told.kind(), ChangeKind::CardChanged);
    assert_eq!(
        (conversation.visibility(), conversation.title.as_str()),
        (Seen::ContactOnly, "Анна")
    );
    assert_eq!(
        (conversation.last_message, conversation.card_id.as_str()),
        (None, "")
    );
    sees(&world, &token, &case.conversation, Seen::ContactOnly).await;
    let write = SendMessageRequest {
        conversation_id: case.conversation.clone(),
        text: "hello".to_owned(),
        request_id: String::new(),
        ..SendMessageRequest::default()
    };
    let refused = world
        .conversations()
        .send_message(with(&token, write))
        .await;
    assert!(refusal(refused).contains("PERMISSION_MISSING"));
}

#[tokio::test]
async fn a_conversation_that_is_hidden_now_is_told_by_its_id_alone() {
    use id::RightLevel::{Allowed, Own};
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let (_, other) = world.member(world.account, Role::Manager, None);
    let case = case(&world, &connection, "anna", boris).await;
    world.set_rights(boris, viewing(Own, Allowed));
    sees(&world, &token, &case.conversation, Seen::DealAndChat).await;
    let mut stream = watch(&world, &token).await;
    tell_contact(&world, case.contact, other, 2);
    let told = change(&mut stream).await;
    assert_eq!(told.kind(), ChangeKind::Hidden);
    let alone = Conversation {
        id: case.conversation.clone(),
        ..Conversation::default()
    };
    assert_eq!(told.conversation, Some(alone));
    sees(&world, &token, &case.conversation, Seen::Unspecified).await;
    // What goes on in it is no longer told.
    world
        .publish(vec![world.message(&connection, "anna", "secret")])
        .await
        .expect("published");
    tell_contact(&world, case.contact, boris, 3);
    let told = change(&mut stream).await;
    assert_eq!(told.kind(), ChangeKind::CardChanged);
}

#[tokio::test]
async fn changed_rights_reset_open_streams() {
    use id::RightLevel::{Allowed, Forbidden};
    let world = World::start().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    world.set_rights(boris, viewing(Allowed, Allowed));
    let mut stream = watch(&world, &token).await;
    world.set_rights(boris, viewing(Forbidden, Allowed));
    let cause = loop {
        let step = stream.message().await.expect("a step").expect("a reset");
        if let Some(Event::Reset(reset)) = step.event {
            break reset.cause();
        }
    };
    assert_eq!(cause, ResetCause::RightsChanged);
    assert_eq!(stream.message().await.expect("the end"), None);
}

#[tokio::test]
async fn only_who_may_edit_the_cards_links_them() {
    use id::RightLevel::Allowed;
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let case = case(&world, &connection, "anna", boris).await;
    world.set_rights(boris, viewing(Allowed, Allowed));
    sees(&world, &token, &case.conversation, Seen::DealAndChat).await;
    let refused = refusal(link(&world, &token, &case).await);
    assert!(refused.contains("PERMISSION_MISSING"), "{refused}");
    let unknown = Case {
        contact: ContactId::generate(),
        ..case
    };
    let refused = refusal(link(&world, &world.admin, &unknown).await);
    assert!(refused.contains("CONTACT_NOT_FOUND"), "{refused}");
}

#[tokio::test]
async fn a_new_conversation_of_a_chat_has_its_contact() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (_, boris) = world.member(world.account, Role::Manager, None);
    let case = case(&world, &connection, "anna", boris).await;
    let close = api::conversations::v1::CloseConversationRequest {
        conversation_id: case.conversation.clone(),
        ..Default::default()
    };
    world
        .conversations()
        .close_conversation(with(&world.admin, close))
        .await
        .expect("closed");
    let next = world.conversation(&connection, "anna").await;
    let request = GetConversationRequest {
        conversation_id: next,
    };
    let next = world
        .conversations()
        .get_conversation(with(&world.admin, request))
        .await
        .expect("there")
        .into_inner()
        .conversation
        .expect("it");
    assert_eq!(
        (next.title.as_str(), next.contact_id, next.card_id.as_str()),
        ("Анна", case.contact.to_string(), "")
    );
}

#[tokio::test]
async fn the_deciding_rule_is_explained() {
    use id::RightLevel::{Allowed, Own};
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let (_, other) = world.member(world.account, Role::Manager, None);
    let case = case(&world, &connection, "anna", other).await;
    world.set_rights(boris, viewing(Own, Allowed));
    let ask = |token: &str| {
        let request = ExplainVisibilityRequest {
            conversation_id: case.conversation.clone(),
            user_id: boris.to_string(),
        };
        let request = with(token, request);
        let mut conversations = world.conversations();
        async move { conversations.explain_visibility(request).await }
    };
    let explained = wait_for("the rights have arrived", async || {
        let explained = ask(&world.admin).await.expect("explained").into_inner();
        (explained.source == "user").then_some(explained)
    })
    .await;
    assert_eq!(
        (explained.visibility(), explained.rule.as_str()),
        (Seen::Unspecified, "IDN-22")
    );
    assert!(!explained.rule_text.is_empty());
    // To the employee it does not exist.
    let refused = refusal(ask(&token).await);
    assert!(refused.contains("CONVERSATION_NOT_FOUND"), "{refused}");
}

/// A manager who may view every contact and deal.
pub async fn seer(world: &World) -> String {
    let (token, user) = world.member(world.account, Role::Manager, None);
    world.set_rights(
        user,
        viewing(id::RightLevel::Allowed, id::RightLevel::Allowed),
    );
    token
}

#[tokio::test]
async fn an_opened_conversation_has_its_messages_and_says_that_crm_is_silent() {
    use id::RightLevel::{Allowed, Forbidden, Own};
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let case = case(&world, &connection, "anna", boris).await;
    let open = async |token: &str| {
        let request = OpenConversationRequest {
            conversation_id: case.conversation.clone(),
            page_size: 0,
        };
        let opened = world.inbox().open_conversation(with(token, request)).await;
        opened.map(tonic::Response::into_inner)
    };
    world.set_rights(boris, viewing(Own, Allowed));
    sees(&world, &token, &case.conversation, Seen::DealAndChat).await;
    let opened = open(&token).await.expect("opened");
    let conversation = opened.conversation.expect("it");
    assert_eq!(
        (conversation.title.as_str(), opened.messages.len()),
        ("Окна", 1)
    );
    assert!(
        opened.cards_unavailable,
        "here is no crm that tells of cards"
    );
    assert!(opened.card.is_none() && opened.contact.is_none());

    world.set_rights(boris, viewing(Own, Forbidden));
    sees(&world, &token, &case.conversation, Seen::ContactOnly).await;
    let opened = open(&token).await.expect("opened");
    assert_eq!(opened.messages, []);
    world.set_rights(boris, viewing(Forbidden, Allowed));
    sees(&world, &token, &case.conversation, Seen::Unspecified).await;
    assert!(refusal(open(&token).await).contains("CONVERSATION_NOT_FOUND"));
}
