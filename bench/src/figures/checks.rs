//! P9: questions about rights, over gRPC.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::visibility_service_client::VisibilityServiceClient;
use api::conversations::v1::{
    BatchCheckVisibilityRequest, CheckVisibilityRequest, ListConversationsRequest,
    VisibilityQuestion,
};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use crate::Options;
use crate::dataset::{DataSet, Scope};
use crate::load;
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Stand, with};

/// Questions of a batch.
const BATCH: usize = 1_000;
/// Callers at the same time.
const CLIENTS: usize = 16;

/// The administrator, who asks what others see.
#[derive(Clone)]
struct Asker {
    channels: Arc<Vec<Channel>>,
    authorization: MetadataValue<Ascii>,
    questions: Arc<Vec<VisibilityQuestion>>,
}

impl Asker {
    fn client(&self, client: usize) -> VisibilityServiceClient<Channel> {
        VisibilityServiceClient::new(self.channels[client % self.channels.len()].clone())
    }

    async fn one(&self, client: usize, n: u64) -> Result<u64> {
        let place = usize::try_from(n).unwrap_or_default() * 31 + client;
        let question = self.questions[place % self.questions.len()].clone();
        let request = CheckVisibilityRequest {
            question: Some(question),
        };
        let request = with(&self.authorization, request);
        self.client(client).check_visibility(request).await?;
        Ok(1)
    }

    async fn batch(&self, client: usize) -> Result<u64> {
        let request = BatchCheckVisibilityRequest {
            questions: self.questions[..BATCH].to_vec(),
        };
        let request = with(&self.authorization, request);
        let answers = self.client(client).batch_check_visibility(request).await?;
        Ok(answers.into_inner().answers.len() as u64)
    }
}

/// Measures it.
pub async fn measure(
    options: &Options,
    stand: &Stand,
    data: &DataSet,
    report: &mut Report,
) -> Result<()> {
    let url = &stand.service("conversations")?.url;
    let channels = (0..8)
        .map(|_| kit::channel(url))
        .collect::<Result<Vec<_>, _>>()?;
    let authorization = stand.authorization(EMAIL).await?;
    let questions = questions(&channels[0], &authorization, data).await?;
    let asker = Asker {
        channels: Arc::new(channels),
        authorization,
        questions: Arc::new(questions),
    };
    let time = Duration::from_secs(options.seconds);
    let (mut rates, mut p99, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let all = asker.clone();
        let full = load::closed(CLIENTS, time, move |client, n| {
            let asker = all.clone();
            async move { asker.one(client, n).await }
        });
        let full = full.await?.rate;
        let half = asker.clone();
        let calm = load::open(full / 2.0, time, move |n| {
            let asker = half.clone();
            async move {
                asker.one(usize::try_from(n).unwrap_or_default(), n).await?;
                Ok(())
            }
        });
        p99.push(calm.await?.percentile(99.0));
        let all = asker.clone();
        let batches = load::closed(4, time, move |client, _| {
            let asker = all.clone();
            async move { asker.batch(client).await }
        });
        items.push(batches.await?.rate / 1e6);
        rates.push(full);
    }
    let goal = |floor, target| Goal {
        id: "P9",
        floor,
        target,
    };
    report.add(
        goal("–", "–"),
        "questions about rights, 16 clients",
        "/s",
        &rates,
    );
    report.add(
        goal("≤ 5", "≤ 1"),
        "p99 of a question at half of that rate",
        "ms",
        &p99,
    );
    report.add(
        goal("–", "≥ 1"),
        "questions in batches of 1,000",
        "M/s",
        &items,
    );
    Ok(())
}

/// About conversations of the first pages and employees of every scope.
async fn questions(
    channel: &Channel,
    authorization: &MetadataValue<Ascii>,
    data: &DataSet,
) -> Result<Vec<VisibilityQuestion>> {
    let people: Vec<_> = data
        .people
        .iter()
        .filter(|person| person.scope != Scope::Administrator)
        .collect();
    let (mut questions, mut token) = (Vec::new(), String::new());
    while questions.len() < 2 * BATCH {
        let request = ListConversationsRequest {
            page_size: 200,
            page_token: token,
            ..ListConversationsRequest::default()
        };
        let page = InboxServiceClient::new(channel.clone())
            .list_conversations(with(authorization, request))
            .await?
            .into_inner();
        for conversation in page.conversations {
            let person = people[questions.len() % people.len()];
            questions.push(VisibilityQuestion {
                conversation_id: conversation.id,
                user_id: person.user.to_string(),
            });
        }
        token = page.next_page_token;
        ensure!(
            !token.is_empty() || questions.len() >= BATCH,
            "too few conversations to ask about"
        );
        if token.is_empty() {
            break;
        }
    }
    Ok(questions)
}
