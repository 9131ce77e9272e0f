//! The facts of a request, with those that follow from whom and what asks.

use std::borrow::Cow;

use crate::{Parameter, Request};

/// A request as one integration sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    request: &'a Request,
    client_known: bool,
    integration: &'a str,
}

impl<'a> View<'a> {
    pub fn new(request: &'a Request, client_known: bool, integration: &'a str) -> Self {
        Self {
            request,
            client_known,
            integration,
        }
    }

    /// A fact; `None` for one that is not known.
    pub fn fact(&self, parameter: Parameter) -> Option<Cow<'a, str>> {
        match parameter {
            Parameter::RequestKind => Some(self.kind().into()),
            Parameter::IntegrationName => Some(self.integration.into()),
            _ => self.request.fact(parameter).map(Into::into),
        }
    }

    /// The same in small letters.
    pub fn lower(&self, parameter: Parameter) -> Option<Cow<'a, str>> {
        match parameter {
            Parameter::RequestKind => Some(self.kind().into()),
            Parameter::IntegrationName => Some(self.integration.to_lowercase().into()),
            _ => self.request.lower(parameter).map(Into::into),
        }
    }

    /// Is the client known?
    pub fn is_repeated(&self) -> bool {
        self.client_known
    }

    fn kind(&self) -> &'static str {
        if self.client_known {
            "repeated"
        } else {
            "first"
        }
    }
}
