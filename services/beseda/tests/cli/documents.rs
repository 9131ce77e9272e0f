//! docs/errors.md is what the contract says. `BESEDA_REGENERATE=1 cargo test -p beseda documents` writes it anew.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use api::error::v1::ErrorReason;
use types::Language;

/// A reason as the comment in the contract describes it.
#[derive(Debug)]
struct Described {
    name: String,
    code: String,
    meaning: String,
    to_do: String,
    metadata: String,
}

#[test]
fn errors_md_is_what_the_contract_says() {
    let contract = fs::read_to_string(root().join("proto/beseda/error/v1/error_reason.proto"));
    let described = described(&contract.expect("the contract"));
    let expected = document(&described);
    let path = root().join("docs/errors.md");
    if std::env::var_os("BESEDA_REGENERATE").is_some() {
        fs::write(&path, expected).expect("docs/errors.md is written");
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "docs/errors.md is not what the contract says: BESEDA_REGENERATE=1 cargo test -p beseda documents"
    );
}

#[test]
fn the_code_in_every_comment_is_the_one_that_is_sent() {
    let contract = fs::read_to_string(root().join("proto/beseda/error/v1/error_reason.proto"));
    for reason in described(&contract.expect("the contract")) {
        let known = ErrorReason::from_str_name(&format!("ERROR_REASON_{}", reason.name));
        let known = known.expect("a reason of the contract");
        let sent = format!("{:?}", kit::refusal::code(known)).to_uppercase();
        assert_eq!(reason.code.replace('_', ""), sent, "{}", reason.name);
        for language in [Language::Ru, Language::Es, Language::En] {
            assert!(
                !kit::refusal::text(known, language).is_empty(),
                "{}",
                reason.name
            );
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The reasons with their comments: "CODE. Meaning; what to do. {metadata, keys}".
fn described(contract: &str) -> Vec<Described> {
    let mut comment = String::new();
    let mut all = Vec::new();
    for line in contract.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("//") {
            let _ = write!(comment, "{} ", text.trim());
        } else if let Some((name, _)) = line
            .strip_prefix("ERROR_REASON_")
            .and_then(|it| it.split_once(" = "))
        {
            if name != "UNSPECIFIED" {
                all.push(Described::read(name, comment.trim()));
            }
            comment.clear();
        } else {
            comment.clear();
        }
    }
    assert!(all.len() > 40, "the contract was not understood");
    all
}

impl Described {
    fn read(name: &str, comment: &str) -> Self {
        let shape = "CODE. Meaning; what to do. {metadata}";
        let (code, rest) = comment
            .split_once(". ")
            .unwrap_or_else(|| panic!("{name}: {shape}"));
        let (text, metadata) = rest
            .rsplit_once(" {")
            .unwrap_or_else(|| panic!("{name}: {shape}"));
        let (meaning, to_do) = text
            .trim_end_matches('.')
            .split_once("; ")
            .unwrap_or((text.trim_end_matches('.'), ""));
        Self {
            name: name.to_owned(),
            code: code.to_owned(),
            meaning: meaning.to_owned(),
            to_do: to_do.to_owned(),
            metadata: metadata.trim_end_matches('}').to_owned(),
        }
    }
}

fn document(reasons: &[Described]) -> String {
    let mut text = String::from(
        "# Error reasons\n\n\
         Generated from `proto/beseda/error/v1/error_reason.proto`; change the comments there, then run\n\
         `BESEDA_REGENERATE=1 cargo test -p beseda documents`.\n\n\
         Every status other than OK carries `google.rpc.ErrorInfo` with one of these reasons and the domain `beseda`,\n\
         and `google.rpc.LocalizedMessage` in the language of the call's `accept-language` (ru, es, en). A field that does\n\
         not fit is named in `google.rpc.BadRequest`; when to try again stands in `google.rpc.RetryInfo`. Treat a reason that\n\
         you do not know by its code: repeat on `UNAVAILABLE`, read and repeat on `ABORTED`, change the state first on\n\
         `FAILED_PRECONDITION`.\n\n\
         | reason | code | meaning | what to do | metadata |\n|---|---|---|---|---|\n",
    );
    for it in reasons {
        let cell = |text: &str| text.replace('|', "\\|");
        let metadata = if it.metadata.is_empty() {
            String::new()
        } else {
            format!("`{}`", it.metadata)
        };
        let to_do = cell(&it.to_do);
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {} | {to_do} | {metadata} |",
            it.name,
            it.code,
            cell(&it.meaning)
        );
    }
    text
}
