//! Who works in the largest account: departments, employees and rights, made through identity as an administrator makes them.

use anyhow::{Context, Result};
use api::identity::v1::group_service_client::GroupServiceClient;
use api::identity::v1::rights_service_client::RightsServiceClient;
use api::identity::v1::user_service_client::UserServiceClient;
use api::identity::v1::{
    CreateGroupRequest, CreateUserRequest, Group, RightAction, RightCell, RightEntity, RightLevel,
    Rights, RightsSubject, Role, SetRightsRequest, StageRight, StageRule, User, rights_subject,
};
use serde::{Deserialize, Serialize};
use tonic::metadata::{Ascii, MetadataValue};
use types::{GroupId, StageId, UserId};

use crate::stand::{EMAIL, PASSWORD, Stand, with};

/// Departments.
const GROUPS: usize = 4;
/// Employees besides the administrator.
const EMPLOYEES: usize = 40;

/// Which part of the account somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Everything, as the administrator.
    Administrator,
    /// Everything, by a right on all contacts and deals.
    All,
    /// All contacts, with special rights on stages: some are forbidden, one is allowed.
    Stages,
    /// The contacts of the own department: about a quarter of the account.
    Group,
    /// The own contacts: about one in 40.
    Own,
    /// The own contacts, of which there are few: about one in 2,000.
    Rare,
    /// Nobody who is to be measured.
    Colleague,
}

/// An employee.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// Their department; the administrator has none.
    pub group: Option<GroupId>,
    /// E-mail of the log-in; the password is [`PASSWORD`].
    pub email: String,
    /// What they see.
    pub scope: Scope,
}

const SCOPES: [Scope; 5] = [
    Scope::All,
    Scope::Stages,
    Scope::Group,
    Scope::Own,
    Scope::Rare,
];

/// Makes everybody; the administrator is the first.
pub async fn make(stand: &Stand, stages: &[StageId]) -> Result<Vec<Person>> {
    let authorization = stand.authorization(EMAIL).await?;
    let mut groups = Vec::new();
    for number in 1..=GROUPS {
        groups.push(group(stand, &authorization, number).await?);
    }
    let mut people = vec![Person {
        user: stand.administrator,
        group: None,
        email: EMAIL.to_owned(),
        scope: Scope::Administrator,
    }];
    for number in 0..EMPLOYEES {
        let group = groups[number % GROUPS];
        let scope = SCOPES.get(number).copied().unwrap_or(Scope::Colleague);
        let email = format!("employee-{number}@bench.example.com");
        let user = user(stand, &authorization, &email, group).await?;
        if scope != Scope::Colleague {
            set_rights(stand, &authorization, user, scope, stages).await?;
        }
        people.push(Person {
            user,
            group: Some(group),
            email,
            scope,
        });
    }
    Ok(people)
}

async fn group(
    stand: &Stand,
    authorization: &MetadataValue<Ascii>,
    number: usize,
) -> Result<GroupId> {
    let request = CreateGroupRequest {
        group: Some(Group {
            name: format!("Department {number}"),
            ..Group::default()
        }),
        request_id: String::new(),
    };
    let mut groups = GroupServiceClient::new(stand.channel("identity")?);
    let reply = groups.create_group(with(authorization, request)).await?;
    let group = reply.into_inner().group.context("no group")?;
    Ok(group.id.parse()?)
}

async fn user(
    stand: &Stand,
    authorization: &MetadataValue<Ascii>,
    email: &str,
    group: GroupId,
) -> Result<UserId> {
    let request = CreateUserRequest {
        user: Some(User {
            email: email.to_owned(),
            name: email.to_owned(),
            role: Role::Manager.into(),
            group_id: group.to_string(),
            active: true,
            ..User::default()
        }),
        password: PASSWORD.to_owned(),
        request_id: String::new(),
    };
    let mut users = UserServiceClient::new(stand.channel("identity")?);
    let reply = users.create_user(with(authorization, request)).await?;
    Ok(reply.into_inner().user.context("no user")?.id.parse()?)
}

/// Sets what somebody of this scope may see.
pub async fn set_rights(
    stand: &Stand,
    authorization: &MetadataValue<Ascii>,
    user: UserId,
    scope: Scope,
    stages: &[StageId],
) -> Result<()> {
    let contacts = match scope {
        Scope::Group => RightLevel::Group,
        Scope::Own | Scope::Rare => RightLevel::Own,
        Scope::Administrator | Scope::All | Scope::Stages | Scope::Colleague => RightLevel::Allowed,
    };
    let cell = |entity: RightEntity, level: RightLevel| RightCell {
        entity: entity.into(),
        action: RightAction::View.into(),
        level: level.into(),
        ..RightCell::default()
    };
    let rule = |(number, stage): (usize, &StageId)| StageRule {
        stage_id: stage.to_string(),
        action: RightAction::View.into(),
        right: if number == 0 {
            StageRight::Allowed
        } else {
            StageRight::Forbidden
        }
        .into(),
        ..StageRule::default()
    };
    let special = if scope == Scope::Stages { 4 } else { 0 };
    let request = SetRightsRequest {
        rights: Some(Rights {
            subject: Some(RightsSubject {
                subject: Some(rights_subject::Subject::UserId(user.to_string())),
            }),
            cells: vec![
                cell(RightEntity::Contacts, contacts),
                cell(RightEntity::Deals, RightLevel::Allowed),
            ],
            stages: stages.iter().take(special).enumerate().map(rule).collect(),
            ..Rights::default()
        }),
    };
    let mut rights = RightsServiceClient::new(stand.channel("identity")?);
    rights.set_rights(with(authorization, request)).await?;
    Ok(())
}
