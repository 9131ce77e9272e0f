//! What the integrations that were asked have said to a message: the next one has to know it.

use std::collections::HashMap;

use rules::{Before, Plan};
use types::PortalId;

use super::integration::Integration;

/// What they have said.
#[derive(Debug, Default)]
pub struct Said {
    taken_by: Option<String>,
    /// By CRM: who conducts the conversation, and whether the client was known before any of them did something.
    conducted_by: HashMap<Option<PortalId>, String>,
    client_known: HashMap<Option<PortalId>, bool>,
}

impl Said {
    /// What the next one has to know that transfers to this CRM.
    #[must_use]
    pub fn before(&self, portal: Option<PortalId>) -> Before<'_> {
        Before {
            taken_by: self.taken_by.as_deref(),
            conducted_by: self.conducted_by.get(&portal).map(String::as_str),
            client_known: self.client_known.get(&portal).copied(),
        }
    }

    /// An integration has this plan; was the client known to its CRM?
    pub fn note(&mut self, integration: &Integration, plan: &Plan, is_known: bool) {
        let (name, portal) = (&integration.settings.name, integration.portal);
        if plan.takes && integration.settings.exclusive {
            self.taken_by.get_or_insert_with(|| name.clone());
        }
        if plan.conducts() {
            let first = self.conducted_by.entry(portal);
            first.or_insert_with(|| name.clone());
        }
        self.client_known.entry(portal).or_insert(is_known);
    }
}
