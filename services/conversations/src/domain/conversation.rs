//! Conversations: life, answer state, what can be done (decision table 2.2 of the requirements).

use time::OffsetDateTime;
use types::{AccountId, ChatId, ConnectionId, ConversationId, MessageId, UserId};

use super::message::{Author, AuthorKind};
use super::nps;

/// Who closed a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// An employee, by «Закрыть» (CNV-18).
    Employee(UserId),
    /// A program of the account.
    Program,
    /// The client, by «Завершить беседу» (ONL-10).
    Client,
}

/// Is a manager still working on it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Yes (CNV-14).
    Open,
    /// No: everything is solved (CNV-16).
    Closed {
        /// Since when.
        at: OffsetDateTime,
        /// Who closed it.
        by: ClosedBy,
    },
}

/// Is the client waiting?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Yes (CNV-21).
    Required,
    /// No (CNV-24).
    NotNeeded,
}

/// What can be done with a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Write to the client.
    Answer,
    /// «Не требует ответа».
    MarkNoAnswerNeeded,
    /// «Отправить NPS».
    SendNps,
    /// «Закрыть».
    Close,
}

/// The newest message as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMessage {
    /// Its id.
    pub id: MessageId,
    /// Place in the chat.
    pub seq: i64,
    /// Who wrote it.
    pub author: Author,
    /// The beginning of its text.
    pub preview: String,
    /// When it was stored.
    pub time: OffsetDateTime,
}

/// One request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its account.
    pub account: AccountId,
    /// Account-wide number.
    pub number: i64,
    /// Its chat.
    pub chat: ChatId,
    /// Its connection.
    pub connection: ConnectionId,
    /// Its channel.
    pub connector_key: String,
    /// The channel's id of the thread.
    pub thread: String,
    /// What to call the row.
    pub title: String,
    /// Of a group chat: administrators only see it.
    pub group: bool,
    /// Open or closed.
    pub life: Life,
    /// Answer state.
    pub answer: Answer,
    /// The newest message.
    pub last: LastMessage,
    /// The client has read up to here.
    pub client_read_seq: i64,
    /// Grows with every change.
    pub version: i64,
    /// When the first message was stored.
    pub create_time: OffsetDateTime,
    /// When it was last written in, closed or opened.
    pub update_time: OffsetDateTime,
}

impl Conversation {
    /// Is it open?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.life == Life::Open
    }

    /// What can be done now; nothing with a closed one (CNV-20).
    #[must_use]
    pub fn allowed_actions(&self) -> &'static [Action] {
        match (self.life, self.answer) {
            (Life::Closed { .. }, _) => &[],
            (Life::Open, Answer::Required) => &[
                Action::Answer,
                Action::MarkNoAnswerNeeded,
                Action::SendNps,
                Action::Close,
            ],
            (Life::Open, Answer::NotNeeded) => &[Action::Answer, Action::SendNps, Action::Close],
        }
    }

    /// Takes a stored message in: it is the newest, and decides whether an answer is required; of a closed one nothing is.
    pub fn add(&mut self, message: LastMessage) {
        if self.is_open() {
            self.answer = answer_after(message.author.kind, self.answer);
        }
        self.update_time = message.time;
        self.last = message;
        self.version += 1;
    }

    /// Takes in an old message that an import brings: it is the newest of the chain, and news to nobody. Neither the answer state nor the
    /// place in lists changes, and a client who had read everything still has.
    pub fn add_old(&mut self, message: LastMessage) {
        if self.client_read_seq >= self.last.seq {
            self.client_read_seq = message.seq;
        }
        self.last = message;
        self.version += 1;
    }

    /// Is this text of the client the answer to the survey that closed the conversation? The survey waits for it as long as it
    /// is the newest message: it was written as the conversation was closed, and whatever the client writes takes its place.
    #[must_use]
    pub fn is_rated_by(&self, text: &str, now: OffsetDateTime) -> bool {
        match self.life {
            Life::Closed { at, .. } => {
                self.last.author.kind == AuthorKind::System
                    && self.last.time == at
                    && now - at <= nps::ANSWERED_WITHIN
                    && nps::rating(text).is_some()
            }
            Life::Open => false,
        }
    }

    /// Opens it again.
    pub fn reopen(&mut self) {
        self.life = Life::Open;
    }

    /// Closes it; false when it was closed before.
    pub fn close(&mut self, by: ClosedBy, at: OffsetDateTime) -> bool {
        if !self.is_open() {
            return false;
        }
        self.life = Life::Closed { at, by };
        self.update_time = at;
        self.version += 1;
        true
    }

    /// «Не требует ответа»; false when that was so before. It keeps its place among those that need no answer (CHW-23): its time does
    /// not change.
    pub fn mark_no_answer_needed(&mut self) -> bool {
        if self.answer == Answer::NotNeeded {
            return false;
        }
        self.answer = Answer::NotNeeded;
        self.version += 1;
        true
    }
}

