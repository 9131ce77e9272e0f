//! Sessions, keys, and what ends them.

use api::conversations::v1::{ConversationMode, ListConversationsRequest, WatchInboxRequest};
use api::error::v1::ErrorReason;
use api::identity::v1::{
    GetCallerRequest, IssueClientTokenRequest, KillSessionRequest, LogOutRequest,
    RefreshSessionRequest, RevokeApiKeyRequest, Role,
};
use integration_tests::Cluster;
use integration_tests::calls::{reason, refused, stream_with_token, with_token};
use testkit::wait_for;
use tonic::Code;

use super::office;

#[tokio::test]
async fn a_killed_session_is_refused_everywhere_and_its_streams_end() {
    let (cluster, admin, _) = office(ConversationMode::NewAfterClose).await;
    let colleague = admin
        .colleague("boris@office.example", Role::Administrator)
        .await;
    let token = colleague.token().await;
    let mut stream = colleague
        .inbox()
        .watch_inbox(stream_with_token(&token, WatchInboxRequest::default()))
        .await
        .expect("a stream")
        .into_inner();
    stream.message().await.expect("it lives");

    let session = colleague.tokens().await.session_id;
    let kill = KillSessionRequest {
        session_id: session,
    };
    admin
        .sessions()
        .kill_session(admin.ask(kill).await)
        .await
        .expect("killed");

    let ended = (Code::Unauthenticated, ErrorReason::SessionEnded);
    let call = wait_for("the token is refused", async || {
        let request = with_token(&token, ListConversationsRequest::default());
        colleague.inbox().list_conversations(request).await.err()
    });
    assert_eq!(reason(&call.await), ErrorReason::SessionEnded);
    let end = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without a reason"),
            Err(status) => break status,
        }
    };
    assert_eq!((end.code(), reason(&end)), ended);
    let refresh = RefreshSessionRequest {
        refresh_token: colleague.tokens().await.refresh_token,
    };
    let mut sessions =
        api::identity::v1::session_service_client::SessionServiceClient::new(colleague.channel());
    assert_eq!(
        refused(sessions.refresh_session(with_token("", refresh)).await),
        ended
    );
    // Nobody else is touched.
    admin
        .list(ListConversationsRequest::default())
        .await
        .expect("the administrator goes on");
    drop(cluster);
}

#[tokio::test]
async fn who_logs_out_is_out() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let token = admin.token().await;
    admin
        .sessions()
        .log_out(with_token(&token, LogOutRequest {}))
        .await
        .expect("out");
    let refusal = wait_for("the token is refused", async || {
        admin
            .sessions()
            .get_caller(with_token(&token, GetCallerRequest {}))
            .await
            .err()
    });
    assert_eq!(reason(&refusal.await), ErrorReason::SessionEnded);
}

#[tokio::test]
async fn an_api_key_does_what_its_scopes_say_until_it_is_revoked() {
    let (cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let open = super::conversation(&admin, &connector, "chat").await;
    let reader = admin.api_key(&["inbox.read"]).await;
    let list = async |token: &str| {
        let request = with_token(token, ListConversationsRequest::default());
        Ok::<_, tonic::Status>(
            admin
                .inbox()
                .list_conversations(request)
                .await?
                .into_inner(),
        )
    };
    assert_eq!(
        list(&reader.secret)
            .await
            .expect("read")
            .conversations
            .len(),
        1
    );
    let id = reader.api_key.expect("a key").id;
    let request = IssueClientTokenRequest {
        client_id: id.clone(),
        client_secret: reader.secret.clone(),
    };
    let issued = admin
        .sessions()
        .issue_client_token(with_token("", request))
        .await
        .expect("a token")
        .into_inner();
    list(&issued.access_token)
        .await
        .expect("read with a client token");

    let missing = (Code::PermissionDenied, ErrorReason::ScopeMissing);
    let send = api::conversations::v1::SendMessageRequest {
        conversation_id: open.id,
        text: "нет".into(),
        ..Default::default()
    };
    assert_eq!(
        refused(
            admin
                .conversations()
                .send_message(with_token(&reader.secret, send))
                .await
        ),
        missing
    );
    let mut stranger = connector.clone();
    stranger.secret.clone_from(&reader.secret);
    assert_eq!(refused(stranger.register().await), missing);
    assert_eq!(
        refused(list(&connector.secret).await),
        missing,
        "a connector does not read imBox"
    );

    let request = RevokeApiKeyRequest { api_key_id: id };
    admin
        .api_keys()
        .revoke_api_key(admin.ask(request).await)
        .await
        .expect("revoked");
    for token in [&reader.secret, &issued.access_token] {
        let refusal = wait_for("the key is refused", async || list(token).await.err()).await;
        assert_eq!(refusal.code(), Code::Unauthenticated, "{refusal:?}");
    }
    drop(cluster);
}
