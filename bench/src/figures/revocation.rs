//! S4: a right is taken away: when what it gave is refused.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::{GetConversationRequest, ListConversationsRequest};
use tonic::Code;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use crate::dataset::{self, DataSet, Scope};
use crate::load::{histogram, micros};
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Stand, with};

/// How often the right is taken away.
const TRIALS: usize = 50;

/// Somebody who sees all conversations, until the right to see those of others is taken away.
struct Reader {
    authorization: MetadataValue<Ascii>,
    channel: Channel,
}

impl Reader {
    async fn first_page(&self) -> Result<Vec<String>> {
        let request = ListConversationsRequest {
            page_size: 50,
            ..ListConversationsRequest::default()
        };
        let page = InboxServiceClient::new(self.channel.clone())
            .list_conversations(with(&self.authorization, request))
            .await?;
        let rows = page.into_inner().conversations.into_iter();
        Ok(rows.map(|row| row.id).collect())
    }

    async fn reads(&self, conversation: &str) -> Result<bool> {
        let request = GetConversationRequest {
            conversation_id: conversation.to_owned(),
        };
        let answer = ConversationServiceClient::new(self.channel.clone())
            .get_conversation(with(&self.authorization, request))
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(status.into()),
        }
    }

    /// How long it takes until they read it or do not.
    async fn until(&self, conversation: &str, reads: bool) -> Result<Duration> {
        let begin = Instant::now();
        while self.reads(conversation).await? != reads {
            ensure!(
                begin.elapsed() < Duration::from_secs(30),
                "the right is not followed"
            );
        }
        Ok(begin.elapsed())
    }
}

/// Measures it.
pub async fn measure(stand: &Stand, data: &DataSet, report: &mut Report) -> Result<()> {
    let administrator = stand.authorization(EMAIL).await?;
    let person = data.person(Scope::All)?;
    let reader = Reader {
        authorization: stand.authorization(&person.email).await?,
        channel: stand.channel("conversations")?,
    };
    let set = |scope| dataset::set_rights(stand, &administrator, person.user, scope, &data.stages);
    let all = reader.first_page().await?;
    set(Scope::Own).await?;
    let own = loop {
        let page = reader.first_page().await?;
        if page != all {
            break page;
        }
    };
    let hidden = all.iter().find(|id| !own.contains(id));
    let hidden = hidden.context("everybody sees everything")?;
    let mut taken = histogram()?;
    for _ in 0..TRIALS {
        set(Scope::All).await?;
        reader.until(hidden, true).await?;
        set(Scope::Own).await?;
        taken.record(micros(reader.until(hidden, false).await?))?;
    }
    set(Scope::All).await?;
    let goal = Goal {
        id: "S4",
        floor: "–",
        target: "≤ 200",
    };
    report.add(
        goal,
        "right taken away → refused, p99",
        "ms",
        &[taken.value_at_quantile(0.99) as f64 / 1e3],
    );
    Ok(())
}
