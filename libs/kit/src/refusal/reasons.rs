//! One constructor per reason: it takes exactly the metadata that the contract names.

use std::fmt::Display;
use std::time::Duration;

use api::error::v1::ErrorReason as R;

use super::{FieldViolation, Refusal};

/// How long to wait before an unavailable store or service is tried again.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(1);

macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident = $reason:ident;)*) => {
        impl Refusal {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name() -> Self {
                Self::new(R::$reason)
            }
        )*}
    };
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident($key:ident) = $reason:ident;)*) => {
        impl Refusal {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name($key: impl Display) -> Self {
                Self::new(R::$reason).with(stringify!($key), $key)
            }
        )*}
    };
}

plain! {
    /// The page token belongs to another list.
    page_token_mismatch = PageTokenMismatch;
    /// The cursor is not one of this stream.
    cursor_invalid = CursorInvalid;
    /// No token.
    token_missing = TokenMissing;
    /// A token that is none of ours.
    token_invalid = TokenInvalid;
    /// The token's time is over.
    token_expired = TokenExpired;
    /// The session was ended.
    session_ended = SessionEnded;
    /// Wrong or unknown credentials.
    credentials_invalid = CredentialsInvalid;
    /// A refresh token came twice.
    refresh_token_reused = RefreshTokenReused;
    /// The e-mail belongs to another user.
    email_taken = EmailTaken;
    /// Not from inside the CRM.
    log_in_required = LogInRequired;
    /// The name belongs to another group.
    group_name_taken = GroupNameTaken;
    /// The name belongs to another tag.
    tag_name_taken = TagNameTaken;
    /// There is such a chat, hidden from the caller.
    chat_restricted = ChatRestricted;
    /// Not a telephone number.
    phone_invalid = PhoneInvalid;
    /// Nobody is known by this number or id.
    client_not_found = ClientNotFound;
    /// Nobody is registered in the channel under the number.
    client_not_registered = ClientNotRegistered;
    /// The account may not send.
    subscription_unpaid = SubscriptionUnpaid;
    /// No connection in which one writes first.
    no_connection_to_start = NoConnectionToStart;
    /// imBox is off.
    imbox_disabled = ImboxDisabled;
    /// The old integration transfers chats.
    old_integration_enabled = OldIntegrationEnabled;
    /// The connection of a portal cannot be completed.
    portal_connection_refused = PortalConnectionRefused;
    /// The installation is not registered with amoCRM.
    amo_crm_not_set_up = AmoCrmNotSetUp;
    /// The resource changed since it was read.
    etag_mismatch = EtagMismatch;
    /// Two changes met.
    conflict = Conflict;
    /// The replica is going away.
    shutting_down = ShuttingDown;
    /// The client's cabinet needs an SMS provider.
    sms_provider_missing = SmsProviderMissing;
    /// Not the code that was sent, or not any more.
    code_invalid = CodeInvalid;
    /// The time ran out.
    deadline = Deadline;
    /// No such method.
    method_unknown = MethodUnknown;
}

