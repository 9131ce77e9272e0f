//! Which conversation is meant: by its id, or by its number as people say it.

use std::str::FromStr;

use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::{
    Conversation, ConversationLife, ListConversationsRequest, ListConversationsResponse,
};
use api::identity::v1::ListUsersRequest;
use api::identity::v1::user_service_client::UserServiceClient;
use types::ConversationId;

use super::connection::Connection;
use super::problem::Problem;

/// The largest page there is.
const PAGE: i32 = 200;

/// A conversation as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// `conv_…`
    Id(ConversationId),
    /// `12` or `#12`
    Number(i64),
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let id = text.parse().ok().map(Self::Id);
        let number = || {
            text.strip_prefix('#')
                .unwrap_or(text)
                .parse()
                .ok()
                .filter(|number| *number > 0)
        };
        id.or_else(|| number().map(Self::Number)).ok_or_else(|| {
            "name a conversation by its number, such as 12, or by its id, conv_…".to_owned()
        })
    }
}

impl Named {
    /// Its id.
    pub async fn id(self, connection: &Connection) -> Result<String, Problem> {
        match self {
            Self::Id(id) => Ok(id.to_string()),
            Self::Number(number) => Ok(find(connection, number).await?.id),
        }
    }
}

/// The id of an employee who is named by id or e-mail.
pub async fn user(connection: &Connection, named: String) -> Result<String, Problem> {
    if !named.contains('@') {
        return Ok(named);
    }
    let mut request = ListUsersRequest {
        page_size: PAGE,
        ..ListUsersRequest::default()
    };
    loop {
        let list =
            async |channel, request| UserServiceClient::new(channel).list_users(request).await;
        let page = connection.call(request.clone(), list).await?;
        let mut users = page.users.into_iter();
        if let Some(user) = users.find(|user| user.email.eq_ignore_ascii_case(named.trim())) {
            return Ok(user.id);
        }
        if page.next_page_token.is_empty() {
            return Err(Problem::NoSuchEmployee(named));
        }
        request.page_token = page.next_page_token;
    }
}

/// Looks through the inbox, the latest first: whom one answers now is among the first.
async fn find(connection: &Connection, number: i64) -> Result<Conversation, Problem> {
    for life in [ConversationLife::Open, ConversationLife::Closed] {
        let mut pages = Pages::new(ListConversationsRequest {
            page_size: PAGE,
            life: life.into(),
            ..ListConversationsRequest::default()
        });
        while let Some(page) = pages.next(connection).await? {
            let found = page
                .conversations
                .into_iter()
                .find(|it| it.number == number);
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }
    Err(Problem::NoSuchNumber(number))
}

/// Pages of conversations, one after the other.
#[derive(Debug)]
pub struct Pages {
    request: ListConversationsRequest,
    ended: bool,
}

impl Pages {
    /// From the first page of a request.
    pub fn new(request: ListConversationsRequest) -> Self {
        Self {
            request,
            ended: false,
        }
    }

    /// The next page.
    pub async fn next(
        &mut self,
        connection: &Connection,
    ) -> Result<Option<ListConversationsResponse>, Problem> {
        if self.ended {
            return Ok(None);
        }
        let list = async |channel, request| {
            InboxServiceClient::new(channel)
                .list_conversations(request)
                .await
        };
        let page = connection.call(self.request.clone(), list).await?;
        self.request.page_token.clone_from(&page.next_page_token);
        self.ended = page.next_page_token.is_empty();
        Ok(Some(page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_named_by_number_or_id() {
        assert_eq!("#12".parse(), Ok(Named::Number(12)));
        assert_eq!("12".parse(), Ok(Named::Number(12)));
        let id = ConversationId::generate();
        assert_eq!(id.to_string().parse(), Ok(Named::Id(id)));
        for other in ["", "#", "0", "-1", "chat_1", "##1"] {
            assert!(other.parse::<Named>().is_err(), "{other}");
        }
    }
}
