//! FindContacts.

use std::collections::BTreeSet;

use api::crm::internal::v1::{FindContactsRequest, FindContactsResponse};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use uuid::Uuid;

use super::scope;
use crate::Error;
use crate::core::Core;
use crate::domain::ending::{Of, SHORTEST, part_of_name};
use crate::store::cards::endings::by_part;

pub(super) async fn find_contacts(
    core: &Core,
    request: &Request<FindContactsRequest>,
) -> Result<FindContactsResponse, Error> {
    let scope = scope(request, |request| &request.account_id)?;
    let request = request.get_ref();
    let (digits, name) = parts(request)?;
    let found = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            let mut response = FindContactsResponse::default();
            if let Some(digits) = digits {
                let (ids, more) = by_part(tx, account, Of::Phone, &digits).await?;
                response.by_digits = bytes(&ids);
                response.more |= more;
            }
            if let Some(name) = name {
                let (ids, more) = by_part(tx, account, Of::Messenger, &name).await?;
                response.by_name = bytes(&ids);
                response.more |= more;
            }
            Ok::<_, Error>(response)
        })
    });
    found.await
}

/// The parts that are asked for.
fn parts(request: &FindContactsRequest) -> Result<(Option<String>, Option<String>), Refusal> {
    let mut fields = Fields::new();
    let given = |text: &str| !text.is_empty();
    if given(&request.digits) && !request.digits.chars().all(|c| c.is_ascii_digit()) {
        fields.reject("digits", "must have digits only");
    }
    let digits =
        given(&request.digits).then(|| fields.text("digits", &request.digits, SHORTEST..=200));
    let name = given(&request.name).then(|| fields.text("name", &request.name, SHORTEST..=200));
    fields.finish()?;
    Ok((digits, name.map(|name| part_of_name(&name))))
}

fn bytes(ids: &BTreeSet<Uuid>) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.as_bytes().to_vec()).collect()
}
