//! What each method can reveal: one line a method.
#![expect(clippy::needless_update, reason = "some requests have one field alone")]

use api::conversations::v1 as conv;
use api::crm::v1 as crm;
use api::identity::v1 as id;
use bytes::Bytes;

use super::Reveals::{self, Changes, Lists, Nothing, Reads, Tells};
use super::encoded;
use super::office::{Kind, Thing, of};

/// Why methods of other parts reveal nothing here.
const PEOPLE: &str = "people, rights and the account; no cards and no conversations";
const SETTINGS: &str = "settings of the account; no cards and no conversations";
const CONNECTOR: &str = "for connectors: an employee's token is refused, see security::rpcs";
const VISITOR: &str = "for visitors: an employee's token is refused, see security::rpcs";
const CLIENT: &str = "for clients: an employee's token is refused, see security::rpcs";
const CHATS: &str =
    "by the id of a chat, which only a visible conversation tells; see conversations::rights";
const RESTRICTED: &str = "of a hidden chat that there is one, as the product wants it (CHW-36); see main_path::create_chat";
const FAVOURITES: &str =
    "a mark of the caller's own; it is listed by InboxService/ListConversations";
const FILTERS: &str =
    "conditions of the caller's own; what they find is InboxService/ListConversations";
const MARK: &str =
    "how far the caller has read; what is unread is NotificationService/ListNotifications";
const NEW: &str = "makes something new that names nothing";
const ADMINISTRATORS: &str = "administrators only, who see everything; see security::rpcs";

/// The cases, by path.
pub(super) fn cases() -> Vec<(&'static str, Reveals)> {
    let mut cases = conversations();
    cases.extend(cards());
    cases.extend(rest_of_crm());
    cases.extend(without_things());
    cases
}

/// A request with the id of a thing of a kind in a field of it.
macro_rules! by_id {
    ($kind:ident, $package:ident :: $request:ident . $field:ident) => {
        |thing| {
            of(thing, Kind::$kind, |id| {
                encoded(&$package::$request {
                    $field: id.into(),
                    ..Default::default()
                })
            })
        }
    };
}

/// A change of a resource by its id.
macro_rules! update {
    ($kind:ident, $request:ident . $field:ident : $resource:ident . $name:ident) => {
        |thing| {
            of(thing, Kind::$kind, |id| {
                encoded(&crm::$request {
                    $field: Some(crm::$resource {
                        id,
                        $name: "Новое".into(),
                        ..Default::default()
                    }),
                    ..Default::default()
                })
            })
        }
    };
}

/// A list from its beginning.
macro_rules! first_page {
    ($package:ident :: $request:ident) => {
        |_| encoded(&$package::$request::default())
    };
}

