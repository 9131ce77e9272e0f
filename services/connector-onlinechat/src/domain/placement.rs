//! Where an online chat may be shown: decision table 2.5 (ONL-16 … ONL-20).

use super::origin::{Origin, parse_web_address};

/// The longest address.
pub const MAX_URL: usize = 2000;

/// Where an online chat may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// Neither a site nor an application: the embed code is locked, no page may show the chat.
    Locked,
    /// «Адрес размещения» is given: this site and no other.
    Site(Site),
    /// «Встраивается в приложение»: bound to no address.
    Application,
}

/// A site by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    url: String,
    origin: Origin,
}

/// Why a placement is refused. The texts follow the name of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Both were given (ONL-19).
    #[error("must be empty while the chat is embedded into an application")]
    UrlInApplication,
    /// No address of a site.
    #[error(
        "must be the whole address of a site, with http or https and a host, for example https://example.com"
    )]
    NotASite,
    /// A name or password in the address would be printed in the embed code's window.
    #[error("must not contain a user name or password")]
    Credentials,
    /// Longer than [`MAX_URL`].
    #[error("must have at most 2000 characters")]
    TooLong,
}

impl Placement {
    /// What the two fields «Встраивается в приложение» and «Адрес размещения» mean together.
    ///
    /// # Errors
    /// When they contradict each other or the address is none.
    pub fn decide(embedded_in_app: bool, site_url: &str) -> Result<Self, Error> {
        match (embedded_in_app, site_url.trim()) {
            (true, "") => Ok(Self::Application),
            (true, _) => Err(Error::UrlInApplication),
            (false, "") => Ok(Self::Locked),
            (false, address) => Site::parse(address).map(Self::Site),
        }
    }

    /// «Адрес размещения»; empty where there is none.
    #[must_use]
    pub fn site_url(&self) -> &str {
        match self {
            Self::Site(site) => &site.url,
            Self::Locked | Self::Application => "",
        }
    }

    /// The origin of the one site that may show the chat, when it is bound to one.
    #[must_use]
    pub fn site_origin(&self) -> Option<&Origin> {
        match self {
            Self::Site(site) => Some(&site.origin),
            Self::Locked | Self::Application => None,
        }
    }
}

impl Site {
    fn parse(address: &str) -> Result<Self, Error> {
        if address.chars().count() > MAX_URL {
            return Err(Error::TooLong);
        }
        // The parser drops line breaks and tabs inside an address; what is stored has to be what was checked.
        if address.chars().any(char::is_control) {
            return Err(Error::NotASite);
        }
        let url = parse_web_address(address).ok_or(Error::NotASite)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Credentials);
        }
        let origin = Origin::of(&url).ok_or(Error::NotASite)?;
        Ok(Self {
            url: address.to_owned(),
            origin,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of the table, with the condition of each as several addresses.
    #[test]
    fn decision_table_2_5_onl_16_to_onl_20() {
        let site = |address: &str| Site::parse(address).map(Placement::Site);
        let not_urls = [
            "example.com",
            "//example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "https://",
            "https:///path",
            "мой сайт",
            "http://exa mple.com",
            "https://example.com\n.evil.com",
            "data:text/html,x",
            "file:///etc/passwd",
        ];
        // off, empty → refused later: locked.
        assert_eq!(Placement::decide(false, ""), Ok(Placement::Locked));
        assert_eq!(Placement::decide(false, "  "), Ok(Placement::Locked));
        // off, not a URL → refused.
        for text in not_urls {
            assert_eq!(
                Placement::decide(false, text),
                Err(Error::NotASite),
                "{text}"
            );
        }
        // off, URL → bound to that site.
        for text in [
            "https://example.com",
            "http://localhost:3000/shop?x=1",
            "https://пример.рф/чат",
            "http://[::1]:8080",
            "HTTPS://EXAMPLE.COM:443/",
        ] {
            assert_eq!(Placement::decide(false, text), site(text), "{text}");
            assert!(site(text).is_ok(), "{text}");
        }
        // on, absent → bound to nothing.
        assert_eq!(Placement::decide(true, ""), Ok(Placement::Application));
        // on, present → refused, whatever it is.
        for text in not_urls.into_iter().chain(["https://example.com"]) {
            assert_eq!(
                Placement::decide(true, text),
                Err(Error::UrlInApplication),
                "{text}"
            );
        }
    }

    #[test]
    fn an_address_with_a_password_is_refused() {
        let given = Placement::decide(false, "https://admin:secret@example.com");
        assert_eq!(given, Err(Error::Credentials));
    }

    #[test]
    fn an_address_of_2000_characters_fits_and_2001_do_not() {
        let address = |length: usize| format!("https://e.com/{}", "я".repeat(length - 14));
        assert!(Placement::decide(false, &address(2000)).is_ok());
        assert_eq!(
            Placement::decide(false, &address(2001)),
            Err(Error::TooLong)
        );
    }
}
