//! GetRuleCatalogue: what settings of rules can name.

use api::crm::internal::v1::{
    CardKind, GetRuleCatalogueRequest, GetRuleCatalogueResponse, PipelineChanged, RuleEmployee,
    RuleField,
};
use pg::Tx;
use tonic::Request;

use super::scope;
use crate::Error;
use crate::changes::events::pipeline_news;
use crate::core::{By, Core};
use crate::domain::field::{Field, Type};
use crate::domain::ids::Kind;
use crate::domain::pipeline::Pipeline;
use crate::domain::timeline::Author;
use crate::store::{fields, pipelines};

pub(super) async fn get(
    core: &Core,
    request: &Request<GetRuleCatalogueRequest>,
) -> Result<GetRuleCatalogueResponse, Error> {
    let scope = scope(request, |request| &request.account_id)?;
    core.serve(scope, Author::default(), move |tx, by| {
        Box::pin(async move { catalogue(tx, &by).await })
    })
    .await
}

async fn catalogue(tx: &mut Tx, by: &By) -> Result<GetRuleCatalogueResponse, Error> {
    let pipelines = pipelines::all(tx, by.account).await?;
    let fields = fields::all(tx, by.account, None).await?;
    let known = by.viewer.account.as_ref().ok_or(Error::RightsUnknown)?;
    let employees = known.members.iter();
    Ok(GetRuleCatalogueResponse {
        pipelines: pipelines.iter().map(|it| for_deals(by, it)).collect(),
        fields: fields.iter().filter_map(field).collect(),
        employees: employees
            .map(|(user, member)| RuleEmployee {
                user_id: user.uuid().as_bytes().to_vec(),
                name: member.name.clone(),
                active: member.active,
            })
            .collect(),
    })
}

fn for_deals(by: &By, pipeline: &Pipeline) -> PipelineChanged {
    pipeline_news(by.account, pipeline, false)
}

/// A field of contacts or deals.
fn field(field: &Field) -> Option<RuleField> {
    let kind = match field.kind {
        Kind::Contact => CardKind::Contact,
        Kind::Deal => CardKind::Deal,
        Kind::Company | Kind::Customer => return None,
    };
    Some(RuleField {
        field_id: field.id.uuid().as_bytes().to_vec(),
        name: field.name.clone(),
        kind: kind.into(),
        text: field.type_ == Type::Text,
    })
}
