//! «Внешний ID»: the site's backend says who sits at the browser (ONL-21 … ONL-24, A-26, A-27).

use api::conversations::v1::{ConversationMode, OpenConversationRequest};
use api::crm::v1 as crm;
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::customer_service_client::CustomerServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::field_value::Value;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::error::v1::ErrorReason;
use api::onlinechat::v1::{
    IssueVisitorTokenRequest, IssueVisitorTokenResponse, OnlineChat, OnlineChatMode,
    UpdateOnlineChatRequest,
};
use integration_tests::actors::{Admin, Visitor};
use integration_tests::calls::{reason, with_token};
use integration_tests::{Cluster, Seed};
use testkit::wait_for;
use tonic::Status;

use super::office;

/// A site with an online chat, and its backend with an API key.
struct Site {
    cluster: Cluster,
    admin: Admin,
    chat: OnlineChat,
    secret: String,
}

impl Site {
    async fn open() -> Self {
        let (cluster, admin, _) = office(ConversationMode::NewAfterClose).await;
        let chat = admin.online_chat(OnlineChatMode::OneActive).await;
        let key = admin
            .api_key(&["visitors.issue", "crm.write", "crm.read"])
            .await;
        Self {
            cluster,
            admin,
            chat,
            secret: key.secret,
        }
    }

    /// A field of the account's own.
    async fn field(&self, card_kind: crm::CardKind, type_: crm::FieldType) -> String {
        let options = match type_ {
            crm::FieldType::Select => vec!["да".to_owned()],
            _ => Vec::new(),
        };
        let field = crm::Field {
            name: format!("{card_kind:?} {type_:?}"),
            card_kind: card_kind.into(),
            r#type: type_.into(),
            options,
            ..Default::default()
        };
        let request = crm::CreateFieldRequest {
            field: Some(field),
            ..Default::default()
        };
        let made = FieldServiceClient::new(self.admin.channel())
            .create_field(self.admin.ask(request).await)
            .await;
        made.expect("made").into_inner().field.expect("it").id
    }

    /// Chooses the field of external IDs.
    async fn choose(&self, field: &str) -> Result<OnlineChat, Status> {
        let request = UpdateOnlineChatRequest {
            online_chat: Some(OnlineChat {
                id: self.chat.id.clone(),
                external_id_field_id: field.to_owned(),
                ..Default::default()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["external_id_field_id".to_owned()],
            }),
        };
        let request = self.admin.ask(request).await;
        let changed = self.admin.online_chats().update_online_chat(request).await;
        Ok(changed?.into_inner().online_chat.expect("it"))
    }

    async fn issue(&self, external_id: &str) -> Result<IssueVisitorTokenResponse, Status> {
        self.issue_with(&self.secret, external_id).await
    }

    async fn issue_with(
        &self,
        secret: &str,
        external_id: &str,
    ) -> Result<IssueVisitorTokenResponse, Status> {
        let request = IssueVisitorTokenRequest {
            online_chat_id: self.chat.id.clone(),
            external_id: external_id.to_owned(),
            visitor_name: "Анна".to_owned(),
        };
        let issued = self
            .admin
            .online_chats()
            .issue_visitor_token(with_token(secret, request))
            .await;
        Ok(issued?.into_inner())
    }

    async fn come(&self, token: &str) -> Result<Visitor, Status> {
        Visitor::come(&self.cluster.url(), &self.chat.id, token).await
    }

    /// The site's backend tells crm of a client.
    async fn contact(&self, name: &str, values: Vec<crm::FieldValue>) -> String {
        let contact = crm::Contact {
            name: name.to_owned(),
            responsible_user_id: self.admin.user().id.clone(),
            field_values: values,
            ..Default::default()
        };
        let request = crm::CreateContactRequest {
            contact: Some(contact),
            ..Default::default()
        };
        let made = ContactServiceClient::new(self.admin.channel())
            .create_contact(with_token(&self.secret, request))
            .await;
        made.expect("made").into_inner().contact.expect("it").id
    }

