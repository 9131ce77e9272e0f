//! Pictures that clients show of themselves (CHW-58).

use std::time::Duration;

use api::connector::v1::{ReportPictureRequest, UploadMediaHeader};
use api::conversations::v1::{
    Attachment, Connection, GetChatProfileRequest, GetConversationRequest,
};
use api::identity::v1::RightLevel;
use auth::Role;
use testkit::wait_for;
use tonic::Status;
use types::{AccountId, AttachmentId};

use crate::attachments::{PNG, download, header, not_found, upload_media, viewing, whole};
use crate::world::{CONNECTOR, World, refusal, with};

const CHAT: &str = "anna";

/// The connector tells a picture; is it wanted?
async fn tell(
    world: &World,
    connection: &Connection,
    picture: &str,
    file: &str,
) -> Result<bool, Status> {
    let request = ReportPictureRequest {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.id.clone(),
        external_chat_id: CHAT.to_owned(),
        picture_id: picture.to_owned(),
        attachment_id: file.to_owned(),
    };
    let told = world
        .hub()
        .report_picture(with(&world.connector, request))
        .await?;
    Ok(told.into_inner().wanted)
}

async fn uploaded(world: &World, connection: &Connection, name: &str, bytes: &[u8]) -> Attachment {
    let header = UploadMediaHeader {
        file_name: name.to_owned(),
        ..header(connection, CHAT)
    };
    upload_media(world, header, bytes).await.expect("uploaded")
}

/// The picture in the profile of a conversation's chat.
async fn shown(world: &World, token: &str, conversation: &str) -> Option<Attachment> {
    let request = GetConversationRequest {
        conversation_id: conversation.to_owned(),
    };
    let found = world
        .conversations()
        .get_conversation(with(&world.admin, request))
        .await;
    let found = found.expect("found").into_inner().conversation;
    let request = GetChatProfileRequest {
        chat_id: found.expect("it").chat_id,
    };
    let profile = world.chats().get_chat_profile(with(token, request)).await;
    let profile = profile.ok()?.into_inner().profile;
    profile.expect("a profile").picture
}

#[tokio::test]
async fn a_picture_is_brought_once_and_read_by_whoever_sees_the_chat() {
    let world = World::start().await;
    let (hidden, user) = world.member(world.account, Role::Manager, None);
    world.set_rights(user, viewing(RightLevel::Forbidden));
    let (colleague, user) = world.member(world.account, Role::Manager, None);
    world.set_rights(user, viewing(RightLevel::Allowed));
    let stranger = world.administrator_of(AccountId::generate());
    let connection = world.connection().await;
    let unknown = tell(&world, &connection, "one", "").await;
    assert!(refusal(unknown).starts_with("NotFound CHAT_NOT_FOUND"));
    let conversation = world.conversation(&connection, CHAT).await;
    assert_eq!(shown(&world, &world.admin, &conversation).await, None);

    assert!(tell(&world, &connection, "one", "").await.expect("asked"));
    let note = uploaded(&world, &connection, "note.txt", b"no picture").await;
    let refused = refusal(tell(&world, &connection, "one", &note.id).await);
    assert!(refused.contains("FILE_TYPE_NOT_ALLOWED"), "{refused}");
    let none = AttachmentId::generate().to_string();
    let refused = tell(&world, &connection, "one", &none).await;
    assert_eq!(refusal(refused), not_found(&none));

    let first = uploaded(&world, &connection, "", PNG).await;
    assert!(
        !tell(&world, &connection, "one", &first.id)
            .await
            .expect("kept")
    );
    assert!(!tell(&world, &connection, "one", "").await.expect("known"));
    for token in [&world.admin, &colleague] {
        let picture = shown(&world, token, &conversation).await.expect("shown");
        assert_eq!(picture, first);
        let (_, bytes) = download(&world, token, whole(&first.id))
            .await
            .expect("read");
        assert_eq!(bytes, PNG);
    }
    assert_eq!(shown(&world, &hidden, &conversation).await, None);
    for token in [&hidden, &stranger] {
        let read = download(&world, token, whole(&first.id)).await;
        assert_eq!(refusal(read), not_found(&first.id));
    }

    assert!(tell(&world, &connection, "two", "").await.expect("another"));
    let second = uploaded(&world, &connection, "", PNG).await;
    tell(&world, &connection, "two", &second.id)
        .await
        .expect("kept");
    let picture = shown(&world, &world.admin, &conversation).await;
    assert_eq!(picture.expect("shown").id, second.id);
    let read = download(&world, &world.admin, whole(&first.id)).await;
    assert_eq!(refusal(read), not_found(&first.id));
    tell(&world, &connection, "", "")
        .await
        .expect("none any more");
    assert_eq!(shown(&world, &world.admin, &conversation).await, None);
}

#[tokio::test]
async fn a_picture_stays_while_it_is_shown_and_no_longer() {
    let mut world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, CHAT).await;
    let file = uploaded(&world, &connection, "", PNG).await;
    tell(&world, &connection, "one", &file.id)
        .await
        .expect("kept");
    let unused = uploaded(&world, &connection, "", PNG).await;
    world.advance(Duration::from_secs(26 * 60 * 60));
    let left = async |count: i64| {
        let gone = async || {
            // The job looks every ten minutes.
            world.clock.advance(Duration::from_secs(600));
            let known: i64 = sqlx::query_scalar("SELECT count(*) FROM conversations.attachments")
                .fetch_one(&mut world.db.owner().await)
                .await
                .expect("counted");
            (known == count).then_some(())
        };
        wait_for(&format!("{count} files are left"), gone).await;
    };
    left(1).await;
    world.advance(Duration::ZERO);
    let read = download(&world, &world.admin, whole(&unused.id)).await;
    assert_eq!(refusal(read), not_found(&unused.id));
    let picture = shown(&world, &world.admin, &conversation).await;
    assert_eq!(picture.expect("still shown").id, file.id);
    download(&world, &world.admin, whole(&file.id))
        .await
        .expect("its contents, too");
    tell(&world, &connection, "", "")
        .await
        .expect("none any more");
    let left = async || {
        world.clock.advance(Duration::from_secs(600));
        let names = std::fs::read_dir(world.files().join(world.account.to_string()));
        names.map_or(0, Iterator::count).eq(&0).then_some(())
    };
    wait_for("nothing is kept of it", left).await;
}
