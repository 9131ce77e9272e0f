//! Templates of a number's business account: the hub hears of them when something changed, and now and then.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use api::conversations::v1::{Template, TemplateCategory};
use connector::Inbound;

use super::Line;
use crate::domain::templates::{self as domain, Category, read};
use crate::graph::Fault;

/// How long it is believed that nobody pays, after WhatsApp refused a template for that.
const UNPAID: Duration = Duration::from_secs(15 * 60);

impl Line {
    /// Something changed: look at the templates soon.
    pub fn changed(&self) {
        self.look.notify_one();
    }

    /// WhatsApp refused a template because nobody pays (CHW-55).
    pub(super) fn refused_for_payment(&self) {
        let mut unpaid = self.unpaid.lock().unwrap_or_else(PoisonError::into_inner);
        *unpaid = Some(Instant::now() + UNPAID);
        drop(unpaid);
        self.changed();
    }

    fn is_refused_for_payment(&self) -> bool {
        let unpaid = *self.unpaid.lock().unwrap_or_else(PoisonError::into_inner);
        unpaid.is_some_and(|until| until > Instant::now())
    }

    /// Tells the hub which templates there are. What fails here says nothing of messages: it is tried at the next look.
    pub(super) async fn tell_templates(&self, inbound: &Inbound) {
        if let Err(why) = self.try_to_tell(inbound).await {
            tracing::warn!(
                connection = inbound.connection().id(),
                why,
                "templates are not told; trying again"
            );
        }
    }

    async fn try_to_tell(&self, inbound: &Inbound) -> Result<(), String> {
        let is_paid = !self.is_refused_for_payment()
            && self.graph.is_paid().await.map_err(|fault| said(&fault))?;
        let given = self.graph.templates().await.map_err(|fault| said(&fault))?;
        let mut templates: Vec<Template> = given
            .iter()
            .filter_map(read)
            .map(|it| told(it, is_paid))
            .collect();
        templates.sort_by(|a, b| (&a.key, &a.language).cmp(&(&b.key, &b.language)));
        templates.dedup_by(|a, b| (&a.key, &a.language) == (&b.key, &b.language));
        templates.truncate(1_000);
        let told = inbound.templates(templates).await;
        told.map_err(|error| error.message().to_owned())
    }
}

/// As the hub hears of it. Names are unique with their language: they are the keys.
fn told(template: domain::Template, is_paid: bool) -> Template {
    let category = match template.category {
        Category::Unknown => TemplateCategory::Unspecified,
        Category::Marketing => TemplateCategory::Marketing,
        Category::Utility => TemplateCategory::Utility,
        Category::Authentication => TemplateCategory::Authentication,
    };
    Template {
        key: template.name.clone(),
        language: template.language,
        name: template.name,
        category: category.into(),
        body: template.body,
        parameters: template.parameters,
        approved: template.is_approved,
        paid: is_paid,
    }
}

fn said(fault: &Fault) -> String {
    fault.to_string()
}