named! {
    /// The message that an event names never came.
    message_not_found(message_event_id) = MessageNotFound;
    /// Another chat has the channel's id.
    chat_taken(external_chat_id) = ChatTaken;
    /// The client has blocked the line.
    client_unreachable(chat_id) = ClientUnreachable;
    /// No such cabinet.
    cabinet_not_found(cabinet_id) = CabinetNotFound;
    /// The cabinet is off.
    cabinet_disabled(cabinet_id) = CabinetDisabled;
    /// Clients may not delete their data here.
    erasure_disabled(cabinet_id) = ErasureDisabled;
    /// No such SMS provider.
    sms_provider_not_found(sms_provider_id) = SmsProviderNotFound;
    /// The greeting of the online chat is off, so its bot cannot be edited.
    greeting_off(online_chat_id) = GreetingOff;
    /// The field cannot hold external IDs.
    external_id_field_unsuitable(field_id) = ExternalIdFieldUnsuitable;
    /// The online chat has no field for external IDs.
    external_id_not_set_up(online_chat_id) = ExternalIdNotSetUp;
    /// No such event is kept.
    quarantined_event_not_found(quarantined_event_id) = QuarantinedEventNotFound;
    /// An earlier event of the chat comes first.
    earlier_event_quarantined(quarantined_event_id) = EarlierEventQuarantined;
    /// The cabinet needs the provider.
    sms_provider_in_use(sms_provider_id) = SmsProviderInUse;
    /// No such file for the caller.
    attachment_not_found(attachment_id) = AttachmentNotFound;
    /// No such recording for the caller.
    recording_not_found(call_id) = RecordingNotFound;
    /// A larger file than is taken.
    file_too_large(limit) = FileTooLarge;
    /// Files of this type are not taken.
    file_type_not_allowed(media_type) = FileTypeNotAllowed;
    /// The channel cannot carry the file.
    attachment_not_supported(attachment_id) = AttachmentNotSupported;
    /// The file belongs to another message.
    attachment_used(attachment_id) = AttachmentUsed;
    /// The file is not here.
    attachment_not_ready(attachment_id) = AttachmentNotReady;
    /// The request id was used with other contents.
    request_id_reused(request_id) = RequestIdReused;
    /// The caller lacks a permission.
    permission_missing(permission) = PermissionMissing;
    /// The page's origin is not allowed.
    origin_not_allowed(origin) = OriginNotAllowed;
    /// The key's scopes do not cover the call.
    scope_missing(scope) = ScopeMissing;
    /// No such conversation for this caller.
    conversation_not_found(conversation_id) = ConversationNotFound;
    /// No such chat for this caller.
    chat_not_found(chat_id) = ChatNotFound;
    /// No such connection for this caller.
    connection_not_found(connection_id) = ConnectionNotFound;
    /// No such online chat.
    online_chat_not_found(online_chat_id) = OnlineChatNotFound;
    /// No such user.
    user_not_found(user_id) = UserNotFound;
    /// The user is switched off.
    user_switched_off(user_id) = UserSwitchedOff;
    /// No such group.
    group_not_found(group_id) = GroupNotFound;
    /// No such session.
    session_not_found(session_id) = SessionNotFound;
    /// No such API key.
    api_key_not_found(api_key_id) = ApiKeyNotFound;
    /// No such delivery under this lease.
    delivery_not_found(delivery_id) = DeliveryNotFound;
    /// No such connector.
    connector_not_found(connector_key) = ConnectorNotFound;
    /// The chat has an open conversation.
    conversation_already_open(conversation_id) = ConversationAlreadyOpen;
    /// The client is on the black list.
    chat_blocked(chat_id) = ChatBlocked;
    /// The time in which free text may be sent is over.
    dialogue_closed(chat_id) = DialogueClosed;
    /// The templates are not paid.
    templates_unpaid(chat_id) = TemplatesUnpaid;
    /// The client's data were erased.
    contact_erased(chat_id) = ContactErased;
    /// No such template may be sent.
    template_not_found(template_key) = TemplateNotFound;
    /// The conversation is closed.
    conversation_closed(conversation_id) = ConversationClosed;
    /// The embed code is locked.
    embed_code_locked(online_chat_id) = EmbedCodeLocked;
    /// Only employees close here.
    finish_not_allowed(conversation_id) = FinishNotAllowed;
    /// The account would lose its last administrator.
    last_administrator(user_id) = LastAdministrator;
    /// The group has members.
    group_not_empty(group_id) = GroupNotEmpty;
    /// The connection is off.
    connection_disabled(connection_id) = ConnectionDisabled;
    /// The online chat is off.
    online_chat_disabled(online_chat_id) = OnlineChatDisabled;
    /// The account can hold no more rules.
    rights_limit_reached(limit) = RightsLimitReached;
    /// Larger than the limit.
    too_large(limit) = TooLarge;
    /// No such contact for this caller.
    contact_not_found(contact_id) = ContactNotFound;
    /// There is such a chat.
    chat_exists(chat_id) = ChatExists;
    /// The operator has not made it part of the subscription.
    connection_not_in_subscription(connection_id) = ConnectionNotInSubscription;
    /// No such company for this caller.
    company_not_found(company_id) = CompanyNotFound;
    /// No such deal for this caller.
    deal_not_found(deal_id) = DealNotFound;
    /// No such customer for this caller.
    customer_not_found(customer_id) = CustomerNotFound;
    /// No such pipeline.
    pipeline_not_found(pipeline_id) = PipelineNotFound;
    /// No such stage in the pipeline.
    stage_not_found(stage_id) = StageNotFound;
    /// No such task for this caller.
    task_not_found(task_id) = TaskNotFound;
    /// No such field of the account's own.
    custom_field_not_found(field_id) = CustomFieldNotFound;
    /// No such tag.
    tag_not_found(tag_id) = TagNotFound;
    /// No such saved filter of the caller.
    filter_not_found(filter_id) = FilterNotFound;
    /// More levels than a filter may have.
    filter_too_deep(limit) = FilterTooDeep;
    /// More conditions than a filter may have.
    filter_too_large(limit) = FilterTooLarge;
    /// No such record of Unsorted for this caller.
    unsorted_not_found(record_id) = UnsortedNotFound;
    /// The record was decided.
    unsorted_decided(record_id) = UnsortedDecided;
    /// Nothing was merged into the contact.
    contact_not_merged(contact_id) = ContactNotMerged;
    /// The task is completed.
    task_completed(task_id) = TaskCompleted;
    /// The caller may not change the field.
    field_not_editable(field) = FieldNotEditable;
    /// The stage has deals.
    stage_not_empty(stage_id) = StageNotEmpty;
    /// The pipeline has deals.
    pipeline_not_empty(pipeline_id) = PipelineNotEmpty;
    /// The stage belongs to every pipeline.
    stage_fixed(stage_id) = StageFixed;
    /// As many as there may be.
    limit_reached(limit) = LimitReached;
    /// No such integration.
    integration_not_found(integration_id) = IntegrationNotFound;
    /// No such run.
    run_not_found(run_id) = RunNotFound;
    /// Rules know of no such request.
    request_not_found(conversation) = RequestNotFound;
    /// The run did not fail.
    run_not_failed(run_id) = RunNotFailed;
    /// A new integration is on.
    integration_enabled(integration_id) = IntegrationEnabled;
    /// No such portal.
    portal_not_found(portal_id) = PortalNotFound;
    /// The portal is not connected.
    portal_not_connected(portal_id) = PortalNotConnected;
    /// An integration that is on transfers to the portal.
    portal_in_use(integration_id) = PortalInUse;
    /// Only on a larger plan.
    plan_insufficient(plan) = PlanInsufficient;
    /// Too few characters to look for.
    search_too_short(minimum) = SearchTooShort;
}

