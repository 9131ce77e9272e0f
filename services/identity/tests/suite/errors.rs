//! What a refusal says, to the letter.

use api::identity::v1::{GetUserRequest, LogInRequest, Role, UpdateUserRequest, User};
use tonic::{Request, Status};
use tonic_types::StatusExt;

use crate::app::{TestApp, new_user};

/// Code, reason, metadata and the text for a person.
fn told(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().expect("a reason");
    let text = details.localized_message().expect("a text");
    let mut metadata: Vec<_> = info
        .metadata
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    metadata.sort();
    let fields = details
        .bad_request()
        .map(|bad| bad.field_violations.clone())
        .unwrap_or_default();
    let fields: Vec<_> = fields
        .iter()
        .map(|field| format!("\n  {}: {}", field.field, field.description))
        .collect();
    let (code, reason, metadata, fields) = (
        status.code(),
        &info.reason,
        metadata.join(" "),
        fields.concat(),
    );
    format!(
        "{code:?} {} {reason} {{{metadata}}} [{}] {}{fields}",
        info.domain, text.locale, text.message
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_say_what_to_do_in_the_callers_language() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;

    let refused = boris
        .create_user(new_user("x@example.com", Role::Manager))
        .await
        .expect_err("a manager");
    insta::assert_snapshot!(told(&refused), @"PermissionDenied beseda PERMISSION_MISSING {permission=settings.write} [ru] Недостаточно прав. Обратитесь к администратору.");

    let id = "user_01h455vb4pex5vsknk084sn02q";
    let refused = anna
        .users()
        .get_user(anna.with(GetUserRequest {
            user_id: id.to_owned(),
        }))
        .await;
    insta::assert_snapshot!(told(&refused.expect_err("unknown")), @"NotFound beseda USER_NOT_FOUND {user_id=user_01h455vb4pex5vsknk084sn02q} [ru] Сотрудник не найден.");

    let refused = anna
        .create_user(new_user("boris@example.com", Role::Manager))
        .await
        .expect_err("taken");
    insta::assert_snapshot!(told(&refused), @"AlreadyExists beseda EMAIL_TAKEN {} [ru] Сотрудник с такой почтой уже есть.");

    let user = User {
        id: id.to_owned(),
        name: String::new(),
        role: 9,
        ..User::default()
    };
    let mask = prost_types::FieldMask {
        paths: vec!["name".to_owned(), "role".to_owned()],
    };
    let request = UpdateUserRequest {
        user: Some(user),
        update_mask: Some(mask),
    };
    let refused = anna
        .users()
        .update_user(anna.with(request))
        .await
        .expect_err("wrong fields");
    insta::assert_snapshot!(told(&refused), @r"
    InvalidArgument beseda FIELD_INVALID {} [ru] Проверьте поля запроса.
      user.name: must not be empty
      user.role: has no value 9
    ");

    let mut request = Request::new(LogInRequest {
        email: "a@b.example".to_owned(),
        password: "x".to_owned(),
        ..LogInRequest::default()
    });
    request.metadata_mut().insert(
        "accept-language",
        "es-MX, en;q=0.5".parse().expect("a header"),
    );
    let refused = anna.sessions().log_in(request).await.expect_err("wrong");
    insta::assert_snapshot!(told(&refused), @"Unauthenticated beseda CREDENTIALS_INVALID {} [es] Usuario o contraseña incorrectos.");
}
