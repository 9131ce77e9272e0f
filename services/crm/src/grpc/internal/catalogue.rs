//! GetRuleCatalogue: what settings of rules, and rights, can name.

use api::crm::internal::v1::{
    CardFields, CardKind, GetRuleCatalogueRequest, GetRuleCatalogueResponse, PipelineChanged,
    RuleEmployee, RuleField,
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
use crate::grpc::cards::standard_fields;
use crate::store::{fields, pipelines};

/// All kinds of cards.
const KINDS: [(Kind, CardKind); 4] = [
    (Kind::Contact, CardKind::Contact),
    (Kind::Company, CardKind::Company),
    (Kind::Deal, CardKind::Deal),
    (Kind::Customer, CardKind::Customer),
];

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
        card_fields: KINDS.map(|kind| card_fields(kind, &fields)).into(),
    })
}

/// What rights on fields of such cards can name.
fn card_fields((kind, told): (Kind, CardKind), own: &[Field]) -> CardFields {
    let standard = standard_fields(kind).iter().map(|&name| name.to_owned());
    let own = own.iter().filter(|field| field.kind == kind);
    CardFields {
        kind: told.into(),
        fields: standard
            .chain(own.map(|field| field.id.to_string()))
            .collect(),
    }
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
