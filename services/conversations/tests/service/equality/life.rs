//! Random people, rights and cards of one account, told by events as identity and crm tell them, and the model of what they mean.

use std::collections::BTreeMap;

use access::{AccountRights, CardFacts, Visibility};
use api::conversations::v1::LinkConversationRequest;
use api::crm::internal::v1::{CardChanged, CardKind};
use api::identity::v1 as id;
use auth::Role;
use prost::Message as _;
use testkit::{Seed, wait_for};
use types::{ContactId, DealId, GroupId, PipelineId, StageId, UserId};
use uuid::Uuid;

use super::Extent;
use crate::filters::saved::tell_pipeline;
use crate::world::{World, with};

/// What every client is called.
pub const CLIENT: &str = "Клиент";

/// Somebody who looks.
pub struct Person {
    pub token: String,
    pub user: UserId,
    pub group: Option<GroupId>,
    pub is_administrator: bool,
}

/// A contact or deal as it was last told.
#[derive(Clone, Default)]
struct Card {
    owner: Option<UserId>,
    stage: Option<StageId>,
    followers: Vec<UserId>,
    deleted: bool,
    version: i64,
}

/// What belongs to a conversation.
#[derive(Clone, Copy, Default)]
struct Link {
    contact: Option<usize>,
    deal: Option<usize>,
}

/// The account as everybody was told of it.
pub struct Account {
    pub people: Vec<Person>,
    pub conversations: Vec<String>,
    pub rights: AccountRights,
    groups: Vec<GroupId>,
    stages: Vec<StageId>,
    contacts: Vec<(ContactId, Card)>,
    deals: Vec<(DealId, Card)>,
    links: Vec<Link>,
}

impl Account {
    /// Two departments, somebody without one, an administrator, and conversations without cards.
    pub async fn people(world: &World, seed: &Seed, extent: &Extent) -> Self {
        let groups = vec![GroupId::generate(), GroupId::generate()];
        let mut people = Vec::new();
        for group in [
            Some(groups[0]),
            Some(groups[0]),
            Some(groups[1]),
            Some(groups[1]),
            None,
        ] {
            let (token, user) = world.member(world.account, Role::Manager, group);
            people.push(Person {
                token,
                user,
                group,
                is_administrator: false,
            });
        }
        let (token, user) = world.member(world.account, Role::Administrator, None);
        people.push(Person {
            token,
            user,
            group: None,
            is_administrator: true,
        });
        let connection = world.connection().await;
        let mut conversations = Vec::new();
        for chat in 0..extent.conversations {
            let event = world.message_named(&connection.id, &format!("chat {chat}"), CLIENT);
            let results = world.publish(vec![event]).await.expect("published");
            conversations.push(results[0].conversation_id.clone());
        }
        let mut account = Self {
            people,
            links: vec![Link::default(); conversations.len()],
            conversations,
            rights: AccountRights::default(),
            groups,
            stages: (0..3).map(|_| StageId::generate()).collect(),
            contacts: (0..extent.cards)
                .map(|_| (ContactId::generate(), Card::default()))
                .collect(),
            deals: (0..extent.cards)
                .map(|_| (DealId::generate(), Card::default()))
                .collect(),
        };
        // A preview takes known stages only; they arrive before the cards do.
        tell_pipeline(world, PipelineId::generate(), &account.stages, false);
        account.tell_cards(world, seed, extent.cards).await;
        account
    }

    fn somebody(&self, seed: &Seed) -> UserId {
        self.people[seed.below(self.people.len())].user
    }

    /// Sets random rights for the role, the departments and people; returns when the service has them.
    pub async fn change_rights(&mut self, world: &World, seed: &Seed) {
        let all = self.random_rights(seed);
        let state = world.set_all_rights(all);
        let (_, rights) = auth::rights::read_account(&state).expect("a snapshot");
        self.rights = rights;
        let epoch = self.rights.epoch;
        let mut owner = world.db.owner().await;
        wait_for("the rights have arrived", async || {
            let known: Option<i64> = sqlx::query_scalar(
                "SELECT epoch FROM conversations.account_rights WHERE account_id = $1",
            )
            .bind(world.account.uuid())
            .fetch_optional(&mut owner)
            .await
            .expect("read");
            (known == Some(epoch)).then_some(())
        })
        .await;
    }

    /// Rights for a random few.
    fn random_rights(&self, seed: &Seed) -> Vec<id::Rights> {
        use id::rights_subject::Subject;
        let mut subjects = vec![Subject::Role(id::Role::Manager.into())];
        subjects.extend(
            self.groups
                .iter()
                .map(|group| Subject::GroupId(group.to_string())),
        );
        subjects.extend(
            self.people
                .iter()
                .map(|person| Subject::UserId(person.user.to_string())),
        );
        seed.shuffle(&mut subjects);
        subjects.truncate(1 + seed.below(subjects.len()));
        subjects
            .into_iter()
            .map(|subject| self.random_rules(seed, subject))
            .collect()
    }

    /// Random rights for one.
    pub fn random_rules(&self, seed: &Seed, subject: id::rights_subject::Subject) -> id::Rights {
        let mut rights = id::Rights {
            subject: Some(id::RightsSubject {
                subject: Some(subject),
            }),
            ..id::Rights::default()
        };
        for entity in [id::RightEntity::Contacts, id::RightEntity::Deals] {
            // Often green: what is hidden by the contact says nothing about deals.
            let level = [4, 4, 3, 2, 1, 0][seed.below(6)];
            rights.cells.push(id::RightCell {
                entity: entity.into(),
                action: id::RightAction::View.into(),
                level,
                ..id::RightCell::default()
            });
        }
        for stage in &self.stages {
            if seed.one_in(2) {
                rights.stages.push(id::StageRule {
                    stage_id: stage.to_string(),
                    action: id::RightAction::View.into(),
                    right: 1 + i32::from(seed.one_in(2)),
                    ..id::StageRule::default()
                });
            }
        }
        rights
    }

