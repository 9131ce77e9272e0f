//! The survey of «Отправить NPS»: the question, and what counts as its answer (CNV-17, A-08).

use std::ops::RangeInclusive;
use std::time::Duration;

use types::Language;

use super::writability;

/// What a client may rate with.
const RATINGS: RangeInclusive<i16> = 1..=10;

/// How long after the survey a number is its answer; later it is a new request.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);

/// What an account has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Is it switched on?
    pub enabled: bool,
    /// Does the plan include it?
    pub in_plan: bool,
    /// The question; empty: one in the account's language.
    pub text: String,
}

/// Why no survey goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The account has switched surveys off.
    SwitchedOff,
    /// The plan does not include them.
    NotInPlan,
    /// The channel lets no free text be sent any more (WA-03).
    DialogueOver,
    /// Nothing can be written to the client now.
    CannotWrite,
    /// The conversation was closed before.
    AlreadyClosed,
}

impl From<writability::Obstacle> for Obstacle {
    fn from(obstacle: writability::Obstacle) -> Self {
        use writability::Obstacle as Why;
        match obstacle {
            Why::ConversationClosed => Self::AlreadyClosed,
            Why::DialogueClosed => Self::DialogueOver,
            Why::Blocked
            | Why::NoSubscription
            | Why::ConnectionDisabled
            | Why::Erased
            | Why::NoTemplates
            | Why::Unreachable
            | Why::TemplatesUnpaid => Self::CannotWrite,
        }
    }
}

impl Survey {
    /// The question to ask, as far as the account decides.
    ///
    /// # Errors
    /// When the account sends none.
    pub fn question(&self, language: &str) -> Result<String, Obstacle> {
        if !self.in_plan {
            return Err(Obstacle::NotInPlan);
        }
        if !self.enabled {
            return Err(Obstacle::SwitchedOff);
        }
        if !self.text.is_empty() {
            return Ok(self.text.clone());
        }
        Ok(match Language::from_tag(language) {
            Language::Ru => {
                "Насколько вероятно, что вы порекомендуете нас друзьям или коллегам? Ответьте числом от 1 до 10."
            }
            Language::Es => {
                "¿Qué probabilidad hay de que nos recomiende a un amigo o colega? Responda con un número del 1 al 10."
            }
            Language::En => {
                "How likely are you to recommend us to a friend or colleague? Answer with a number from 1 to 10."
            }
        }
        .to_owned())
    }
}

/// The rating that a message is, if it is just a number that one may rate with.
#[must_use]
pub fn rating(text: &str) -> Option<i16> {
    let text = text.trim();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = text.parse().ok().filter(|_| is_number)?;
    RATINGS.contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_is_just_a_number_from_1_to_10() {
        for number in RATINGS {
            assert_eq!(rating(&format!(" {number}\n")), Some(number));
        }
        for text in [
            "",
            "0",
            "11",
            "010",
            "+5",
            "-5",
            "5 штук",
            "5.",
            "пять",
            "５",
        ] {
            assert_eq!(rating(text), None, "{text}");
        }
    }

    #[test]
    fn the_question_is_the_accounts_own_or_in_its_language() {
        let mut survey = Survey {
            enabled: true,
            in_plan: true,
            text: String::new(),
        };
        let starts = |survey: &Survey, language, start: &str| {
            survey
                .question(language)
                .is_ok_and(|it| it.starts_with(start))
        };
        assert!(starts(&survey, "ru-RU", "Насколько"));
        assert!(starts(&survey, "es", "¿Qué"));
        assert!(starts(&survey, "de", "How"));
        "Ну как?".clone_into(&mut survey.text);
        assert!(starts(&survey, "es", "Ну как?"));
        survey.enabled = false;
        assert_eq!(survey.question("ru"), Err(Obstacle::SwitchedOff));
        survey.in_plan = false;
        assert_eq!(survey.question("ru"), Err(Obstacle::NotInPlan));
    }
}
