//! Contacts that become one in crm: their conversations follow, and come back.

use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::{Conversation, ConversationMode, LinkConversationRequest};
use api::crm::v1 as crm;
use api::crm::v1::contact_service_client::ContactServiceClient;
use integration_tests::Service;
use integration_tests::actors::Admin;
use testkit::wait_for_state;

use super::{conversation, office};

async fn contact(admin: &Admin, name: &str) -> crm::Contact {
    let request = crm::CreateContactRequest {
        contact: Some(crm::Contact {
            name: name.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = ContactServiceClient::new(admin.channel())
        .create_contact(admin.ask(request).await)
        .await;
    made.expect("made").into_inner().contact.expect("it")
}

async fn link(admin: &Admin, talk: &Conversation, contact: &crm::Contact) {
    let link = LinkConversationRequest {
        conversation_id: talk.id.clone(),
        contact_id: contact.id.clone(),
        ..Default::default()
    };
    wait_for_state("the contact has reached conversations", async || {
        ConversationServiceClient::new(admin.channel())
            .link_conversation(admin.ask(link.clone()).await)
            .await
    })
    .await;
}

/// Each conversation is some contact's, and called by its name.
async fn are(admin: &Admin, talks: &[(&Conversation, &crm::Contact)]) {
    for (talk, contact) in talks {
        wait_for_state("the conversation follows its contact", async || {
            let row = admin.get(&talk.id).await.map_err(|it| it.to_string())?;
            match row.contact_id == contact.id && row.title == contact.name {
                true => Ok(()),
                false => Err(row.title),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn conversations_follow_contacts_that_become_one_and_part_again() {
    let (cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let (anna, anya) = (contact(&admin, "Анна").await, contact(&admin, "Аня").await);
    let mut talks = Vec::new();
    for (chat, contact) in [("one", &anna), ("two", &anya), ("three", &anya)] {
        let talk = conversation(&admin, &connector, chat).await;
        link(&admin, &talk, contact).await;
        talks.push(talk);
    }
    // Conversations hears of it when it is there again, and hears it once.
    cluster.kill(Service::Conversations).await;
    let request = crm::MergeContactsRequest {
        target_contact_id: anna.id.clone(),
        sources: vec![crm::MergeSource {
            contact_id: anya.id.clone(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let merged = ContactServiceClient::new(admin.channel())
        .merge_contacts(admin.ask(request).await)
        .await;
    merged.expect("merged");
    cluster.revive(Service::Conversations).await;
    let all: Vec<_> = talks.iter().map(|talk| (talk, &anna)).collect();
    are(&admin, &all).await;
    // What comes after the merge is the one contact's, in whichever chat.
    admin.close(&talks[1].id).await.expect("closed");
    let later = connector.write("two", "two-2", "Это снова я").await;
    let later = admin.get(&later.conversation_id).await.expect("there");
    assert_ne!(later.id, talks[1].id);
    are(&admin, &[(&later, &anna)]).await;

    cluster.kill(Service::Conversations).await;
    let request = crm::UnmergeContactsRequest {
        contact_id: anna.id.clone(),
        ..Default::default()
    };
    let parted = ContactServiceClient::new(admin.channel())
        .unmerge_contacts(admin.ask(request).await)
        .await;
    parted.expect("parted");
    cluster.revive(Service::Conversations).await;
    let each = [
        (&talks[0], &anna),
        (&talks[1], &anya),
        (&talks[2], &anya),
        (&later, &anya),
    ];
    are(&admin, &each).await;
}