    /// A third of the cards changes.
    pub async fn change_cards(&mut self, world: &World, seed: &Seed) {
        self.tell_cards(world, seed, self.deals.len() / 3).await;
    }

    async fn tell_cards(&mut self, world: &World, seed: &Seed, count: usize) {
        let mut last = (Uuid::nil(), 0);
        for place in places(seed, self.deals.len(), count) {
            let owner = Some(self.somebody(seed));
            let (id, card) = &mut self.contacts[place];
            card.owner = owner;
            card.deleted = seed.one_in(8);
            card.version += 1;
            tell(world, CardKind::Contact, id.uuid(), card);
        }
        for place in places(seed, self.deals.len(), count) {
            let (owner, follower) = (self.somebody(seed), self.somebody(seed));
            let stage = self.stages[seed.below(self.stages.len())];
            let (id, card) = &mut self.deals[place];
            *card = Card {
                owner: Some(owner),
                stage: Some(stage),
                followers: seed.one_in(3).then_some(follower).into_iter().collect(),
                deleted: seed.one_in(8),
                version: card.version + 1,
            };
            tell(world, CardKind::Deal, id.uuid(), card);
            last = (id.uuid(), card.version);
        }
        let mut owner = world.db.owner().await;
        wait_for("the cards have arrived", async || {
            let known: Option<i64> = sqlx::query_scalar(
                "SELECT version FROM conversations.cards WHERE account_id = $1 AND id = $2",
            )
            .bind(world.account.uuid())
            .bind(last.0)
            .fetch_optional(&mut owner)
            .await
            .expect("read");
            (known == Some(last.1)).then_some(())
        })
        .await;
    }

    /// Gives some conversations other cards, and some none.
    pub async fn link_some(&mut self, world: &World, seed: &Seed) {
        for place in 0..self.conversations.len() {
            let link = Link {
                contact: some_alive(seed, &self.contacts),
                deal: some_alive(seed, &self.deals),
            };
            if !seed.one_in(3) {
                continue;
            }
            let contact = link.contact.map(|at| self.contacts[at].0.to_string());
            let deal = link.deal.map(|at| self.deals[at].0.to_string());
            let request = LinkConversationRequest {
                conversation_id: self.conversations[place].clone(),
                contact_id: contact.unwrap_or_default(),
                card_id: deal.unwrap_or_default(),
            };
            world
                .conversations()
                .link_conversation(with(&world.admin, request))
                .await
                .expect("linked");
            self.links[place] = link;
        }
    }

    /// What a conversation's cards are to the evaluator, seen by somebody.
    pub fn facts(&self, place: usize, viewer: UserId) -> CardFacts {
        let link = self.links[place];
        let group = |user: Option<UserId>| {
            let person = self.people.iter().find(|person| Some(person.user) == user);
            person.and_then(|person| person.group)
        };
        let contact = link.contact.map(|at| &self.contacts[at].1);
        let contact_owner = contact
            .filter(|card| !card.deleted)
            .and_then(|card| card.owner);
        let deal = link.deal.map(|at| &self.deals[at].1);
        CardFacts {
            contact_owner,
            contact_owner_group: group(contact_owner),
            card: deal.filter(|card| !card.deleted).map(|card| access::Card {
                owner: card.owner,
                owner_group: group(card.owner),
                stage: card.stage,
                subscribed: card.followers.contains(&viewer),
            }),
        }
    }

    /// The contact of a conversation, where it is there.
    pub fn contact_of(&self, place: usize) -> Option<String> {
        let (id, card) = &self.contacts[self.links[place].contact?];
        (!card.deleted).then(|| id.to_string())
    }

    /// The evaluator's answers for somebody, by conversation.
    pub fn seen_by(&self, person: &Person) -> BTreeMap<String, Visibility> {
        self.seen_under(&self.rights, person.user)
    }

    /// The same under other rights.
    pub fn seen_under(&self, rights: &AccountRights, user: UserId) -> BTreeMap<String, Visibility> {
        let rights = rights.rights_of(user).expect("an active member");
        let all = self.conversations.iter().enumerate();
        all.map(|(place, id)| (id.clone(), rights.sees(&self.facts(place, user))))
            .collect()
    }
}

fn places(seed: &Seed, of: usize, count: usize) -> Vec<usize> {
    let mut places: Vec<_> = (0..of).collect();
    seed.shuffle(&mut places);
    places.truncate(count);
    places
}

fn some_alive<T>(seed: &Seed, cards: &[(T, Card)]) -> Option<usize> {
    let at = seed.below(cards.len());
    (!seed.one_in(6) && !cards[at].1.deleted).then_some(at)
}

fn tell(world: &World, kind: CardKind, id: Uuid, card: &Card) {
    let bytes = |id: Option<Uuid>| id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let event = CardChanged {
        account_id: bytes(Some(world.account.uuid())),
        kind: kind.into(),
        card_id: bytes(Some(id)),
        version: card.version,
        name: "Окна".to_owned(),
        responsible_user_id: bytes(card.owner.map(UserId::uuid)),
        stage_id: bytes(card.stage.map(StageId::uuid)),
        follower_user_ids: card
            .followers
            .iter()
            .map(|user| bytes(Some(user.uuid())))
            .collect(),
        deleted: card.deleted,
        ..CardChanged::default()
    };
    let kind = match kind {
        CardKind::Contact => "crm.contact.changed",
        _ => "crm.deal.changed",
    };
    world.crm.tell(world.account, kind, event.encode_to_vec());
}
