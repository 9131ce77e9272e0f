//! This service's SQL, a file an aggregate. Every statement on an account's data names the account, and row-level security
//! holds even where one would forget.

pub mod accounts;
pub mod attachments;
pub mod black_list;
pub mod cards;
pub mod chats;
pub mod connections;
pub mod conversations;
pub mod counts;
pub mod crm_feed;
pub mod crm_names;
pub mod deliveries;
pub mod erasure;
pub mod favourites;
pub mod filters;
pub mod happenings;
pub mod merges;
pub mod messages;
pub mod notifications;
pub(crate) mod numbers;
pub mod participants;
pub mod profiles;
pub mod quarantine;
pub mod search;
pub mod surveys;
pub mod templates;
pub mod writability;