impl Refusal {
    /// Fields that do not fit; `violations` must not be empty.
    #[must_use]
    pub fn fields(violations: Vec<FieldViolation>) -> Self {
        let mut refusal = Self::new(R::FieldInvalid);
        refusal.0.fields = violations;
        refusal
    }

    /// One field that does not fit.
    #[must_use]
    pub fn field(field: &str, description: impl Into<String>) -> Self {
        Self::fields(vec![FieldViolation {
            field: field.to_owned(),
            description: description.into(),
        }])
    }

    /// Too many calls.
    #[must_use]
    pub fn rate_limited(wait: Duration) -> Self {
        Self::new(R::RateLimited).retry_after(wait)
    }

    /// More work than the service can hold.
    #[must_use]
    pub fn overloaded(wait: Duration) -> Self {
        Self::new(R::Overloaded).retry_after(wait)
    }

    /// The database cannot be reached.
    #[must_use]
    pub fn store_unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(R::StoreUnavailable)
            .retry_after(RETRY_UNAVAILABLE)
            .caused_by(cause)
    }

    /// The channel refuses the connection's credentials; whoever can change that is told elsewhere.
    #[must_use]
    pub fn channel_auth_failed(connection_id: impl Display) -> Self {
        Self::new(R::ChannelAuthFailed)
            .with("connection_id", connection_id)
            .retry_after(Duration::from_secs(60))
    }

    /// Another service cannot be reached.
    #[must_use]
    pub fn service_unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(R::ServiceUnavailable)
            .retry_after(RETRY_UNAVAILABLE)
            .caused_by(cause)
    }

    /// Another service cannot be reached, and whoever says so has logged it: thousands of calls may fail at once.
    #[must_use]
    pub fn service_unreachable(wait: Duration) -> Self {
        Self::new(R::ServiceUnavailable).retry_after(wait)
    }

    /// A defect of ours that has been logged already.
    #[must_use]
    pub fn defect() -> Self {
        Self::new(R::Internal)
    }

    /// A defect of ours.
    #[must_use]
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(R::Internal).caused_by(cause)
    }
}
