//! A visitor of a web page with an online chat.

use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::watch_visitor_response::Event;
use api::onlinechat::v1::{
    ListVisitorConversationsRequest, ListVisitorMessagesRequest, SendVisitorMessageRequest,
    SendVisitorMessageResponse, StartVisitorSessionRequest, StartVisitorSessionResponse,
    VisitorConversation, VisitorMessage, WatchVisitorRequest, WatchVisitorResponse,
};
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use types::Clock;
use uuid::Uuid;

use super::employee::insist;
use crate::calls::{self, is_passing, stream_with_token, with_token};

const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// A visitor with a session.
#[derive(Debug, Clone)]
pub struct Visitor {
    channel: Channel,
    /// What the session gave.
    pub session: StartVisitorSessionResponse,
}

impl Visitor {
    /// Comes to a page of the gateway that shows this online chat, for the first time or again.
    ///
    /// # Errors
    /// The refusal.
    pub async fn come(url: &str, online_chat: &str, resume_token: &str) -> Result<Self, Status> {
        let channel = calls::channel(url);
        let request = arrival(url, online_chat, resume_token);
        let mut call = async || {
            let request = with_token("", request.clone());
            VisitorServiceClient::new(channel.clone())
                .start_visitor_session(request)
                .await
        };
        let session = insist(&mut call).await.0?.into_inner();
        Ok(Self { channel, session })
    }

    /// The visitor's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.session.visitor_id
    }

    /// The session token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.session.session_token
    }

    /// The service.
    #[must_use]
    pub fn client(&self) -> VisitorServiceClient<Channel> {
        VisitorServiceClient::new(self.channel.clone())
    }

    /// Writes; `thread` is empty in the mode of one conversation.
    ///
    /// # Errors
    /// The refusal.
    pub async fn send(
        &self,
        id: Uuid,
        thread: &str,
        text: &str,
    ) -> Result<SendVisitorMessageResponse, Status> {
        let request = SendVisitorMessageRequest {
            client_message_id: id.to_string(),
            text: text.into(),
            thread_id: thread.into(),
            ..SendVisitorMessageRequest::default()
        };
        Ok(self
            .client()
            .send_visitor_message(with_token(self.token(), request))
            .await?
            .into_inner())
    }

    /// Writes until there is an answer, as the chat window does.
    ///
    /// # Errors
    /// A refusal that no fault explains.
    pub async fn insist(&self, id: Uuid, text: &str) -> Result<SendVisitorMessageResponse, Status> {
        insist(&mut async || self.send(id, "", text).await).await.0
    }

    /// The visitor's conversations.
    ///
    /// # Errors
    /// The refusal.
    pub async fn conversations(&self) -> Result<Vec<VisitorConversation>, Status> {
        let request = with_token(self.token(), ListVisitorConversationsRequest {});
        Ok(self
            .client()
            .list_visitor_conversations(request)
            .await?
            .into_inner()
            .conversations)
    }

    /// The newest messages.
    ///
    /// # Errors
    /// The refusal.
    pub async fn messages(&self, thread: &str) -> Result<Vec<VisitorMessage>, Status> {
        let request = ListVisitorMessagesRequest {
            thread_id: thread.into(),
            page_size: 200,
            before_seq: 0,
        };
        Ok(self
            .client()
            .list_visitor_messages(with_token(self.token(), request))
            .await?
            .into_inner()
            .messages)
    }

    /// What comes after a place, live; resumed there whenever the stream breaks.
    #[must_use]
    pub fn watch(&self, after_seq: i64) -> VisitorWatch {
        VisitorWatch {
            visitor: self.clone(),
            after_seq,
            stream: None,
        }
    }
}

/// A new arrival at a page of the gateway itself.
fn arrival(url: &str, online_chat: &str, resume_token: &str) -> StartVisitorSessionRequest {
    StartVisitorSessionRequest {
        online_chat_id: online_chat.into(),
        resume_token: resume_token.into(),
        visitor_name: "Мария".into(),
        language: "ru".into(),
        page_url: format!("{url}/demo"),
        embedding_origin: url.into(),
        ..Default::default()
    }
}

/// A visitor's live stream.
#[derive(Debug)]
pub struct VisitorWatch {
    visitor: Visitor,
    after_seq: i64,
    stream: Option<Streaming<WatchVisitorResponse>>,
}

impl VisitorWatch {
    /// The next message, however often the stream breaks before it comes.
    ///
    /// # Panics
    /// When the stream is refused for a reason that no fault explains.
    pub async fn next(&mut self) -> VisitorMessage {
        loop {
            match self.step().await {
                Ok(Some(message)) => {
                    self.after_seq = message.seq.max(self.after_seq);
                    return message;
                }
                Ok(None) => {}
                Err(status) if is_passing(&status) => {
                    self.stream = None;
                    Clock::system().sleep(PAUSE).await;
                }
                Err(status) => panic!("the visitor's stream was refused: {status:?}"),
            }
        }
    }

    async fn step(&mut self) -> Result<Option<VisitorMessage>, Status> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let request = WatchVisitorRequest {
                    after_seq: self.after_seq,
                };
                let request = stream_with_token(self.visitor.token(), request);
                let stream = self
                    .visitor
                    .client()
                    .watch_visitor(request)
                    .await?
                    .into_inner();
                self.stream.insert(stream)
            }
        };
        let Some(step) = stream.message().await? else {
            return Err(Status::unavailable("the stream ended"));
        };
        match step.event {
            Some(Event::Message(message)) => Ok(Some(message)),
            Some(Event::Conversation(_) | Event::Heartbeat(_)) | None => Ok(None),
        }
    }
}
