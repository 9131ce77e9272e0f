//! The language of the server's texts: that of the terminal.

use tonic::Request;
use types::Language;

/// Asks for texts in the user's language.
pub fn ask<T>(request: &mut Request<T>) {
    request.metadata_mut().insert(
        "accept-language",
        of_terminal().tag().parse().unwrap_or_else(|_| english()),
    );
}

fn english() -> tonic::metadata::AsciiMetadataValue {
    tonic::metadata::AsciiMetadataValue::from_static("en")
}

/// The first variable that is set decides, as in other programs.
fn of_terminal() -> Language {
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
    let set = names
        .into_iter()
        .filter_map(|name| std::env::var(name).ok());
    let first = set.into_iter().find(|value| !value.is_empty());
    Language::from_tag(&first.unwrap_or_default())
}
