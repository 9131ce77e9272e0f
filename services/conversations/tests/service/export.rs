//! ExportConversation.

use api::connector::v1::PublishOutcome;
use api::conversations::v1::{ExportConversationRequest, ExportConversationResponse};
use futures::TryStreamExt;
use tonic::Status;

use crate::world::{World, with};

/// More than two steps.
const MESSAGES: usize = 450;

async fn export(world: &World, id: &str) -> Result<Vec<ExportConversationResponse>, Status> {
    let request = ExportConversationRequest {
        conversation_id: id.to_owned(),
    };
    let asked = with(&world.admin, request);
    let steps = world.conversations().export_conversation(asked).await?;
    steps.into_inner().try_collect().await
}

#[tokio::test]
async fn an_export_is_the_whole_history_in_order() {
    let world = World::start().await;
    let connection = world.connection().await;
    let events: Vec<_> = (1..=MESSAGES)
        .map(|n| world.message(&connection, "anna", &format!("text {n}")))
        .collect();
    let mut conversation = String::new();
    for batch in events.chunks(100) {
        for result in world.publish(batch.to_vec()).await.expect("published") {
            assert_eq!(result.outcome(), PublishOutcome::Accepted);
            conversation = result.conversation_id;
        }
    }
    let steps = export(&world, &conversation).await.expect("an export");
    assert_eq!(steps.len(), 3);
    let heads: Vec<_> = steps
        .iter()
        .map(|step| step.conversation.is_some())
        .collect();
    assert_eq!(heads, [true, false, false]);
    let texts = steps
        .into_iter()
        .flat_map(|step| step.messages)
        .map(|it| it.text);
    let all: Vec<_> = (1..=MESSAGES).map(|n| format!("text {n}")).collect();
    assert_eq!(texts.collect::<Vec<_>>(), all);
}
