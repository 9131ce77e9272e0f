//! A visitor reaches nothing but the visitor's own conversations, whatever ids a call brings.

use api::onlinechat::v1::{OnlineChat, OnlineChatMode};
use uuid::Uuid;

use crate::visitors::{ONE, TWO};
use crate::world::{Visitor, World};

/// Everything that the visitor has, as they see it themselves.
async fn picture(visitor: &Visitor) -> String {
    let messages = visitor.messages("").await.expect("messages");
    format!(
        "{messages:?}\n{:?}",
        visitor.conversations().await.expect("conversations")
    )
}

async fn two_visitors(world: &World, one: &OnlineChat, two: &OnlineChat) -> (Visitor, Visitor) {
    (world.visitor(one).await, world.visitor(two).await)
}

#[tokio::test]
async fn foreign_threads_and_message_ids_lead_nowhere() {
    let world = World::start().await;
    let (here, there) = (
        world.chat(OnlineChatMode::Multiple).await,
        world.chat(OnlineChatMode::Multiple).await,
    );
    for (of_victim, of_stranger) in [(&here, &here), (&here, &there)] {
        let (victim, stranger) = two_visitors(&world, of_victim, of_stranger).await;
        let secret = Uuid::from_u128(rand::random());
        victim.send_as(secret, ONE, "секрет").await.expect("sent");
        world.hub.answer(&victim.id, ONE, "тайный ответ").await;
        let before = picture(&victim).await;

        assert_eq!(stranger.messages(ONE).await.expect("no error"), []);
        assert_eq!(stranger.messages("").await.expect("no error"), []);
        assert_eq!(stranger.conversations().await.expect("no error"), []);
        stranger.mark_read(ONE, 2).await.expect("no error");
        stranger.finish(ONE).await.expect("no error");
        // The victim's own message id is a new message of the stranger's: the answer must tell nothing of the victim's.
        let sent = stranger.send_as(secret, ONE, "моё").await.expect("sent");
        let message = sent.message.clone().expect("a message");
        assert_eq!((message.text.as_str(), message.seq), ("моё", 1));
        assert!(!format!("{sent:?}").contains("секрет"));
        stranger.finish(ONE).await.expect("their own");

        assert_eq!(
            picture(&victim).await,
            before,
            "nothing changed for the victim"
        );
        assert_eq!(stranger.texts(ONE).await, ["моё"]);
        victim.send(TWO, "дальше").await.expect("sent");
        assert_eq!(stranger.texts("").await, ["моё"]);
    }
}

#[tokio::test]
async fn a_stream_carries_the_visitors_own_messages_only() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::Multiple).await;
    let (victim, stranger) = two_visitors(&world, &chat, &chat).await;
    victim.send(ONE, "секрет").await.expect("sent");
    let mut stream = crate::live::Watched::open(&stranger, 0).await;
    world.hub.answer(&victim.id, ONE, "тайный ответ").await;
    stranger.send(TWO, "моё").await.expect("sent");
    let carried = stream.until_message("моё").await;
    assert_eq!(carried, ["моё"]);
}
