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
    /// The bot that crm's timelines name as the author of employees' messages (CHW-69); empty: they name the employee.
    pub feed_bot_name: String,
}