    async fn deal(&self, contact: &str, values: Vec<crm::FieldValue>) -> String {
        let deal = crm::Deal {
            name: "Окна".to_owned(),
            responsible_user_id: self.admin.user().id.clone(),
            main_contact_id: contact.to_owned(),
            field_values: values,
            ..Default::default()
        };
        let request = crm::CreateDealRequest {
            deal: Some(deal),
            ..Default::default()
        };
        let made = DealServiceClient::new(self.admin.channel())
            .create_deal(with_token(&self.secret, request))
            .await;
        made.expect("made").into_inner().deal.expect("it").id
    }

    async fn customer(&self, contact: &str, values: Vec<crm::FieldValue>) -> String {
        let customer = crm::Customer {
            name: "Анна".to_owned(),
            responsible_user_id: self.admin.user().id.clone(),
            main_contact_id: contact.to_owned(),
            field_values: values,
            ..Default::default()
        };
        let request = crm::CreateCustomerRequest {
            customer: Some(customer),
            ..Default::default()
        };
        let made = CustomerServiceClient::new(self.admin.channel())
            .create_customer(with_token(&self.secret, request))
            .await;
        made.expect("made").into_inner().customer.expect("it").id
    }

    async fn pipeline(&self) {
        let request = crm::CreatePipelineRequest {
            pipeline: Some(crm::Pipeline {
                name: "Продажи".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let made = PipelineServiceClient::new(self.admin.channel())
            .create_pipeline(self.admin.ask(request).await)
            .await;
        made.expect("made");
    }
}

fn value(field: &str, value: Value) -> Vec<crm::FieldValue> {
    vec![crm::FieldValue {
        field_id: field.to_owned(),
        value: Some(value),
    }]
}

fn text(field: &str, text: &str) -> Vec<crm::FieldValue> {
    value(field, Value::Text(text.to_owned()))
}

#[tokio::test]
async fn a_known_external_id_is_the_same_visitor_on_every_device() {
    let site = Site::open().await;
    let field = site
        .field(crm::CardKind::Contact, crm::FieldType::Text)
        .await;
    site.choose(&field).await.expect("chosen");
    let contact = site.contact("Анна", text(&field, "client-1")).await;

    let issued = site.issue(" client-1 ").await.expect("issued");
    assert_eq!((&issued.card_id, &issued.contact_id), (&contact, &contact));
    assert!(!issued.conflict);
    let telephone = site.come(&issued.visitor_token).await.expect("a visitor");
    assert_eq!(telephone.id(), issued.visitor_id);
    let id = Seed::take().uuid();
    telephone.send(id, "", "С телефона").await.expect("sent");

    let again = site.issue("client-1").await.expect("issued");
    assert_ne!(again.visitor_token, issued.visitor_token);
    let computer = site.come(&again.visitor_token).await.expect("a visitor");
    assert_eq!(computer.id(), telephone.id());
    let history = computer.messages("").await.expect("a history");
    let texts: Vec<_> = history.iter().map(|it| &it.text[..]).collect();
    assert_eq!(texts, ["С телефона"], "the whole history is there");

    let other = site.issue("Client-1").await.expect("issued");
    assert_ne!(other.visitor_id, issued.visitor_id, "texts compare exactly");
    assert_eq!((&other.card_id[..], &other.contact_id[..]), ("", ""));
    let other = site.come(&other.visitor_token).await.expect("a visitor");
    assert_eq!(other.messages("").await.expect("a history"), []);

    // The conversation is the contact's, as soon as conversations has heard of that contact.
    let listed = site.admin.list(Default::default()).await.expect("a page");
    let talk = listed.conversations[0].id.clone();
    wait_for("the chat is bound to the contact", async || {
        site.issue("client-1").await.expect("issued");
        let request = OpenConversationRequest {
            conversation_id: talk.clone(),
            ..Default::default()
        };
        let opened = site
            .admin
            .inbox()
            .open_conversation(site.admin.ask(request).await)
            .await;
        let shown = opened.ok()?.into_inner().contact?;
        (shown.id == contact).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_external_id_leads_from_deals_customers_and_contacts_and_numbers_compare_as_numbers() {
    let site = Site::open().await;
    site.pipeline().await;
    let anna = site.contact("Анна", Vec::new()).await;
    let boris = site.contact("Борис", Vec::new()).await;

    let field = site
        .field(crm::CardKind::Deal, crm::FieldType::Number)
        .await;
    site.choose(&field).await.expect("chosen");
    let seven = || value(&field, Value::Number(7.0));
    let first = site.deal(&anna, seven()).await;
    let issued = site.issue("007").await.expect("issued");
    let found = (&issued.card_id, &issued.contact_id, issued.conflict);
    assert_eq!(found, (&first, &anna, false));
    let second = site.deal(&boris, seven()).await;
    let again = site.issue("7.0").await.expect("issued");
    let found = (&again.card_id, &again.contact_id, again.conflict);
    assert_eq!(
        found,
        (&second, &boris, true),
        "the last changed one, and it is told"
    );
    assert_eq!(again.visitor_id, issued.visitor_id);
    let refused = site.issue("7a").await.expect_err("no number");
    assert_eq!(reason(&refused), ErrorReason::FieldInvalid);

    let field = site
        .field(crm::CardKind::Customer, crm::FieldType::Text)
        .await;
    site.choose(&field).await.expect("chosen");
    let customer = site.customer(&anna, text(&field, " 7 ")).await;
    let issued = site.issue("7").await.expect("issued");
    assert_eq!((&issued.card_id, &issued.contact_id), (&customer, &anna));
    assert_ne!(
        issued.visitor_id, again.visitor_id,
        "another field, other people"
    );
}

#[tokio::test]
async fn only_a_text_or_number_field_of_a_deal_customer_or_contact_holds_external_ids() {
    let site = Site::open().await;
    let refused = site.issue("1").await.expect_err("no field");
    assert_eq!(reason(&refused), ErrorReason::ExternalIdNotSetUp);
    for (kind, type_) in [
        (crm::CardKind::Contact, crm::FieldType::Date),
        (crm::CardKind::Deal, crm::FieldType::Select),
        (crm::CardKind::Customer, crm::FieldType::Checkbox),
        (crm::CardKind::Company, crm::FieldType::Text),
    ] {
        let field = site.field(kind, type_).await;
        let refused = site.choose(&field).await.expect_err("unsuitable");
        assert_eq!(
            reason(&refused),
            ErrorReason::ExternalIdFieldUnsuitable,
            "{kind:?} {type_:?}"
        );
    }
    let unknown = types::FieldId::generate().to_string();
    let refused = site.choose(&unknown).await.expect_err("unknown");
    assert_eq!(reason(&refused), ErrorReason::CustomFieldNotFound);
    for kind in [
        crm::CardKind::Contact,
        crm::CardKind::Deal,
        crm::CardKind::Customer,
    ] {
        for type_ in [crm::FieldType::Text, crm::FieldType::Number] {
            let field = site.field(kind, type_).await;
            let chosen = site.choose(&field).await.expect("suitable");
            assert_eq!(chosen.external_id_field_id, field);
        }
    }
    let none = site.choose("").await.expect("taken away");
    assert_eq!(none.external_id_field_id, "");
}

#[tokio::test]
async fn an_external_id_is_taken_from_the_sites_backend_only() {
    let site = Site::open().await;
    let field = site
        .field(crm::CardKind::Contact, crm::FieldType::Text)
        .await;
    site.choose(&field).await.expect("chosen");
    let issued = site.issue("client-1").await.expect("issued");
    let known = site.come(&issued.visitor_token).await.expect("a visitor");
    known
        .send(Seed::take().uuid(), "", "Секрет")
        .await
        .expect("sent");

    // A browser that knows the id, and even the visitor's id, is nobody known.
    for guess in ["client-1", &issued.visitor_id, "vrt_client-1"] {
        let stranger = site.come(guess).await.expect("a new visitor");
        assert_ne!(stranger.id(), known.id());
        assert_eq!(stranger.messages("").await.expect("a history"), []);
    }
    let mut forged = issued.visitor_token.clone();
    forged.pop();
    forged.push('!');
    let refused = site.come(&forged).await.expect_err("a forged token");
    assert_eq!(reason(&refused), ErrorReason::TokenExpired);

    let other = site.admin.api_key(&["inbox.read", "inbox.write"]).await;
    for secret in [&other.secret[..], known.token(), &issued.visitor_token, ""] {
        let refused = site.issue_with(secret, "client-1").await;
        refused.expect_err("no key of the site's backend");
    }
}
