//! Parameters of requests, and names before they are saved (SYN-24, SYN-25).

use api::sync::v1::{
    ListParametersRequest, ListParametersResponse, NamedThing, Parameter as WireParameter,
    PreviewNameRequest, PreviewNameResponse,
};
use kit::validate::Fields;
use rules::{Named, Parameter, example};
use tonic::Request;

use crate::Error;
use crate::core::Core;
use crate::grpc::{enter, parse};

/// What integrations are called in an example.
const EXAMPLE: &str = "Beseda";

/// All parameters.
pub async fn parameters(
    _: &Core,
    request: Request<ListParametersRequest>,
) -> Result<ListParametersResponse, Error> {
    let (by, _) = enter(request)?;
    let language = by.caller.language();
    let parameter = |it: &Parameter| WireParameter {
        name: it.name().to_owned(),
        text: it.text(language).to_owned(),
    };
    Ok(ListParametersResponse {
        parameters: Parameter::ALL.iter().map(parameter).collect(),
    })
}

/// What a template makes of a request.
pub async fn preview(
    _: &Core,
    request: Request<PreviewNameRequest>,
) -> Result<PreviewNameResponse, Error> {
    let (by, request) = enter(request)?;
    let mut fields = Fields::new();
    let named = match fields.known::<NamedThing>("thing", request.thing) {
        Some(NamedThing::Contact) => Some(Named::Contact),
        Some(NamedThing::Deal) => Some(Named::Deal),
        Some(NamedThing::Task) => Some(Named::Task),
        Some(NamedThing::Unspecified) => {
            fields.reject("thing", "must be given");
            None
        }
        None => None,
    };
    let template = parse::template(&mut fields, "template", &request.template);
    let facts = parse::facts(&mut fields, "facts", &request.facts);
    fields.finish()?;
    // Without one the request is refused.
    let named = named.unwrap_or(Named::Deal);
    let language = by.caller.language();
    let name = rules::preview(named, template.as_ref(), &example(facts), EXAMPLE, language);
    let used = template.map(|template| template.source().to_owned());
    Ok(PreviewNameResponse {
        name,
        template: used.unwrap_or_else(|| named.default_template(language).to_owned()),
    })
}
