//! Rows as files.

use pg::Error;
use serde::Deserialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::attachment::Attachment;
use crate::store::numbers::{corrupt, to_file_kind, to_file_state};

/// A file as the columns of a message carry it.
#[derive(Debug, Deserialize)]
struct Shown {
    id: Uuid,
    kind: i16,
    file_name: String,
    media_type: String,
    size: i64,
    duration_ms: i64,
    width: i32,
    height: i32,
    state: i16,
    failure: i16,
    has_preview: bool,
}

impl Shown {
    fn file(self) -> Option<Attachment> {
        Some(Attachment {
            id: self.id.into(),
            kind: to_file_kind(self.kind)?,
            file_name: self.file_name,
            media_type: self.media_type,
            size: self.size.unsigned_abs(),
            duration_ms: self.duration_ms,
            width: self.width.unsigned_abs(),
            height: self.height.unsigned_abs(),
            state: to_file_state(self.state, self.failure)?,
            has_preview: self.has_preview,
        })
    }
}

/// The files in a row of a message; none for plain text.
///
/// # Errors
/// What `bad` makes when the row holds what no version of this program wrote.
pub fn of_message(
    row: &PgRow,
    bad: &impl Fn(&'static str) -> Error,
) -> Result<Vec<Attachment>, Error> {
    let Some(Json(shown)) = row.try_get::<Option<Json<Vec<Shown>>>, _>("attachments")? else {
        return Ok(Vec::new());
    };
    shown
        .into_iter()
        .map(|shown| shown.file().ok_or_else(|| bad("attachments")))
        .collect()
}

/// A row of a file.
pub(super) fn from_row(row: &PgRow) -> Result<Attachment, Error> {
    let id: Uuid = row.try_get("id")?;
    let shown = Shown {
        id,
        kind: row.try_get("kind")?,
        file_name: row.try_get("file_name")?,
        media_type: row.try_get("media_type")?,
        size: row.try_get("size")?,
        duration_ms: row.try_get("duration_ms")?,
        width: row.try_get("width")?,
        height: row.try_get("height")?,
        state: row.try_get("state")?,
        failure: row.try_get("failure")?,
        has_preview: row.try_get("has_preview")?,
    };
    shown
        .file()
        .ok_or_else(|| corrupt("attachments", "kind", id))
}
