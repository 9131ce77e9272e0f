//! Pictures that people show of themselves.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::client::Bot;
use super::fault::Fault;

const TIME: Duration = Duration::from_secs(30);

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Photo {
    /// Under which the bot fetches it.
    pub file_id: String,
    /// The same for every bot and for ever, and another one for another picture.
    pub file_unique_id: String,
}

#[derive(Deserialize)]
struct Photos {
    /// Each in several sizes, the largest last.
    #[serde(default)]
    photos: Vec<Vec<Photo>>,
}

impl Bot {
    /// The picture that somebody shows now; `None` where there is none, or they hide it.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn picture_of(&self, user: i64) -> Result<Option<Photo>, Fault> {
        let body = json!({"user_id": user, "limit": 1});
        let answer: Photos = self.call("getUserProfilePhotos", &body, TIME).await?;
        let newest = answer.photos.into_iter().next();
        Ok(newest.and_then(|sizes| sizes.into_iter().next_back()))
    }
}
