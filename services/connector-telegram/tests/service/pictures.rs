//! Pictures that people show of themselves.

use api::conversations::v1::chat_service_client::ChatServiceClient;
use api::conversations::v1::{
    Attachment, AttachmentKind, AttachmentState, DownloadAttachmentRequest, GetChatProfileRequest,
};
use testkit::wait_for;

use crate::inbound::{PIXEL, download};
use crate::telegram::ANNA;
use crate::world::World;

/// Another picture than [`PIXEL`].
const OTHER: &[u8] = include_bytes!("other.png");

/// The picture in the profile of the only chat.
async fn picture(world: &World) -> Option<Attachment> {
    let chat_id = world.conversations().await.first()?.chat_id.clone();
    let request = world.with(GetChatProfileRequest { chat_id });
    let mut chats = ChatServiceClient::new(world.hub.clone());
    let reply = chats.get_chat_profile(request).await.expect("a profile");
    reply.into_inner().profile.expect("it").picture
}

/// Waits until the profile shows a picture that is not this one.
async fn another_than(world: &World, old: &str) -> Attachment {
    let shown = async || picture(world).await.filter(|it| it.id != old);
    wait_for("another picture", shown).await
}

/// CHW-58.
#[tokio::test]
async fn a_profile_shows_the_picture_and_it_is_fetched_when_it_changed_only() {
    let mut world = World::start().await;
    world.polling_bot().await;
    world.telegram.show_picture(ANNA, "first", PIXEL);
    for text in ["hello", "is anybody", "there?"] {
        world.telegram.text(ANNA, text);
    }
    let first = another_than(&world, "").await;
    assert_eq!(
        (first.kind(), first.state()),
        (AttachmentKind::Image, AttachmentState::Ready)
    );
    assert_eq!(download(&world, &first.id).await, PIXEL);
    world.all_messages(3).await;
    let looks = |world: &World| world.telegram.calls("getUserProfilePhotos");
    let fetches = |world: &World| world.telegram.calls("getFile");
    assert_eq!((looks(&world), fetches(&world)), (1, 1), "one look for all");

    // A connector that starts anew looks again, and fetches nothing that the hub has.
    world.restart().await;
    world.telegram.text(ANNA, "still there?");
    let looked = async || (looks(&world) == 2).then_some(());
    wait_for("a second look", looked).await;
    world.telegram.show_picture(ANNA, "second", OTHER);
    world.restart().await;
    world.telegram.text(ANNA, "hello again");
    let second = another_than(&world, &first.id).await;
    assert_eq!(download(&world, &second.id).await, OTHER);
    assert_eq!(fetches(&world), 2, "each picture once");
    let gone = world.with(DownloadAttachmentRequest {
        attachment_id: first.id,
        ..DownloadAttachmentRequest::default()
    });
    let gone = world.attachments().download_attachment(gone).await;
    let code = gone.expect_err("replaced").code();
    assert_eq!(code, tonic::Code::NotFound);

    world.telegram.hide_pictures(ANNA);
    world.restart().await;
    world.telegram.text(ANNA, "goodbye");
    let hidden = async || picture(&world).await.is_none().then_some(());
    wait_for("no picture", hidden).await;
}
