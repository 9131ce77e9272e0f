//! What this service knows of an account.

use super::nps::Survey;

/// An account's state, as identity last told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// May messages be sent? (CHW-54)
    pub subscription_active: bool,
    /// Is imBox on? (CNV-10)
    pub imbox_enabled: bool,
    /// BCP 47 language of the account.
    pub language: String,
    /// Does the plan include search in messages? (CNV-35)
    pub message_search: bool,
    /// The survey of «Отправить NPS» (CNV-17).
    pub nps: Survey,
}
