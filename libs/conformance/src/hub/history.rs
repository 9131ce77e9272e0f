//! What stands in chats, for connectors whose clients read it there: only what was stored, each message at one place.

use api::connector::v1::channel_event::Event;
use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{
    ChannelEvent, ChatConversation, ChatMessage, Delivery, IncomingMessage,
    ListChatConversationsRequest, ListChatMessagesRequest, ListChatMessagesResponse,
    PublishOutcome, PublishResult,
};
use kit::Refusal;
use types::{Clock, ConversationId, MessageId};

use super::book::Book;

/// Messages on a page, where none are asked for and at most.
const PAGES: (usize, usize) = (50, 200);

/// Characters of a conversation's newest text.
const PREVIEW: usize = 200;

/// Conversations that are listed, at most.
const LISTED: usize = 100;

/// A chat.
#[derive(Debug, Default)]
pub struct Chat {
    messages: Vec<ChatMessage>,
    conversations: Vec<ChatConversation>,
}

impl Book {
    /// Takes an event in that is stored for the first time; `None` where it tells of a chat that nobody has written in.
    pub fn take_in(&mut self, event: &ChannelEvent) -> Option<PublishResult> {
        let (chat, thread) = (&event.external_chat_id, &event.external_thread_id);
        match event.event.as_ref()? {
            Event::Message(message) => Some(self.write(event, message)),
            Event::Edited(edited) if self.change(chat, &edited.message_event_id, &edited.text) => {
                Some(accepted())
            }
            // A change of what never came is a message.
            Event::Edited(edited) => {
                let message = IncomingMessage {
                    text: edited.text.clone(),
                    sender_name: edited.sender_name.clone(),
                    ..IncomingMessage::default()
                };
                Some(self.write(event, &message))
            }
            Event::Deleted(deleted) => self
                .change(chat, &deleted.message_event_id, "")
                .then(accepted),
            Event::Read(read) => {
                self.chats.get_mut(chat)?.read(thread, read.seq);
                Some(accepted())
            }
            Event::Finished(_) => {
                self.chats.get_mut(chat)?.close(thread);
                Some(accepted())
            }
            Event::Moved(moved) => {
                let chat = self.chats.remove(chat)?;
                self.chats.insert(moved.new_external_chat_id.clone(), chat);
                Some(accepted())
            }
            Event::Reachable(_) | Event::Renamed(_) => self.chats.contains_key(chat).then(accepted),
        }
    }

    fn write(&mut self, event: &ChannelEvent, message: &IncomingMessage) -> PublishResult {
        let written = ChatMessage {
            id: MessageId::generate().to_string(),
            external_event_id: event.external_event_id.clone(),
            from_client: !message.from_company,
            author_name: message.sender_name.clone(),
            text: message.text.clone(),
            external_thread_id: event.external_thread_id.clone(),
            cart: message.cart.clone(),
            ..ChatMessage::default()
        };
        let chat = self
            .chats
            .entry(event.external_chat_id.clone())
            .or_default();
        let (message, conversation) = chat.add(written, &mut self.conversations);
        PublishResult {
            conversation_id: conversation.id.clone(),
            conversation_number: conversation.number,
            message_id: message.id.clone(),
            seq: message.seq,
            create_time: message.create_time,
            ..accepted()
        }
    }

    /// What an employee writes stands in the chat before it is handed out.
    pub(super) fn show(&mut self, delivery: &mut Delivery) {
        let chat = self
            .chats
            .entry(delivery.external_chat_id.clone())
            .or_default();
        let newest = chat.messages.last();
        delivery.external_thread_id = newest
            .map(|it| it.external_thread_id.clone())
            .unwrap_or_default();
        let written = ChatMessage {
            id: delivery.message_id.clone(),
            author_name: delivery.author_name.clone(),
            text: delivery.text.clone(),
            external_thread_id: delivery.external_thread_id.clone(),
            attachments: delivery.attachments.clone(),
            ..ChatMessage::default()
        };
        let (message, _) = chat.add(written, &mut self.conversations);
        delivery.seq = message.seq;
    }

    /// True when the message is there.
    fn change(&mut self, chat: &str, event: &str, text: &str) -> bool {
        let messages = self.chats.get_mut(chat).map(|it| &mut it.messages);
        let mut messages = messages.into_iter().flatten();
        let message = messages.find(|it| it.external_event_id == event);
        message.map(|it| text.clone_into(&mut it.text)).is_some()
    }

