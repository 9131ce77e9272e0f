//! The language of the call being served, for texts in errors.

use types::Language;

tokio::task_local! {
    static CURRENT: Language;
}

/// Runs a future whose errors speak `language`.
pub async fn with<F: Future>(language: Language, future: F) -> F::Output {
    CURRENT.scope(language, future).await
}

/// The language of the call being served; English outside of one.
#[must_use]
pub fn current() -> Language {
    CURRENT.try_with(|language| *language).unwrap_or_default()
}

/// The language that a call asks for by `accept-language`.
#[must_use]
pub fn requested(headers: &http::HeaderMap) -> Option<Language> {
    let value = headers.get(http::header::ACCEPT_LANGUAGE)?;
    Language::from_accept_language(value.to_str().ok()?)
}
