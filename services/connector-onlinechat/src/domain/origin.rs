//! Which pages may talk to an online chat.
//!
//! A browser says two things: the HTTP header `Origin` (who makes the call; the chat window is ours, so normally our own
//! origin) and, through the chat window, the origin of the page that shows the button. Neither is authentication: a program
//! can write anything. They keep a chat off pages of others; rate limits and session tokens do the rest.

use std::fmt;

use url::Url;

use super::placement::Placement;

/// The longest origin that is looked at.
pub const MAX_ORIGIN: usize = 300;

/// Scheme, host and port of a web page, in the one form that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin of an http or https address; `None` for any other.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        let web = matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty());
        web.then(|| Self(url.origin().ascii_serialization()))
    }

    /// An origin as browsers write it: `https://example.com`. Anything more than an origin is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_ORIGIN || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return None;
        }
        let url = parse_web_address(text)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        if bare && anonymous {
            Self::of(&url)
        } else {
            None
        }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A whole http or https address. The URL parser also understands "https:host" and "https:///host", as browsers do where
/// somebody types; nobody means them in a setting.
pub(super) fn parse_web_address(text: &str) -> Option<Url> {
    let (scheme, rest) = text.split_once("://")?;
    let web = ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    if !web || rest.starts_with(['/', '\\']) {
        None
    } else {
        Url::parse(text).ok()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Is it the origin of our own pages? A chat that stands on its landing site is shown there.
#[must_use]
pub fn is_own(own: &Origin, origin: &str) -> bool {
    Origin::parse(origin).as_ref() == Some(own)
}

/// May a call come from here? `header` is the HTTP header `Origin`, which programs that are no browsers do not send.
#[must_use]
pub fn may_call(placement: &Placement, own: &Origin, header: Option<&str>) -> bool {
    match placement {
        Placement::Locked => false,
        Placement::Application => true,
        Placement::Site(_) => header.is_none_or(|header| {
            let caller = Origin::parse(header);
            caller.as_ref() == Some(own) || caller.as_ref() == placement.site_origin()
        }),
    }
}

/// May this page show the chat?
#[must_use]
pub fn may_embed(placement: &Placement, page: &str) -> bool {
    match placement {
        Placement::Locked => false,
        Placement::Application => true,
        Placement::Site(_) => Origin::parse(page).as_ref() == placement.site_origin(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own() -> Origin {
        Origin::parse("https://chat.beseda.example").expect("an origin")
    }

    fn site(address: &str) -> Placement {
        Placement::decide(false, address).expect("a site")
    }

    #[test]
    fn the_same_origin_written_differently_is_the_same() {
        let placement = site("https://пример.рф/about");
        for page in [
            "https://xn--e1afmkfd.xn--p1ai",
            "HTTPS://Пример.РФ:443",
            "https://пример.рф/",
        ] {
            assert!(may_embed(&placement, page), "{page}");
        }
    }

    #[test]
    fn a_neighbour_is_another_origin() {
        let placement = site("https://example.com");
        for page in [
            "",
            "null",
            "http://example.com",
            "https://example.com:8443",
            "https://www.example.com",
            "https://example.com.evil.org",
            "https://evil.org/https://example.com",
            "https://example.com@evil.org",
            "https://user@example.com",
            "https://example.com/path",
            "https://example.com?x",
            "https://example.com\t",
            "https:///example.com",
            "https:example.com",
            "https:\\\\example.com",
        ] {
            assert!(!may_embed(&placement, page), "{page}");
            assert!(!may_call(&placement, &own(), Some(page)), "{page}");
        }
    }

    fn host() -> impl Strategy<Value = String> {
        "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}"
    }

    fn address() -> impl Strategy<Value = (String, String)> {
        let scheme = prop_oneof![Just("http"), Just("https")];
        let port = prop_oneof![
            Just(String::new()),
            (1u16..).prop_map(|port| format!(":{port}"))
        ];
        (scheme, host(), port, "(/[a-z]{0,5}){0,2}").prop_map(|(scheme, host, port, path)| {
            let origin = format!("{scheme}://{host}{port}");
            (origin.clone(), format!("{origin}{path}"))
        })
    }

    /// The rule in the words of the contract, without the code under test: two origins are equal when scheme, host and
    /// port are, where 80 and 443 may be left out.
    fn same(left: &str, right: &str) -> bool {
        let parts = |text: &str| {
            let (scheme, rest) = text.split_once("://").expect("a scheme");
            let default = if scheme == "http" { "80" } else { "443" };
            let (host, port) = rest.rsplit_once(':').unwrap_or((rest, default));
            (scheme.to_owned(), host.to_owned(), port.to_owned())
        };
        parts(left) == parts(right)
    }

    proptest! {
        #[test]
        fn a_bound_chat_is_shown_by_its_own_site_only((origin, address) in address(), (other, _) in address()) {
            let placement = site(&address);
            prop_assert!(may_embed(&placement, &origin));
            prop_assert_eq!(may_embed(&placement, &other), same(&origin, &other));
            prop_assert!(may_call(&placement, &own(), Some(&origin)));
            prop_assert!(may_call(&placement, &own(), Some(own().as_str())));
            prop_assert!(may_call(&placement, &own(), None));
            prop_assert_eq!(may_call(&placement, &own(), Some(&other)), same(&origin, &other) || same(&other, own().as_str()));
        }

        #[test]
        fn an_application_is_bound_to_nothing(page in "\\PC{0,40}") {
            prop_assert!(may_embed(&Placement::Application, &page));
            prop_assert!(may_call(&Placement::Application, &own(), Some(&page)));
        }

        #[test]
        fn a_locked_chat_is_shown_nowhere((origin, _) in address()) {
            prop_assert!(!may_embed(&Placement::Locked, &origin));
            prop_assert!(!may_call(&Placement::Locked, &own(), Some(&origin)));
            prop_assert!(!may_call(&Placement::Locked, &own(), None));
        }

        #[test]
        fn garbage_is_no_origin_of_a_site(text in "\\PC{0,60}") {
            let placement = site("https://example.com");
            prop_assume!(!text.to_lowercase().contains("example"));
            prop_assert!(!may_embed(&placement, &text));
        }
    }
}