/// The answer state after a message: the client's requires an answer, an employee's is one, those of bots and the system
/// change nothing.
#[must_use]
pub fn answer_after(author: AuthorKind, before: Answer) -> Answer {
    match author {
        AuthorKind::Client => Answer::Required,
        AuthorKind::Employee => Answer::NotNeeded,
        AuthorKind::Bot | AuthorKind::System => before,
    }
}

/// What to call a conversation: the client's name, or a neutral one with the end of the channel's id.
#[must_use]
pub fn title(client_name: &str, external_chat_id: &str) -> String {
    if !client_name.trim().is_empty() {
        return client_name.trim().to_owned();
    }
    let mut end: Vec<char> = external_chat_id.chars().rev().take(6).collect();
    end.reverse();
    format!("#{}", end.into_iter().collect::<String>())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An open conversation whose client waits.
    pub(crate) fn sample() -> Conversation {
        let time = OffsetDateTime::UNIX_EPOCH;
        let author = Author {
            kind: AuthorKind::Client,
            name: "Client".to_owned(),
            user: None,
        };
        let last = LastMessage {
            id: MessageId::generate(),
            seq: 1,
            author,
            preview: "hello".to_owned(),
            time,
        };
        Conversation {
            id: ConversationId::generate(),
            account: AccountId::generate(),
            number: 1,
            chat: ChatId::generate(),
            connection: ConnectionId::generate(),
            connector_key: "test".to_owned(),
            thread: String::new(),
            title: "Client".to_owned(),
            group: false,
            life: Life::Open,
            answer: Answer::Required,
            last,
            client_read_seq: 0,
            version: 1,
            create_time: time,
            update_time: time,
        }
    }

    /// Decision table 2.2, row by row.
    #[test]
    fn allowed_actions_are_those_of_the_table() {
        let mut conversation = sample();
        assert_eq!(
            conversation.allowed_actions(),
            [
                Action::Answer,
                Action::MarkNoAnswerNeeded,
                Action::SendNps,
                Action::Close
            ]
        );
        assert!(conversation.mark_no_answer_needed());
        assert_eq!(
            conversation.allowed_actions(),
            [Action::Answer, Action::SendNps, Action::Close]
        );
        assert!(conversation.close(ClosedBy::Client, OffsetDateTime::UNIX_EPOCH));
        assert_eq!(conversation.allowed_actions(), []);
    }

    /// only the first message after the survey, only a number, only for a week.
    #[test]
    fn a_closed_conversation_is_rated_by_the_number_that_follows_the_survey() {
        let survey = OffsetDateTime::UNIX_EPOCH;
        let mut conversation = sample();
        conversation.last.author.kind = AuthorKind::System;
        assert!(!conversation.is_rated_by("9", survey), "it is open");
        conversation.close(ClosedBy::Program, survey);
        let week = survey + nps::ANSWERED_WITHIN;
        assert!(conversation.is_rated_by("9", week));
        assert!(!conversation.is_rated_by("9", week + time::Duration::SECOND));
        assert!(!conversation.is_rated_by("девять", survey));
        let mut rated = conversation.last.clone();
        rated.author.kind = AuthorKind::Client;
        conversation.add(rated);
        assert_eq!(conversation.answer, Answer::Required, "as it was");
        assert!(!conversation.is_rated_by("9", survey), "it was rated");
    }

    #[test]
    fn only_clients_and_employees_change_the_answer_state() {
        for before in [Answer::Required, Answer::NotNeeded] {
            assert_eq!(answer_after(AuthorKind::Client, before), Answer::Required);
            assert_eq!(
                answer_after(AuthorKind::Employee, before),
                Answer::NotNeeded
            );
            assert_eq!(answer_after(AuthorKind::Bot, before), before);
            assert_eq!(answer_after(AuthorKind::System, before), before);
        }
    }

    #[test]
    fn a_nameless_client_gets_a_neutral_title() {
        assert_eq!(title("  ", "vis_0123456789"), "#456789");
        assert_eq!(title(" Анна ", "x"), "Анна");
    }
}
