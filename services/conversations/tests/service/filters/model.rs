//! The list against a naive reading of the tree, for users of different rights, on random trees.

use api::conversations::v1::filter_node::Node;
use api::conversations::v1::{
    ConversationAnswer, ConversationLife, FilterNode, LinkConversationRequest,
    ListConversationsRequest,
};
use api::crm::internal::v1::{CardChanged, CardKind, PipelineChanged, PipelineStage, TagChanged};
use api::identity::v1 as id;
use auth::Role;
use prost::Message as _;
use testkit::wait_for;
use types::{ContactId, DealId, GroupId, PipelineId, StageId, TagId, UserId};
use uuid::Uuid;

use super::{all, any, close, favourite, filtered, node, send, values, walk};
use crate::world::{World, with};

const CONVERSATIONS: usize = 18;
const TREES: usize = 60;

/// What a conversation has.
#[derive(Debug, Clone)]
struct Facts {
    id: String,
    connection: String,
    contact_owner: usize,
    /// Owner, stage and pipeline of the deal.
    deal: Option<(usize, usize)>,
    contact_tag: bool,
    deal_tag: bool,
    open: bool,
    required: bool,
    favourite: bool,
    /// Did Anna write?
    handled: bool,
    title: String,
    link: LinkConversationRequest,
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Eyes {
    Everything,
    NoDeals,
    /// Only the contacts of the first employee.
    Own,
}

struct Names {
    connections: Vec<String>,
    users: Vec<UserId>,
    groups: Vec<GroupId>,
    stages: Vec<StageId>,
    pipeline: PipelineId,
    tags: Vec<TagId>,
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn tree(dice: &mut Dice, names: &Names, depth: usize) -> FilterNode {
    if depth > 0 && dice.roll(3) > 0 {
        let nodes = (0..1 + dice.roll(3))
            .map(|_| tree(dice, names, depth - 1))
            .collect();
        return if dice.roll(2) == 0 {
            all(nodes)
        } else {
            any(nodes)
        };
    }
    let pick = |dice: &mut Dice, all: &[String]| -> Vec<String> {
        let first = dice.roll(all.len());
        let second = dice.roll(all.len());
        [first, second].map(|place| all[place].clone()).to_vec()
    };
    let text = |ids: &[String]| ids.to_vec();
    let users: Vec<String> = names.users.iter().map(ToString::to_string).collect();
    node(match dice.roll(12) {
        0 => Node::Life(1 + dice.roll(2) as i32),
        1 => Node::Answer(1 + dice.roll(2) as i32),
        2 => Node::Favourite(dice.roll(2) == 0),
        3 => Node::ConnectionIds(values(pick(dice, &names.connections))),
        4 => Node::ResponsibleUserIds(values(pick(dice, &text(&users)))),
        5 => Node::GroupIds(values([names.groups[dice.roll(names.groups.len())]])),
        6 => Node::StageIds(values([names.stages[dice.roll(names.stages.len())]])),
        7 => Node::TagIds(values([names.tags[dice.roll(names.tags.len())]])),
        8 => Node::PipelineIds(values([names.pipeline])),
        9 => Node::HandledByUserIds(values(pick(dice, &text(&users)))),
        10 => Node::Text(["deal", "contact 1", "client 7", "0"][dice.roll(4)].to_owned()),
        _ => Node::Channels(values(["test"])),
    })
}

fn holds(tree: &FilterNode, facts: &Facts, eyes: Eyes, names: &Names) -> bool {
    let deal = facts.deal.filter(|_| eyes != Eyes::NoDeals);
    let responsible = deal.map_or(facts.contact_owner, |(owner, _)| owner);
    let among = |ids: &[String], id: &str| ids.iter().any(|other| other == id);
    match tree.node.as_ref().expect("a node") {
        Node::All(of) => of.nodes.iter().all(|node| holds(node, facts, eyes, names)),
        Node::Any(of) => of.nodes.iter().any(|node| holds(node, facts, eyes, names)),
        Node::Life(life) => (*life == i32::from(ConversationLife::Open)) == facts.open,
        Node::Answer(answer) => {
            (*answer == i32::from(ConversationAnswer::RequiresAnswer)) == facts.required
        }
        Node::Favourite(favourite) => *favourite == (facts.favourite && eyes == Eyes::Everything),
        Node::ConnectionIds(of) => among(&of.values, &facts.connection),
        Node::ResponsibleUserIds(of) => among(&of.values, &names.users[responsible].to_string()),
        Node::GroupIds(of) => among(&of.values, &names.groups[responsible].to_string()),
        Node::StageIds(of) => {
            deal.is_some_and(|(_, stage)| among(&of.values, &names.stages[stage].to_string()))
        }
        Node::PipelineIds(_) => deal.is_some(),
        Node::TagIds(of) => {
            facts.contact_tag && among(&of.values, &names.tags[0].to_string())
                || deal.is_some() && facts.deal_tag && among(&of.values, &names.tags[1].to_string())
        }
        Node::HandledByUserIds(of) => {
            // Who may see no deals sees no messages either, nor who wrote them.
            eyes != Eyes::NoDeals && facts.handled && among(&of.values, &names.users[1].to_string())
        }
        Node::Text(text) => {
            let place = facts.title.trim_start_matches("Client ");
            let mut said = vec![facts.title.to_lowercase(), format!("contact {place}")];
            said.extend(deal.map(|_| format!("deal {place}")));
            text.split(' ')
                .all(|word| said.iter().any(|name| name.contains(word)))
        }
        Node::Channels(_) => true,
        other => panic!("{other:?} is not in the model"),
    }
}

fn tell_card(world: &World, kind: CardKind, card: CardChanged) {
    let event = match kind {
        CardKind::Contact => "crm.contact.changed",
        _ => "crm.deal.changed",
    };
    let card = CardChanged {
        account_id: bytes(world.account.uuid()),
        kind: kind.into(),
        version: 1,
        ..card
    };
    world.crm.tell(world.account, event, card.encode_to_vec());
}

fn tell_names(world: &World, names: &Names) {
    let pipeline = PipelineChanged {
        account_id: bytes(world.account.uuid()),
        pipeline_id: bytes(names.pipeline.uuid()),
        stages: names
            .stages
            .iter()
            .map(|stage| PipelineStage {
                stage_id: bytes(stage.uuid()),
                ..PipelineStage::default()
            })
            .collect(),
        ..PipelineChanged::default()
    };
    world.crm.tell(
        world.account,
        "crm.pipeline.changed",
        pipeline.encode_to_vec(),
    );
    for tag in &names.tags {
        let tag = TagChanged {
            account_id: bytes(world.account.uuid()),
            tag_id: bytes(tag.uuid()),
            ..TagChanged::default()
        };
        world
            .crm
            .tell(world.account, "crm.tag.changed", tag.encode_to_vec());
    }
}

/// A conversation, and its cards as crm tells them.
async fn conversation(world: &World, names: &Names, n: usize) -> Facts {
    let connection = &names.connections[n % 2];
    let channel = world.message_named(connection, &format!("chat {n}"), &format!("Client {n}"));
    let published = world.publish(vec![channel]).await.expect("published");
    let mut facts = Facts {
        id: published[0].conversation_id.clone(),
        connection: connection.clone(),
        contact_owner: n % 3,
        deal: (n % 4 != 3).then_some((n / 2 % 3, n % 3)),
        contact_tag: n.is_multiple_of(5),
        deal_tag: n.is_multiple_of(2),
        open: n % 6 != 5,
        required: true,
        favourite: n.is_multiple_of(7),
        handled: n.is_multiple_of(3) && n % 6 != 5,
        title: format!("Client {n}"),
        link: LinkConversationRequest::default(),
    };
    let (contact, deal) = (ContactId::generate(), DealId::generate());
    let tags = |tag: TagId, carried: bool| carried.then(|| bytes(tag.uuid())).into_iter().collect();
    tell_card(
        world,
        CardKind::Contact,
        CardChanged {
            card_id: bytes(contact.uuid()),
            name: format!("Contact {n}"),
            responsible_user_id: bytes(names.users[facts.contact_owner].uuid()),
            tag_ids: tags(names.tags[0], facts.contact_tag),
            ..CardChanged::default()
        },
    );
    if let Some((owner, stage)) = facts.deal {
        tell_card(
            world,
            CardKind::Deal,
            CardChanged {
                card_id: bytes(deal.uuid()),
                name: format!("Deal {n}"),
                responsible_user_id: bytes(names.users[owner].uuid()),
                pipeline_id: bytes(names.pipeline.uuid()),
                stage_id: bytes(names.stages[stage].uuid()),
                tag_ids: tags(names.tags[1], facts.deal_tag),
                ..CardChanged::default()
            },
        );
    }
    facts.link = LinkConversationRequest {
        conversation_id: facts.id.clone(),
        contact_id: contact.to_string(),
        card_id: facts.deal.map(|_| deal.to_string()).unwrap_or_default(),
    };
    facts
}

/// Links a conversation with its cards, and works in it.
async fn work(world: &World, anna: &str, facts: &mut Facts) {
    let link = &facts.link;
    wait_for("the cards have arrived", async || {
        let mut service = world.conversations();
        let linked = service.link_conversation(with(&world.admin, link.clone()));
        linked.await.ok()
    })
    .await;
    if facts.handled {
        send(world, anna, &facts.id).await;
        facts.required = false;
    }
    if !facts.open {
        close(world, &world.admin, &facts.id).await;
    }
    if facts.favourite {
        favourite(world, &world.admin, &facts.id)
            .await
            .expect("added");
    }
}

fn viewing(contacts: id::RightLevel, deals: id::RightLevel) -> id::Rights {
    let cell = |entity: id::RightEntity, level: id::RightLevel| id::RightCell {
        entity: entity.into(),
        action: id::RightAction::View.into(),
        level: level.into(),
        ..id::RightCell::default()
    };
    id::Rights {
        cells: vec![
            cell(id::RightEntity::Contacts, contacts),
            cell(id::RightEntity::Deals, deals),
        ],
        ..id::Rights::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_holds_exactly_what_the_tree_says_for_every_viewer() {
    use id::RightLevel::{Allowed, Forbidden, Own};
    let world = World::start().await;
    let groups: Vec<GroupId> = (0..3).map(|_| GroupId::generate()).collect();
    let (own, who_own) = world.member(world.account, Role::Manager, Some(groups[0]));
    let (anna, who_anna) = world.member(world.account, Role::Administrator, Some(groups[1]));
    let (_, who_boris) = world.member(world.account, Role::Manager, Some(groups[2]));
    let (no_deals, who_no_deals) = world.member(world.account, Role::Manager, None);
    world.set_rights(who_own, viewing(Own, Allowed));
    world.set_rights(who_no_deals, viewing(Allowed, Forbidden));
    let names = Names {
        connections: vec![world.connection().await.id, world.connection().await.id],
        users: vec![who_own, who_anna, who_boris],
        groups,
        stages: (0..3).map(|_| StageId::generate()).collect(),
        pipeline: PipelineId::generate(),
        tags: vec![TagId::generate(), TagId::generate()],
    };
    tell_names(&world, &names);
    let mut facts = Vec::new();
    for n in 0..CONVERSATIONS {
        facts.push(conversation(&world, &names, n).await);
    }
    for facts in &mut facts {
        work(&world, &anna, facts).await;
    }
    let mut dice = Dice(20_261_122);
    for _ in 0..TREES {
        let tree = tree(&mut dice, &names, 3);
        for (eyes, token) in [
            (Eyes::Everything, &world.admin),
            (Eyes::NoDeals, &no_deals),
            (Eyes::Own, &own),
        ] {
            let request = ListConversationsRequest {
                page_size: 3,
                order: 1 + dice.roll(2) as i32,
                ..filtered(tree.clone())
            };
            let (rows, _) = walk(&world, token, request).await.expect("listed");
            let mut listed: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
            let fits = facts.iter().filter(|facts| {
                (eyes != Eyes::Own || facts.contact_owner == 0) && holds(&tree, facts, eyes, &names)
            });
            let mut expected: Vec<String> = fits.map(|facts| facts.id.clone()).collect();
            listed.sort();
            expected.sort();
            assert_eq!(listed, expected, "{eyes:?}: {tree:#?}");
        }
    }
}