#[rustfmt::skip]
fn conversations() -> Vec<(&'static str, Reveals)> {
    vec![
        ("/beseda.conversations.v1.InboxService/ListConversations", Lists(first_page!(conv::ListConversationsRequest))),
        ("/beseda.conversations.v1.InboxService/OpenConversation", Reads(by_id!(Conversation, conv::OpenConversationRequest.conversation_id))),
        ("/beseda.conversations.v1.InboxService/WatchInbox", Tells(first_page!(conv::WatchInboxRequest))),
        ("/beseda.conversations.v1.InboxService/AddFavourite", Nothing(FAVOURITES)),
        ("/beseda.conversations.v1.InboxService/RemoveFavourite", Nothing(FAVOURITES)),
        ("/beseda.conversations.v1.FilterService/CreateFilter", Nothing(FILTERS)),
        ("/beseda.conversations.v1.FilterService/GetFilter", Nothing(FILTERS)),
        ("/beseda.conversations.v1.FilterService/ListFilters", Lists(first_page!(conv::ListFiltersRequest))),
        ("/beseda.conversations.v1.FilterService/UpdateFilter", Nothing(FILTERS)),
        ("/beseda.conversations.v1.FilterService/DeleteFilter", Nothing(FILTERS)),
        ("/beseda.conversations.v1.CounterService/GetCounters", Lists(first_page!(conv::GetCountersRequest))),
        ("/beseda.conversations.v1.CounterService/WatchCounters", Tells(first_page!(conv::WatchCountersRequest))),
        ("/beseda.conversations.v1.CounterService/CountFilters", Lists(|_| encoded(&conv::CountFiltersRequest { favourites: true, ..Default::default() }))),
        ("/beseda.conversations.v1.CounterService/WatchFilterCounts", Tells(|_| {
            encoded(&conv::WatchFilterCountsRequest { favourites: true, ..Default::default() })
        })),
        ("/beseda.conversations.v1.NotificationService/ListNotifications", Lists(|_| {
            encoded(&conv::ListNotificationsRequest { page_size: 100, ..Default::default() })
        })),
        ("/beseda.conversations.v1.NotificationService/MarkNotificationsRead", Nothing(MARK)),
        ("/beseda.conversations.v1.NotificationService/WatchNotifications", Tells(first_page!(conv::WatchNotificationsRequest))),
        ("/beseda.conversations.v1.SearchService/SearchMessages", Lists(|_| {
            encoded(&conv::SearchMessagesRequest { query: "words".into(), r#match: conv::SearchMatch::Substring.into(), ..Default::default() })
        })),
        ("/beseda.conversations.v1.SearchService/SearchChats", Lists(|_| {
            encoded(&conv::SearchChatsRequest { query: "contact-".into(), ..Default::default() })
        })),
        ("/beseda.conversations.v1.ConversationService/GetConversation", Reads(by_id!(Conversation, conv::GetConversationRequest.conversation_id))),
        ("/beseda.conversations.v1.ConversationService/ExportConversation", Reads(by_id!(Conversation, conv::ExportConversationRequest.conversation_id))),
        ("/beseda.conversations.v1.ConversationService/ListMessages", Reads(by_id!(Conversation, conv::ListMessagesRequest.conversation_id))),
        ("/beseda.conversations.v1.ConversationService/ExplainVisibility", Reads(by_id!(Conversation, conv::ExplainVisibilityRequest.conversation_id))),
        ("/beseda.conversations.v1.ConversationService/SendMessage", Changes(|thing| of(thing, Kind::Conversation, |conversation_id| {
            encoded(&conv::SendMessageRequest { conversation_id, text: "Здравствуйте".into(), ..Default::default() })
        }))),
        ("/beseda.conversations.v1.ConversationService/StartConversation", Nothing(CHATS)),
        ("/beseda.conversations.v1.ConversationService/MarkNoAnswerNeeded", Changes(by_id!(Conversation, conv::MarkNoAnswerNeededRequest.conversation_id))),
        ("/beseda.conversations.v1.ConversationService/CloseConversation", Changes(by_id!(Conversation, conv::CloseConversationRequest.conversation_id))),
        ("/beseda.conversations.v1.ConversationService/SendNps", Changes(by_id!(Conversation, conv::SendNpsRequest.conversation_id))),
        ("/beseda.conversations.v1.ConversationService/LinkConversation", Changes(by_id!(Conversation, conv::LinkConversationRequest.conversation_id))),
        ("/beseda.conversations.v1.AttachmentService/UploadAttachment", Nothing(NEW)),
        ("/beseda.conversations.v1.AttachmentService/DownloadAttachment", Nothing("by the id of a file, which only a message tells; see conversations::attachments")),
        ("/beseda.conversations.v1.ChatService/OpenWindow", Reads(window)),
        ("/beseda.conversations.v1.ChatService/ListWindowContacts", Lists(first_page!(conv::ListWindowContactsRequest))),
        ("/beseda.conversations.v1.ChatService/ListContactChats", Reads(by_id!(Contact, conv::ListContactChatsRequest.contact_id))),
        ("/beseda.conversations.v1.ChatService/GetChat", Nothing(CHATS)),
        ("/beseda.conversations.v1.ChatService/GetChatProfile", Nothing(CHATS)),
        ("/beseda.conversations.v1.ChatService/GetWritability", Nothing(CHATS)),
        ("/beseda.conversations.v1.ChatService/CreateChat", Nothing(RESTRICTED)),
        ("/beseda.conversations.v1.ChatService/BlockChat", Nothing(CHATS)),
        ("/beseda.conversations.v1.ChatService/UnblockChat", Nothing(CHATS)),
        ("/beseda.conversations.v1.VisibilityService/CheckVisibility", Reads(|thing| of(thing, Kind::Conversation, |id| {
            encoded(&conv::CheckVisibilityRequest { question: Some(question(id)) })
        }))),
        ("/beseda.conversations.v1.VisibilityService/BatchCheckVisibility", Reads(|thing| of(thing, Kind::Conversation, |id| {
            encoded(&conv::BatchCheckVisibilityRequest { questions: vec![question(id)] })
        }))),
        ("/beseda.conversations.v1.VisibilityService/WhoCanSee", Reads(by_id!(Conversation, conv::WhoCanSeeRequest.conversation_id))),
        ("/beseda.conversations.v1.VisibilityService/PreviewRights", Lists(|_| {
            let subject = Some(id::RightsSubject { subject: Some(id::rights_subject::Subject::Role(id::Role::Manager.into())) });
            encoded(&conv::PreviewRightsRequest { rights: Some(id::Rights { subject, ..Default::default() }), ..Default::default() })
        })),
    ]
}

/// The window of a deal or contact.
fn window(thing: &Thing) -> Option<Bytes> {
    let place = match thing.kind {
        Kind::Deal => conv::WindowPlace::Deal,
        Kind::Contact => conv::WindowPlace::Contact,
        _ => return None,
    };
    Some(encoded(&conv::OpenWindowRequest {
        place: place.into(),
        card_id: thing.id.clone(),
        ..Default::default()
    }))
}

fn question(conversation_id: String) -> conv::VisibilityQuestion {
    conv::VisibilityQuestion {
        conversation_id,
        ..Default::default()
    }
}

#[rustfmt::skip]
fn cards() -> Vec<(&'static str, Reveals)> {
    vec![
        ("/beseda.crm.v1.ContactService/CreateContact", Changes(|thing| of(thing, Kind::Company, |company_id| {
            encoded(&crm::CreateContactRequest { contact: Some(crm::Contact { name: "Новый".into(), company_id, ..Default::default() }), ..Default::default() })
        }))),
        ("/beseda.crm.v1.ContactService/GetContact", Reads(by_id!(Contact, crm::GetContactRequest.contact_id))),
        ("/beseda.crm.v1.ContactService/BatchGetContacts", Reads(|thing| of(thing, Kind::Contact, |id| {
            encoded(&crm::BatchGetContactsRequest { contact_ids: vec![id] })
        }))),
        ("/beseda.crm.v1.ContactService/ListContacts", Lists(first_page!(crm::ListContactsRequest))),
        ("/beseda.crm.v1.ContactService/UpdateContact", Changes(update!(Contact, UpdateContactRequest.contact: Contact.name))),
        ("/beseda.crm.v1.ContactService/DeleteContact", Changes(by_id!(Contact, crm::DeleteContactRequest.contact_id))),
        ("/beseda.crm.v1.ContactService/AddContactFollower", Changes(by_id!(Contact, crm::AddContactFollowerRequest.contact_id))),
        ("/beseda.crm.v1.ContactService/RemoveContactFollower", Changes(by_id!(Contact, crm::RemoveContactFollowerRequest.contact_id))),
        ("/beseda.crm.v1.ContactService/MergeContacts", Changes(|thing| of(thing, Kind::Contact, |target_contact_id| {
            let source = crm::MergeSource { contact_id: types::ContactId::generate().to_string(), ..Default::default() };
            encoded(&crm::MergeContactsRequest { target_contact_id, sources: vec![source], ..Default::default() })
        }))),
        ("/beseda.crm.v1.ContactService/UnmergeContacts", Changes(by_id!(Contact, crm::UnmergeContactsRequest.contact_id))),
        ("/beseda.crm.v1.CompanyService/CreateCompany", Nothing(NEW)),
        ("/beseda.crm.v1.CompanyService/GetCompany", Reads(by_id!(Company, crm::GetCompanyRequest.company_id))),
        ("/beseda.crm.v1.CompanyService/BatchGetCompanies", Reads(|thing| of(thing, Kind::Company, |id| {
            encoded(&crm::BatchGetCompaniesRequest { company_ids: vec![id] })
        }))),
        ("/beseda.crm.v1.CompanyService/ListCompanies", Lists(first_page!(crm::ListCompaniesRequest))),
        ("/beseda.crm.v1.CompanyService/UpdateCompany", Changes(update!(Company, UpdateCompanyRequest.company: Company.name))),
        ("/beseda.crm.v1.CompanyService/DeleteCompany", Changes(by_id!(Company, crm::DeleteCompanyRequest.company_id))),
        ("/beseda.crm.v1.CompanyService/AddCompanyFollower", Changes(by_id!(Company, crm::AddCompanyFollowerRequest.company_id))),
        ("/beseda.crm.v1.CompanyService/RemoveCompanyFollower", Changes(by_id!(Company, crm::RemoveCompanyFollowerRequest.company_id))),
        ("/beseda.crm.v1.DealService/CreateDeal", Changes(|thing| of(thing, Kind::Contact, |main_contact_id| {
            encoded(&crm::CreateDealRequest { deal: Some(crm::Deal { name: "Новая".into(), main_contact_id, ..Default::default() }), ..Default::default() })
        }))),
        ("/beseda.crm.v1.DealService/GetDeal", Reads(by_id!(Deal, crm::GetDealRequest.deal_id))),
        ("/beseda.crm.v1.DealService/BatchGetDeals", Reads(|thing| of(thing, Kind::Deal, |id| {
            encoded(&crm::BatchGetDealsRequest { deal_ids: vec![id] })
        }))),
        ("/beseda.crm.v1.DealService/ListDeals", Lists(first_page!(crm::ListDealsRequest))),
        ("/beseda.crm.v1.DealService/UpdateDeal", Changes(update!(Deal, UpdateDealRequest.deal: Deal.name))),
        ("/beseda.crm.v1.DealService/DeleteDeal", Changes(by_id!(Deal, crm::DeleteDealRequest.deal_id))),
        ("/beseda.crm.v1.DealService/AddDealFollower", Changes(by_id!(Deal, crm::AddDealFollowerRequest.deal_id))),
        ("/beseda.crm.v1.DealService/RemoveDealFollower", Changes(by_id!(Deal, crm::RemoveDealFollowerRequest.deal_id))),
        ("/beseda.crm.v1.CustomerService/CreateCustomer", Nothing(NEW)),
        ("/beseda.crm.v1.CustomerService/GetCustomer", Reads(by_id!(Customer, crm::GetCustomerRequest.customer_id))),
        ("/beseda.crm.v1.CustomerService/BatchGetCustomers", Reads(|thing| of(thing, Kind::Customer, |id| {
            encoded(&crm::BatchGetCustomersRequest { customer_ids: vec![id] })
        }))),
        ("/beseda.crm.v1.CustomerService/ListCustomers", Lists(first_page!(crm::ListCustomersRequest))),
        ("/beseda.crm.v1.CustomerService/UpdateCustomer", Changes(update!(Customer, UpdateCustomerRequest.customer: Customer.name))),
        ("/beseda.crm.v1.CustomerService/DeleteCustomer", Changes(by_id!(Customer, crm::DeleteCustomerRequest.customer_id))),
        ("/beseda.crm.v1.CustomerService/AddCustomerFollower", Changes(by_id!(Customer, crm::AddCustomerFollowerRequest.customer_id))),
        ("/beseda.crm.v1.CustomerService/RemoveCustomerFollower", Changes(by_id!(Customer, crm::RemoveCustomerFollowerRequest.customer_id))),
    ]
}

#[rustfmt::skip]
fn rest_of_crm() -> Vec<(&'static str, Reveals)> {
    vec![
        ("/beseda.crm.v1.AccessService/CheckAccess", Reads(|thing| of(thing, Kind::Deal, |id| {
            encoded(&crm::CheckAccessRequest { question: Some(access(id)) })
        }))),
        ("/beseda.crm.v1.AccessService/BatchCheckAccess", Reads(|thing| of(thing, Kind::Contact, |id| {
            encoded(&crm::BatchCheckAccessRequest { questions: vec![access(id)] })
        }))),
        ("/beseda.crm.v1.CallService/RecordCall", Changes(|thing| of(thing, Kind::Contact, |contact_id| {
            let call = crm::Call { contact_id, direction: crm::CallDirection::Incoming.into(), start_time: Some(prost_types::Timestamp::default()), ..Default::default() };
            let header = crm::CallHeader { call: Some(call), ..Default::default() };
            encoded(&crm::RecordCallRequest { part: Some(crm::record_call_request::Part::Header(header)) })
        }))),
        ("/beseda.crm.v1.CallService/DownloadRecording", Nothing("by the id of a call, which only a timeline tells; see crm::calls")),
        ("/beseda.crm.v1.TimelineService/ListTimelineEntries", Reads(|thing| {
            let has_timeline = matches!(thing.kind, Kind::Contact | Kind::Company | Kind::Deal | Kind::Customer);
            has_timeline.then(|| encoded(&crm::ListTimelineEntriesRequest { card_id: thing.id.clone(), ..Default::default() }))
        })),
        ("/beseda.crm.v1.TaskService/CreateTask", Changes(|thing| of(thing, Kind::Deal, |card_id| {
            encoded(&crm::CreateTaskRequest { task: Some(crm::Task { text: "Новая".into(), card_id, due_time: Some(prost_types::Timestamp::default()), ..Default::default() }), ..Default::default() })
        }))),
        ("/beseda.crm.v1.TaskService/GetTask", Reads(by_id!(Task, crm::GetTaskRequest.task_id))),
        ("/beseda.crm.v1.TaskService/ListTasks", Lists(first_page!(crm::ListTasksRequest))),
        ("/beseda.crm.v1.TaskService/UpdateTask", Changes(update!(Task, UpdateTaskRequest.task: Task.text))),
        ("/beseda.crm.v1.TaskService/CompleteTask", Changes(by_id!(Task, crm::CompleteTaskRequest.task_id))),
        ("/beseda.crm.v1.TaskService/DeleteTask", Changes(by_id!(Task, crm::DeleteTaskRequest.task_id))),
        ("/beseda.crm.v1.UnsortedService/CreateUnsortedRecord", Nothing(NEW)),
        ("/beseda.crm.v1.UnsortedService/GetUnsortedRecord", Reads(by_id!(Record, crm::GetUnsortedRecordRequest.record_id))),
        ("/beseda.crm.v1.UnsortedService/ListUnsortedRecords", Lists(first_page!(crm::ListUnsortedRecordsRequest))),
        ("/beseda.crm.v1.UnsortedService/AcceptUnsortedRecord", Changes(by_id!(Record, crm::AcceptUnsortedRecordRequest.record_id))),
        ("/beseda.crm.v1.UnsortedService/LinkUnsortedRecord", Changes(by_id!(Record, crm::LinkUnsortedRecordRequest.record_id))),
        ("/beseda.crm.v1.UnsortedService/DeclineUnsortedRecord", Changes(by_id!(Record, crm::DeclineUnsortedRecordRequest.record_id))),
        ("/beseda.crm.v1.PipelineService/CreatePipeline", Nothing(SETTINGS)),
        ("/beseda.crm.v1.PipelineService/GetPipeline", Nothing(SETTINGS)),
        ("/beseda.crm.v1.PipelineService/ListPipelines", Lists(first_page!(crm::ListPipelinesRequest))),
        ("/beseda.crm.v1.PipelineService/UpdatePipeline", Nothing(SETTINGS)),
        ("/beseda.crm.v1.PipelineService/DeletePipeline", Nothing(SETTINGS)),
        ("/beseda.crm.v1.PipelineService/CreateStage", Nothing(SETTINGS)),
        ("/beseda.crm.v1.PipelineService/UpdateStage", Nothing(SETTINGS)),
        ("/beseda.crm.v1.PipelineService/DeleteStage", Nothing(SETTINGS)),
        ("/beseda.crm.v1.TagService/CreateTag", Nothing(SETTINGS)),
        ("/beseda.crm.v1.TagService/ListTags", Lists(first_page!(crm::ListTagsRequest))),
        ("/beseda.crm.v1.TagService/UpdateTag", Nothing(SETTINGS)),
        ("/beseda.crm.v1.TagService/DeleteTag", Nothing(SETTINGS)),
        ("/beseda.crm.v1.FieldService/CreateField", Nothing(SETTINGS)),
        ("/beseda.crm.v1.FieldService/ListFields", Lists(first_page!(crm::ListFieldsRequest))),
        ("/beseda.crm.v1.FieldService/UpdateField", Nothing(SETTINGS)),
        ("/beseda.crm.v1.FieldService/DeleteField", Nothing(SETTINGS)),
    ]
}

fn access(card_id: String) -> crm::AccessQuestion {
    crm::AccessQuestion {
        card_id,
        action: id::RightAction::View.into(),
        ..Default::default()
    }
}

#[rustfmt::skip]
fn without_things() -> Vec<(&'static str, Reveals)> {
    vec![
        ("/beseda.identity.v1.AuditService/ListAuditEntries", Nothing(ADMINISTRATORS)),
        ("/beseda.identity.v1.RightsService/GetEffectiveRights", Lists(first_page!(id::GetEffectiveRightsRequest))),
        ("/beseda.identity.v1.UserService/ListUsers", Lists(first_page!(id::ListUsersRequest))),
        ("/beseda.identity.v1.AccountService/GetAccount", Nothing(PEOPLE)),
        ("/beseda.identity.v1.AccountService/UpdateAccount", Nothing(PEOPLE)),
        ("/beseda.identity.v1.ApiKeyService/CreateApiKey", Nothing(PEOPLE)),
        ("/beseda.identity.v1.ApiKeyService/ListApiKeys", Nothing(PEOPLE)),
        ("/beseda.identity.v1.ApiKeyService/RevokeApiKey", Nothing(PEOPLE)),
        ("/beseda.identity.v1.CrmWidgetService/GetCrmWidget", Nothing(PEOPLE)),
        ("/beseda.identity.v1.CrmWidgetService/InstallCrmWidget", Nothing(PEOPLE)),
        ("/beseda.identity.v1.CrmWidgetService/UninstallCrmWidget", Nothing(PEOPLE)),
        ("/beseda.identity.v1.GroupService/CreateGroup", Nothing(PEOPLE)),
        ("/beseda.identity.v1.GroupService/GetGroup", Nothing(PEOPLE)),
        ("/beseda.identity.v1.GroupService/ListGroups", Nothing(PEOPLE)),
        ("/beseda.identity.v1.GroupService/UpdateGroup", Nothing(PEOPLE)),
        ("/beseda.identity.v1.GroupService/DeleteGroup", Nothing(PEOPLE)),
        ("/beseda.identity.v1.RightsService/GetRights", Nothing(PEOPLE)),
        ("/beseda.identity.v1.RightsService/SetRights", Nothing(PEOPLE)),
        ("/beseda.identity.v1.RightsService/GetRightsOptions", Nothing(PEOPLE)),
        ("/beseda.identity.v1.RightsService/SetRightsOptions", Nothing(PEOPLE)),
        ("/beseda.identity.v1.SessionService/LogIn", Nothing(PEOPLE)),
        ("/beseda.identity.v1.SessionService/BeginCrmSession", Nothing(PEOPLE)),
        ("/beseda.identity.v1.SessionService/RefreshSession", Nothing(PEOPLE)),
        ("/beseda.identity.v1.SessionService/LogOut", Nothing(PEOPLE)),
        ("/beseda.identity.v1.SessionService/IssueClientToken", Nothing(PEOPLE)),
        ("/beseda.identity.v1.SessionService/GetCaller", Nothing(PEOPLE)),
        ("/beseda.identity.v1.SessionService/ListSessions", Nothing(PEOPLE)),
        ("/beseda.identity.v1.SessionService/KillSession", Nothing(PEOPLE)),
        ("/beseda.identity.v1.UserService/CreateUser", Nothing(PEOPLE)),
        ("/beseda.identity.v1.UserService/GetUser", Nothing(PEOPLE)),
        ("/beseda.identity.v1.UserService/UpdateUser", Nothing(PEOPLE)),
        ("/beseda.identity.v1.UserService/SetPassword", Nothing(PEOPLE)),
        ("/beseda.conversations.v1.ConnectionService/CreateConnection", Nothing(SETTINGS)),
        ("/beseda.conversations.v1.ConnectionService/GetConnection", Nothing(SETTINGS)),
        ("/beseda.conversations.v1.ConnectionService/ListConnections", Nothing(SETTINGS)),
        ("/beseda.conversations.v1.ConnectionService/UpdateConnection", Nothing(SETTINGS)),
        ("/beseda.conversations.v1.ConnectionService/ListConnectors", Nothing(SETTINGS)),
        ("/beseda.conversations.v1.TemplateService/ListTemplates", Nothing(SETTINGS)),
        ("/beseda.connector.v1.ConnectorHubService/RegisterConnector", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/WatchConnections", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/Publish", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/PublishStream", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/TakeDeliveries", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/ReportDeliveries", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/ReportHealth", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/ReportPicture", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/ReportTemplates", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/ResolveChats", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/UploadMedia", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/UploadMediaPart", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/DownloadMedia", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/ListChatMessages", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.ConnectorHubService/ListChatConversations", Nothing(CONNECTOR)),
        ("/beseda.connector.v1.QuarantineService/ListQuarantinedEvents", Nothing(ADMINISTRATORS)),
        ("/beseda.connector.v1.QuarantineService/RedriveQuarantinedEvents", Nothing(ADMINISTRATORS)),
        ("/beseda.connector.v1.QuarantineService/DiscardQuarantinedEvents", Nothing(ADMINISTRATORS)),
        ("/beseda.onlinechat.v1.VisitorService/StartVisitorSession", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.VisitorService/ListVisitorConversations", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.VisitorService/ListVisitorMessages", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.VisitorService/SendVisitorMessage", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.VisitorService/UploadVisitorFilePart", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.VisitorService/DownloadVisitorFile", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.VisitorService/WatchVisitor", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.VisitorService/MarkRead", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.VisitorService/FinishConversation", Nothing(VISITOR)),
        ("/beseda.onlinechat.v1.OnlineChatService/CreateOnlineChat", Nothing(SETTINGS)),
        ("/beseda.onlinechat.v1.OnlineChatService/GetOnlineChat", Nothing(SETTINGS)),
        ("/beseda.onlinechat.v1.OnlineChatService/ListOnlineChats", Nothing(SETTINGS)),
        ("/beseda.onlinechat.v1.OnlineChatService/UpdateOnlineChat", Nothing(SETTINGS)),
        ("/beseda.onlinechat.v1.OnlineChatService/GetEmbedCode", Nothing(SETTINGS)),
        ("/beseda.onlinechat.v1.OnlineChatService/IssueVisitorToken", Nothing("for the site's backend and administrators, who see everything")),
        ("/beseda.cabinet.v1.CabinetSettingsService/GetCabinetSettings", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.CabinetSettingsService/UpdateCabinetSettings", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.CabinetSettingsService/UploadLogo", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.CabinetSettingsService/DeleteLogo", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.CabinetSessionService/GetCabinet", Nothing("the title and logo of a page that everybody may open")),
        ("/beseda.cabinet.v1.CabinetSessionService/SignOut", Nothing(CLIENT)),
        ("/beseda.sync.v1.IntegrationService/CreateIntegration", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/GetIntegration", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/ListIntegrations", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/UpdateIntegration", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/DeleteIntegration", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/ListParameters", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/PreviewName", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/GetCatalogue", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/SyncEmployees", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/ListEmployees", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/GetOldIntegration", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.IntegrationService/SetOldIntegration", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.PortalService/BeginPortalConnection", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.PortalService/CompletePortalConnection", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.PortalService/GetPortal", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.PortalService/ListPortals", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.PortalService/DisconnectPortal", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.RunService/ListRuns", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.RunService/ExplainRun", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.RunService/RerunRun", Nothing(ADMINISTRATORS)),
        ("/beseda.sync.v1.RunService/DryRun", Nothing(ADMINISTRATORS)),
        ("/beseda.cabinet.v1.CabinetSessionService/RequestCode", Nothing("the same for every number")),
        ("/beseda.cabinet.v1.CabinetSessionService/ConfirmCode", Nothing("the same for every number")),
        ("/beseda.cabinet.v1.SmsService/ListSmsWidgets", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.SmsService/CreateSmsProvider", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.SmsService/ListSmsProviders", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.SmsService/UpdateSmsProvider", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.SmsService/DeleteSmsProvider", Nothing(SETTINGS)),
        ("/beseda.cabinet.v1.CabinetService/GetHome", Nothing(CLIENT)),
        ("/beseda.cabinet.v1.CabinetService/ListDealEvents", Nothing(CLIENT)),
        ("/beseda.cabinet.v1.CabinetService/ListCabinetMessages", Nothing(CLIENT)),
        ("/beseda.cabinet.v1.CabinetService/SendCabinetMessage", Nothing(CLIENT)),
        ("/beseda.cabinet.v1.CabinetService/WatchCabinetMessages", Nothing(CLIENT)),
        ("/beseda.cabinet.v1.CabinetService/DownloadCabinetFile", Nothing(CLIENT)),
        ("/beseda.cabinet.v1.CabinetService/DownloadCabinetRecording", Nothing(CLIENT)),
        ("/beseda.cabinet.v1.CabinetErasureService/RequestErasure", Nothing(CLIENT)),
        ("/beseda.cabinet.v1.CabinetErasureService/ConfirmErasure", Nothing(CLIENT)),
    ]
}