    /// A page of a chat.
    pub fn messages(
        &mut self,
        asked: &ListChatMessagesRequest,
    ) -> Result<ListChatMessagesResponse, Refusal> {
        self.know(&asked.connection_id, &asked.external_chat_id)?;
        let size = match usize::try_from(asked.page_size) {
            Ok(0) => PAGES.0,
            Ok(size) => size.min(PAGES.1),
            Err(_) => return Err(Refusal::field("page_size", "must not be negative")),
        };
        let thread = &asked.external_thread_id;
        let fits = |it: &&ChatMessage| {
            let in_thread = thread.is_empty() || it.external_thread_id == *thread;
            in_thread
                && match asked.position {
                    Some(Position::AfterSeq(after)) => it.seq > after,
                    Some(Position::BeforeSeq(before)) => it.seq < before,
                    None => true,
                }
        };
        let chat = self.chats.get(&asked.external_chat_id);
        let there = chat.into_iter().flat_map(|it| &it.messages);
        let mut messages: Vec<ChatMessage> = there.filter(fits).cloned().collect();
        let has_more = messages.len() > size;
        match asked.position {
            Some(Position::AfterSeq(_)) => messages.truncate(size),
            Some(Position::BeforeSeq(_)) | None => {
                messages.drain(..messages.len().saturating_sub(size));
            }
        }
        Ok(ListChatMessagesResponse { messages, has_more })
    }

    /// The conversations of a chat, the newest message first.
    pub fn conversations_of(
        &mut self,
        asked: &ListChatConversationsRequest,
    ) -> Result<Vec<ChatConversation>, Refusal> {
        self.know(&asked.connection_id, &asked.external_chat_id)?;
        let chat = self.chats.get(&asked.external_chat_id);
        let there = chat.into_iter().flat_map(|it| &it.conversations);
        let mut found: Vec<_> = there
            .filter(|it| it.open || asked.include_closed)
            .cloned()
            .collect();
        found.sort_by_key(|it| std::cmp::Reverse(it.last_seq));
        found.truncate(LISTED);
        Ok(found)
    }

    fn know(&mut self, connection: &str, chat: &str) -> Result<(), Refusal> {
        if connection != self.connection.id {
            self.offence(format!(
                "a chat of the connection {connection:?} was asked for, which nobody told it of"
            ));
            return Err(Refusal::connection_not_found(connection));
        }
        if chat.is_empty() {
            self.offence("the messages of no chat were asked for");
            return Err(Refusal::field("external_chat_id", "must not be empty"));
        }
        Ok(())
    }
}

impl Chat {
    /// Gives a message its place, in the conversation of its thread; one that was finished goes on only without threads.
    fn add(
        &mut self,
        mut message: ChatMessage,
        numbers: &mut i64,
    ) -> (&ChatMessage, &ChatConversation) {
        let thread = &message.external_thread_id;
        let goes_on = |it: &ChatConversation| {
            it.external_thread_id == *thread && (it.open || thread.is_empty())
        };
        let known = self.conversations.iter().position(goes_on);
        let place = known.unwrap_or_else(|| {
            *numbers += 1;
            self.conversations.push(ChatConversation {
                id: ConversationId::generate().to_string(),
                number: *numbers,
                external_thread_id: thread.clone(),
                ..ChatConversation::default()
            });
            self.conversations.len() - 1
        });
        message.seq = self.messages.last().map_or(1, |it| it.seq + 1);
        message.create_time = Some(kit::time::to_proto(Clock::system().now()));
        let conversation = &mut self.conversations[place];
        conversation.open = true;
        conversation.last_seq = message.seq;
        conversation.last_text = message.text.chars().take(PREVIEW).collect();
        conversation.update_time = message.create_time;
        conversation.unread_count += i32::from(!message.from_client);
        self.messages.push(message);
        (&self.messages[self.messages.len() - 1], conversation)
    }

    fn read(&mut self, thread: &str, seq: i64) {
        let unread =
            |it: &&ChatMessage| !it.from_client && it.seq > seq && it.external_thread_id == thread;
        let unread = self.messages.iter().filter(unread).count();
        let unread = i32::try_from(unread).unwrap_or(i32::MAX);
        for it in &mut self.conversations {
            if it.external_thread_id == thread {
                it.unread_count = it.unread_count.min(unread);
            }
        }
    }

    fn close(&mut self, thread: &str) {
        for it in &mut self.conversations {
            it.open &= it.external_thread_id != thread;
        }
    }
}

fn accepted() -> PublishResult {
    PublishResult {
        outcome: PublishOutcome::Accepted.into(),
        ..PublishResult::default()
    }
}
