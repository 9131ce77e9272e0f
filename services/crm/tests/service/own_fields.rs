//! Fields that the account has added to its cards.

use api::crm::v1::field_value::Value;
use api::crm::v1::{
    CardKind, Contact, CreateFieldRequest, DeleteFieldRequest, Field, FieldType, FieldValue,
    ListFieldsRequest, UpdateContactRequest, UpdateFieldRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::FieldRight;
use api::identity::v1::RightEntity::Contacts;
use api::identity::v1::RightLevel::Allowed;
use tonic::Status;

use crate::world::{Who, World, field_rule, mask, reason, row};

async fn create(
    world: &World,
    kind: CardKind,
    type_: FieldType,
    options: &[&str],
) -> Result<Field, Status> {
    let field = Field {
        card_kind: kind.into(),
        r#type: type_.into(),
        name: format!("{type_:?}"),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        ..Field::default()
    };
    let request = world.admin.ask(CreateFieldRequest {
        field: Some(field),
        request_id: String::new(),
    });
    Ok(world
        .fields()
        .create_field(request)
        .await?
        .into_inner()
        .field
        .expect("it"))
}

fn value(field: &Field, value: impl Into<Option<Value>>) -> FieldValue {
    FieldValue {
        field_id: field.id.clone(),
        value: value.into(),
    }
}

async fn set(
    world: &World,
    who: &Who,
    id: &str,
    values: Vec<FieldValue>,
) -> Result<Contact, Status> {
    let contact = Contact {
        id: id.to_owned(),
        field_values: values,
        ..Contact::default()
    };
    let request = who.ask(UpdateContactRequest {
        contact: Some(contact),
        update_mask: mask(&["field_values"]),
    });
    Ok(world
        .contacts()
        .update_contact(request)
        .await?
        .into_inner()
        .contact
        .expect("it"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_keeps_values_of_every_type_and_refuses_others() {
    let world = World::start().await;
    let contact = world.contact(&world.admin, "Иван").await;
    let of = async |type_, options: &[&str]| {
        create(&world, CardKind::Contact, type_, options)
            .await
            .expect("made")
    };
    let text = of(FieldType::Text, &[]).await;
    let number = of(FieldType::Number, &[]).await;
    let date = of(FieldType::Date, &[]).await;
    let select = of(FieldType::Select, &["да", "нет"]).await;
    let checkbox = of(FieldType::Checkbox, &[]).await;
    let values = vec![
        value(&text, Value::Text("007".into())),
        value(&number, Value::Number(-1.5)),
        value(&date, Value::Date("2026-11-22".into())),
        value(&select, Value::Option("да".into())),
        value(&checkbox, Value::Checked(false)),
    ];
    let kept = set(&world, &world.admin, &contact.id, values.clone())
        .await
        .expect("kept");
    assert_eq!(kept.field_values, values);
    assert_eq!(
        world
            .get_contact(&world.admin, &contact.id)
            .await
            .expect("there"),
        kept
    );
    let after = set(
        &world,
        &world.admin,
        &contact.id,
        vec![value(&text, None), value(&number, Value::Number(2.0))],
    )
    .await;
    let after = after.expect("changed").field_values;
    assert_eq!(
        after.len(),
        4,
        "one was taken away, those that were not named stay"
    );
    assert_eq!(after[0], value(&number, Value::Number(2.0)));

    let other = create(&world, CardKind::Deal, FieldType::Text, &[])
        .await
        .expect("made");
    for (wrong, wanted) in [
        (value(&number, Value::Text("2".into())), R::FieldInvalid),
        (value(&number, Value::Number(f64::NAN)), R::FieldInvalid),
        (
            value(&date, Value::Date("22.11.2026".into())),
            R::FieldInvalid,
        ),
        (
            value(&select, Value::Option("может быть".into())),
            R::FieldInvalid,
        ),
        (value(&text, Value::Text("x".repeat(4001))), R::FieldInvalid),
        (
            value(&other, Value::Text("x".into())),
            R::CustomFieldNotFound,
        ),
    ] {
        let refused = set(&world, &world.admin, &contact.id, vec![wrong.clone()])
            .await
            .expect_err("wrong");
        assert_eq!(reason(&refused), wanted, "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_made_changed_listed_and_deleted_with_their_values() {
    let world = World::start().await;
    for (kind, type_, options) in [
        (CardKind::Contact, FieldType::Select, &[][..]),
        (CardKind::Contact, FieldType::Select, &["а", "а"]),
        (CardKind::Contact, FieldType::Text, &["а"]),
        (CardKind::Unspecified, FieldType::Text, &[]),
        (CardKind::Contact, FieldType::Unspecified, &[]),
    ] {
        let refused = create(&world, kind, type_, options)
            .await
            .expect_err("wrong");
        assert_eq!(
            reason(&refused),
            R::FieldInvalid,
            "{kind:?} {type_:?} {options:?}"
        );
    }
    let field = create(&world, CardKind::Contact, FieldType::Select, &["да"])
        .await
        .expect("made");
    create(&world, CardKind::Deal, FieldType::Text, &[])
        .await
        .expect("made");
    let change = Field {
        id: field.id.clone(),
        name: "Важный".into(),
        options: vec!["нет".into()],
        etag: field.etag.clone(),
        ..Field::default()
    };
    let request = UpdateFieldRequest {
        field: Some(change),
        update_mask: None,
    };
    let boris = world.manager("Борис", None).await;
    let refused = world
        .fields()
        .update_field(boris.ask(request.clone()))
        .await
        .expect_err("a manager");
    assert_eq!(reason(&refused), R::PermissionMissing);
    let changed = world
        .fields()
        .update_field(world.admin.ask(request.clone()))
        .await
        .expect("changed");
    let changed = changed.into_inner().field.expect("it");
    let stale = world
        .fields()
        .update_field(world.admin.ask(request))
        .await
        .expect_err("stale");
    assert_eq!(reason(&stale), R::EtagMismatch);
    let request = ListFieldsRequest {
        card_kind: CardKind::Contact.into(),
        ..ListFieldsRequest::default()
    };
    let listed = world
        .fields()
        .list_fields(boris.ask(request))
        .await
        .expect("a list")
        .into_inner();
    assert_eq!(listed.fields, [changed]);

    let contact = world.contact(&world.admin, "Иван").await;
    set(
        &world,
        &world.admin,
        &contact.id,
        vec![value(&field, Value::Option("нет".into()))],
    )
    .await
    .expect("set");
    let delete = || {
        world.admin.ask(DeleteFieldRequest {
            field_id: field.id.clone(),
        })
    };
    world
        .fields()
        .delete_field(delete())
        .await
        .expect("deleted");
    let gone = world
        .fields()
        .delete_field(delete())
        .await
        .expect_err("gone");
    assert_eq!(reason(&gone), R::CustomFieldNotFound);
    let contact = world
        .get_contact(&world.admin, &contact.id)
        .await
        .expect("there");
    assert!(contact.field_values.is_empty());
}

/// IDN-13: a field of the account's own has a right of its own.
#[tokio::test(flavor = "multi_thread")]
async fn rights_on_an_own_field_hide_and_lock_it() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    let contact = world.contact(&world.admin, "Иван").await;
    let secret = create(&world, CardKind::Contact, FieldType::Text, &[])
        .await
        .expect("made");
    let open = create(&world, CardKind::Contact, FieldType::Number, &[])
        .await
        .expect("made");
    let values = vec![
        value(&secret, Value::Text("тайна".into())),
        value(&open, Value::Number(1.0)),
    ];
    set(&world, &world.admin, &contact.id, values)
        .await
        .expect("set");
    let rule = |right| [field_rule(Contacts, &secret.id, right)];
    world
        .set_rights(
            &boris,
            &row(Contacts, Allowed),
            &[],
            &rule(FieldRight::Hidden),
        )
        .await;
    let seen = world.get_contact(&boris, &contact.id).await.expect("seen");
    assert_eq!(seen.field_values, [value(&open, Value::Number(1.0))]);
    assert_eq!(seen.hidden_fields, [&secret.id[..]]);
    for right in [FieldRight::Hidden, FieldRight::ReadOnly] {
        world
            .set_rights(&boris, &row(Contacts, Allowed), &[], &rule(right))
            .await;
        let refused = set(&world, &boris, &contact.id, vec![value(&secret, None)])
            .await
            .expect_err("locked");
        assert_eq!(reason(&refused), R::FieldNotEditable);
    }
    set(
        &world,
        &boris,
        &contact.id,
        vec![value(&open, Value::Number(2.0))],
    )
    .await
    .expect("the other");
    let all = world
        .get_contact(&world.admin, &contact.id)
        .await
        .expect("seen")
        .field_values;
    assert_eq!(all.len(), 2, "what was hidden is still there");

    // A field that is deleted while rights name it is never met again.
    let delete = world.admin.ask(DeleteFieldRequest {
        field_id: secret.id.clone(),
    });
    world.fields().delete_field(delete).await.expect("deleted");
    for right in [FieldRight::Hidden, FieldRight::ReadOnly] {
        world
            .set_rights(&boris, &row(Contacts, Allowed), &[], &rule(right))
            .await;
        let seen = world.get_contact(&boris, &contact.id).await.expect("seen");
        assert_eq!(seen.field_values, [value(&open, Value::Number(2.0))]);
    }
}

/// Runs a write while the field is being deleted: it waits for the deletion, which then happens.
async fn set_while_deleted(
    world: &World,
    field: &Field,
    id: &str,
    values: Vec<FieldValue>,
) -> Result<Contact, Status> {
    let mut owner = world.db.owner().await;
    let mut watcher = world.db.owner().await;
    let uuid = field.id.parse::<types::FieldId>().expect("an id").uuid();
    let mut deletion = sqlx::Connection::begin(&mut owner).await.expect("begun");
    sqlx::query("DELETE FROM crm.fields WHERE field_id = $1")
        .bind(uuid)
        .execute(&mut *deletion)
        .await
        .expect("deleted");
    let write = set(world, &world.admin, id, values);
    let end = async {
        testkit::wait_for("the write waits", async || {
            let waiting: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                  WHERE NOT l.granted AND a.datname = current_database())",
            )
            .fetch_one(&mut watcher)
            .await
            .expect("read");
            waiting.then_some(())
        })
        .await;
        deletion.commit().await.expect("committed");
    };
    tokio::join!(write, end).0
}

#[tokio::test]
async fn a_field_that_is_deleted_during_a_write_is_refused_or_goes() {
    let world = World::start().await;
    let contact = world.contact(&world.admin, "Анна").await.id;
    let text = |text: &str| Value::Text(text.to_owned());
    let mut fields = Vec::new();
    for _ in 0..3 {
        let field = create(&world, CardKind::Contact, FieldType::Text, &[]).await;
        fields.push(field.expect("made"));
    }
    let all = |last: &str| {
        let values = fields.iter().zip(["а", "б", last]);
        values
            .map(|(field, it)| value(field, text(it)))
            .collect::<Vec<_>>()
    };
    set(&world, &world.admin, &contact, all("в"))
        .await
        .expect("set");
    // Its value did not change: it goes, and the rest is stored.
    let kept = set_while_deleted(&world, &fields[0], &contact, all("г")).await;
    let kept = kept.expect("stored").field_values;
    let ids: Vec<_> = kept.iter().map(|value| &value.field_id).collect();
    assert_eq!(ids, [&fields[1].id, &fields[2].id]);
    // It was to change.
    let changed = vec![value(&fields[1], text("я"))];
    let refused = set_while_deleted(&world, &fields[1], &contact, changed).await;
    let refused = refused.expect_err("it is gone");
    assert_eq!(reason(&refused), R::CustomFieldNotFound);
}
