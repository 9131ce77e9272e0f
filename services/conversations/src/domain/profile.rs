//! What a channel tells of a client beside the name.

/// The client of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Public name in the channel, without @; empty when it is not known, as are the others.
    pub username: String,
    /// The channel's id of the client.
    pub user_id: String,
    /// Telephone number.
    pub phone: String,
}

impl Profile {
    /// Of the facts that came with a message; `None` when they tell nothing of the client.
    #[must_use]
    pub fn of_facts<'f>(fact: impl Fn(&str) -> Option<&'f String>) -> Option<Self> {
        let text = |name| fact(name).cloned().unwrap_or_default();
        let profile = Self {
            username: text("username").trim_start_matches('@').to_owned(),
            user_id: text("user_id"),
            phone: text("phone"),
        };
        (profile != Self::default()).then_some(profile)
    }

    /// With what is told anew: what is not told any more stays as it was.
    #[must_use]
    pub fn renewed(self, told: &Self) -> Self {
        let newer = |old: String, new: &String| if new.is_empty() { old } else { new.clone() };
        Self {
            username: newer(self.username, &told.username),
            user_id: newer(self.user_id, &told.user_id),
            phone: newer(self.phone, &told.phone),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn of(facts: &[(&str, &str)]) -> Option<Profile> {
        let facts: HashMap<_, _> = facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Profile::of_facts(|name| facts.get(name))
    }

    #[test]
    fn facts_tell_of_the_client_or_they_do_not() {
        assert_eq!(of(&[("page", "/"), ("language", "ru")]), None);
        let told = of(&[("username", "@anna"), ("user_id", "42")]).expect("a profile");
        assert_eq!((&told.username[..], &told.user_id[..]), ("anna", "42"));
    }

    #[test]
    fn what_is_told_anew_replaces_and_the_rest_stays() {
        let first = of(&[("username", "anna"), ("phone", "+79990001122")]).expect("a profile");
        let then = of(&[("username", "anna_b")]).expect("a profile");
        let known = first.renewed(&then);
        assert_eq!(
            (&known.username[..], &known.phone[..]),
            ("anna_b", "+79990001122")
        );
    }
}
