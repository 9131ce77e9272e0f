//! Which fields of cards rights can name.

use api::identity::v1::{FieldRight, FieldRule, RightEntity, Rights, Role};
use types::AccountId;

use crate::app::TestApp;
use crate::rights::{field_rule, get, of_managers, of_user, set, violations};

/// IDN-13: a misspelt name would hide nothing.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_are_refused_and_deleted_ones_may_stay_named() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let own = app.crm.field(anna.account);
    let foreign = app.crm.field(AccountId::generate()).to_string();
    let of = |subject, fields: &[&str]| Rights {
        subject,
        fields: fields
            .iter()
            .map(|field| field_rule(field, FieldRight::Hidden))
            .collect(),
        ..Rights::default()
    };
    let naming = |fields: &[&str]| of(of_user(&boris.id), fields);
    let of_contacts = Rights {
        fields: vec![FieldRule {
            entity: RightEntity::Contacts.into(),
            ..field_rule("price", FieldRight::Hidden)
        }],
        ..naming(&[])
    };
    let own = (own, own.to_string());
    for (wrong, places) in [
        (naming(&["price", "prise", &own.1, &foreign]), vec![1, 3]),
        (of_contacts, vec![0]),
    ] {
        let refused = set(&anna, wrong).await.expect_err("no such field");
        let places: Vec<_> = places
            .iter()
            .map(|place| format!("rights.fields[{place}].field"))
            .collect();
        assert_eq!(violations(&refused), places);
    }
    assert_eq!(get(&anna, of_user(&boris.id)).await.fields.len(), 0);
    set(&anna, naming(&["price", &own.1])).await.expect("there");
    app.crm.delete_field(own.0);
    let read = get(&anna, of_user(&boris.id)).await;
    assert_eq!(read.fields.len(), 2, "it stays named");
    let changed = Rights {
        mail: Some(true),
        ..read
    };
    set(&anna, changed).await.expect("what was read is set");
    let refused = set(&anna, of(of_managers(), &[&own.1])).await;
    let refused = refused.expect_err("nobody else can name it any more");
    assert_eq!(violations(&refused), ["rights.fields[0].field"]);
}
