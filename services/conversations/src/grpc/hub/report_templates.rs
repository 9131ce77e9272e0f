//! ReportTemplates.

use std::collections::HashSet;

use api::connector::v1::{ReportTemplatesRequest, ReportTemplatesResponse};
use api::conversations::v1 as proto;
use auth::Caller;
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::ConnectionId;

use super::Hub;
use crate::changes::writability_changed;
use crate::domain::template::{Category, Template};
use crate::store::{connections, templates};

/// Templates of a connection at most.
const MOST: usize = 1_000;

/// Parameters of a template at most.
const PARAMETERS: usize = 100;

pub(super) async fn report(
    hub: &Hub,
    request: Request<ReportTemplatesRequest>,
) -> Result<ReportTemplatesResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let ReportTemplatesRequest {
        connector_key,
        connection_id,
        templates: told,
    } = request.into_inner();
    let connector = caller.connector(&connector_key)?;
    if told.len() > MOST {
        return Err(Refusal::too_large(MOST));
    }
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("connection_id", &connection_id);
    let told: Vec<Template> = told.iter().map(|it| check(&mut fields, it)).collect();
    let mut seen = HashSet::new();
    if !told.iter().all(|it| seen.insert((&it.key, &it.language))) {
        fields.reject("templates", "must each have another key or language");
    }
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&connection_id))?;
    let (_, scope) = hub.connection(&connector, id).await?;
    let stored = hub.db.tx(scope, move |tx| {
        Box::pin(async move {
            connections::lock(tx, scope, id).await?;
            if templates::replace(tx, scope, id, &told).await? {
                let told = writability_changed(scope.account(), Some(id));
                events::append(tx, &[told]).await?;
            }
            Ok::<_, pg::Error>(())
        })
    });
    stored.await.map_err(Refusal::from)?;
    Ok(ReportTemplatesResponse {})
}

fn check(fields: &mut Fields, template: &proto::Template) -> Template {
    let names = &template.parameters;
    if names.len() > PARAMETERS {
        fields.reject(
            "templates.parameters",
            format!("must be at most {PARAMETERS}"),
        );
    }
    let mut seen = HashSet::new();
    if !names.iter().all(|name| seen.insert(name)) {
        fields.reject("templates.parameters", "must differ from one another");
    }
    let names = names.iter().take(PARAMETERS);
    let category = fields.known("templates.category", template.category);
    Template {
        key: fields.key("templates.key", &template.key, 1..=200),
        language: fields.key("templates.language", &template.language, 1..=20),
        name: fields.line("templates.name", &template.name, 1..=600),
        category: match category {
            Some(proto::TemplateCategory::Marketing) => Category::Marketing,
            Some(proto::TemplateCategory::Utility) => Category::Utility,
            Some(proto::TemplateCategory::Authentication) => Category::Authentication,
            Some(proto::TemplateCategory::Unspecified) | None => Category::Unknown,
        },
        body: fields.text("templates.body", &template.body, 0..=4_096),
        parameters: names
            .map(|name| fields.key("templates.parameters", name, 1..=100))
            .collect(),
        approved: template.approved,
        paid: template.paid,
    }
}
