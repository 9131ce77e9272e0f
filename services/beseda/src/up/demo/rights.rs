//! What the demo manager may do.

use api::crm::v1::{Pipeline, Stage};
use api::identity::v1::rights_service_client::RightsServiceClient;
use api::identity::v1::rights_subject::Subject;
use api::identity::v1::{
    RightAction, RightCell, RightEntity, RightLevel, Rights, RightsSubject, SetRightsRequest,
    StageRight, StageRule,
};
use tonic::transport::Channel;

use super::cards::HIDDEN;
use super::{said, with};

/// Lets a manager see every contact and work on every deal, except those in one stage.
pub async fn seed(
    identity: &Channel,
    token: &str,
    manager: String,
    pipeline: &Pipeline,
) -> anyhow::Result<()> {
    let cell = |(entity, action): (RightEntity, RightAction)| RightCell {
        entity: entity.into(),
        action: action.into(),
        level: RightLevel::Allowed.into(),
        ..RightCell::default()
    };
    let allowed = [
        (RightEntity::Contacts, RightAction::View),
        (RightEntity::Deals, RightAction::View),
        (RightEntity::Deals, RightAction::Edit),
    ];
    let hidden = pipeline.stages.iter().find(|stage| stage.name == HIDDEN);
    let rule = |stage: &Stage| StageRule {
        stage_id: stage.id.clone(),
        action: RightAction::View.into(),
        right: StageRight::Forbidden.into(),
        ..StageRule::default()
    };
    let rights = Rights {
        subject: Some(RightsSubject {
            subject: Some(Subject::UserId(manager)),
        }),
        cells: allowed.map(cell).to_vec(),
        stages: hidden.map(rule).into_iter().collect(),
        ..Rights::default()
    };
    let request = SetRightsRequest {
        rights: Some(rights),
    };
    RightsServiceClient::new(identity.clone())
        .set_rights(with(token, request))
        .await
        .map_err(said)?;
    Ok(())
}
