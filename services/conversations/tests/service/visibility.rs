//! Direct questions about who sees what: who may ask, and what is answered at the edges.

use api::connector::v1::ChannelEvent;
use api::conversations::v1::{
    BatchCheckVisibilityRequest, CheckVisibilityRequest, ConversationVisibility as Seen,
    ExplainVisibilityRequest, ExplainVisibilityResponse, PreviewRightsRequest, VisibilityAnswer,
    VisibilityQuestion, WhoCanSeeRequest,
};
use api::identity::v1 as id;
use api::identity::v1::RightLevel::Allowed;
use auth::Role;
use testkit::wait_for;
use tonic::Status;
use types::{ConversationId, GroupId, PipelineId, StageId, UserId};

use crate::filters::saved::tell_pipeline;
use crate::rights::{sees, viewing};
use crate::world::{World, refusal, with};

async fn check(
    world: &World,
    token: &str,
    conversation: &str,
    user: &str,
) -> Result<VisibilityAnswer, Status> {
    let question = VisibilityQuestion {
        conversation_id: conversation.to_owned(),
        user_id: user.to_owned(),
    };
    let request = CheckVisibilityRequest {
        question: Some(question),
    };
    let asked = with(token, request);
    let reply = world.visibility().check_visibility(asked).await?;
    Ok(reply.into_inner().answer.expect("an answer"))
}

fn rights_of(subject: id::rights_subject::Subject) -> Option<id::Rights> {
    Some(id::Rights {
        subject: Some(id::RightsSubject {
            subject: Some(subject),
        }),
        ..id::Rights::default()
    })
}

#[tokio::test]
async fn what_is_hidden_is_answered_like_what_does_not_exist() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let nowhere = ConversationId::generate().to_string();
    let hidden = check(&world, &token, &conversation, "").await.expect("it");
    let unknown = check(&world, &token, &nowhere, "").await.expect("it");
    assert_eq!(
        (&hidden, &unknown),
        (&VisibilityAnswer::default(), &unknown)
    );
    // To an administrator it is said why.
    let told = check(&world, &world.admin, &conversation, &boris.to_string()).await;
    let told = told.expect("it");
    assert_eq!(
        (told.visibility(), told.rule.as_str(), told.source()),
        (Seen::Unspecified, "IDN-27", id::RightSource::Default)
    );
}

#[tokio::test]
async fn only_administrators_ask_about_others_and_only_about_known_ones() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let (token, _) = world.member(world.account, Role::Manager, None);
    let (_, other) = world.member(world.account, Role::Manager, None);
    let refused = check(&world, &token, &conversation, &other.to_string()).await;
    assert!(refusal(refused).contains("PERMISSION_MISSING"));
    let nobody = UserId::generate().to_string();
    let refused = check(&world, &world.admin, &conversation, &nobody).await;
    assert!(refusal(refused).contains("USER_NOT_FOUND"));
    let who = WhoCanSeeRequest {
        conversation_id: conversation.clone(),
        ..WhoCanSeeRequest::default()
    };
    let refused = world.visibility().who_can_see(with(&token, who)).await;
    assert!(refusal(refused).contains("PERMISSION_MISSING"));
    let program = world.program(world.account, "inbox.read");
    let refused = refusal(check(&world, &program, &conversation, "").await);
    assert!(refused.contains("user_id"), "{refused}");
}

/// Each question about somebody, asked with a token: who is refused, and why.
async fn ask_all(world: &World, token: &str, conversation: &str, user: UserId) -> [String; 4] {
    use id::rights_subject::Subject;
    fn told<T>(reply: Result<T, Status>) -> String {
        match reply {
            Ok(_) => "answered".to_owned(),
            Err(status) => refusal(Err::<(), _>(status)),
        }
    }
    let explain = ExplainVisibilityRequest {
        conversation_id: conversation.to_owned(),
        user_id: user.to_string(),
    };
    let who = WhoCanSeeRequest {
        conversation_id: conversation.to_owned(),
        ..WhoCanSeeRequest::default()
    };
    let preview = PreviewRightsRequest {
        rights: rights_of(Subject::UserId(user.to_string())),
        ..PreviewRightsRequest::default()
    };
    let (mut conversations, mut visibility) = (world.conversations(), world.visibility());
    let explained = conversations.explain_visibility(with(token, explain)).await;
    [
        told(check(world, token, conversation, &user.to_string()).await),
        told(explained),
        told(visibility.who_can_see(with(token, who)).await),
        told(visibility.preview_rights(with(token, preview)).await),
    ]
}

#[tokio::test]
async fn a_program_needs_a_scope_of_its_own_to_ask_about_others() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let (_, boris) = world.member(world.account, Role::Manager, None);
    let refused = "PermissionDenied SCOPE_MISSING {scope=rights.read}".to_owned();
    for scopes in [
        &["inbox.read"][..],
        &[
            "inbox.read",
            "inbox.write",
            "settings.read",
            "settings.write",
        ],
    ] {
        let program = world.program_with(world.account, scopes);
        let told = ask_all(&world, &program, &conversation, boris).await;
        assert_eq!(told, [(); 4].map(|()| refused.clone()), "{scopes:?}");
    }
    let program = world.program_with(world.account, &["inbox.read", "rights.read"]);
    let told = ask_all(&world, &program, &conversation, boris).await;
    assert_eq!(told, [(); 4].map(|()| "answered".to_owned()));
    // It says who sees what, and shows nothing itself.
    let program = world.program(world.account, "rights.read");
    let told = ask_all(&world, &program, &conversation, boris).await;
    let refused = "PermissionDenied SCOPE_MISSING {scope=inbox.read}".to_owned();
    assert_eq!(told, [(); 4].map(|()| refused.clone()));
}

#[tokio::test]
async fn an_employee_who_is_switched_off_sees_nothing_and_it_is_said_why() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let (_, boris) = world.member(world.account, Role::Administrator, None);
    world.change_account(|account| {
        let off = boris.uuid().as_bytes().to_vec();
        let members = account.members.iter_mut();
        let of_boris = members.filter(|member| member.user_id == off);
        of_boris.for_each(|member| member.active = false);
    });
    let explain = || ExplainVisibilityRequest {
        conversation_id: conversation.clone(),
        user_id: boris.to_string(),
    };
    let told = wait_for("it is known", async || {
        let asked = with(&world.admin, explain());
        let told = world.conversations().explain_visibility(asked).await;
        Some(told.expect("an answer").into_inner()).filter(|told| told.switched_off)
    })
    .await;
    let nothing = ExplainVisibilityResponse {
        switched_off: true,
        ..ExplainVisibilityResponse::default()
    };
    assert_eq!(told, nothing);
    let answer = check(&world, &world.admin, &conversation, &boris.to_string()).await;
    assert_eq!(answer.expect("an answer"), VisibilityAnswer::default());
}

#[tokio::test]
async fn a_preview_takes_known_stages_and_a_page_of_the_same_rights() {
    use id::rights_subject::Subject;
    let world = World::start().await;
    for _ in 0..2 {
        world.member(world.account, Role::Manager, None);
    }
    let stage = StageId::generate();
    tell_pipeline(&world, PipelineId::generate(), &[stage], false);
    let ask = |stage: StageId, right: id::StageRight, page_token: &str| {
        let rule = id::StageRule {
            stage_id: stage.to_string(),
            action: id::RightAction::View.into(),
            right: right.into(),
            ..id::StageRule::default()
        };
        let rights = rights_of(Subject::Role(id::Role::Manager.into()));
        let request = PreviewRightsRequest {
            rights: rights.map(|rights| id::Rights {
                stages: vec![rule],
                ..rights
            }),
            page_size: 1,
            page_token: page_token.to_owned(),
        };
        let asked = with(&world.admin, request);
        let mut visibility = world.visibility();
        async move { visibility.preview_rights(asked).await }
    };
    let (allowed, forbidden) = (id::StageRight::Allowed, id::StageRight::Forbidden);
    let first = wait_for("the stage is known", async || {
        ask(stage, allowed, "").await.ok()
    })
    .await;
    let unknown = StageId::generate();
    assert_eq!(
        refusal(ask(unknown, allowed, "").await),
        format!("NotFound STAGE_NOT_FOUND {{stage_id={unknown}}}")
    );
    let token = first.into_inner().next_page_token;
    assert_ne!(token, "");
    let other = refusal(ask(stage, forbidden, &token).await);
    assert!(other.contains("PAGE_TOKEN_MISMATCH"), "{other}");
    ask(stage, allowed, &token).await.expect("the next page");
}

#[tokio::test]
async fn a_batch_has_at_most_a_thousand_questions() {
    let world = World::start().await;
    let question = VisibilityQuestion {
        conversation_id: ConversationId::generate().to_string(),
        ..VisibilityQuestion::default()
    };
    for (count, fits) in [(0, false), (1_000, true), (1_001, false)] {
        let request = BatchCheckVisibilityRequest {
            questions: vec![question.clone(); count],
        };
        let asked = with(&world.admin, request);
        let reply = world.visibility().batch_check_visibility(asked).await;
        assert_eq!(reply.is_ok(), fits, "{count}");
        if let Ok(reply) = reply {
            assert_eq!(reply.into_inner().answers.len(), count);
        }
    }
}

#[tokio::test]
async fn a_preview_is_refused_for_who_is_unknown_and_changes_nothing() {
    use id::rights_subject::Subject;
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let ask = |token: &str, rights: Option<id::Rights>| {
        let request = PreviewRightsRequest {
            rights,
            ..PreviewRightsRequest::default()
        };
        let asked = with(token, request);
        let mut visibility = world.visibility();
        async move { visibility.preview_rights(asked).await }
    };
    let unknown = [
        (
            Subject::UserId(UserId::generate().to_string()),
            "USER_NOT_FOUND",
        ),
        (
            Subject::GroupId(GroupId::generate().to_string()),
            "GROUP_NOT_FOUND",
        ),
    ];
    for (subject, reason) in unknown {
        let refused = refusal(ask(&world.admin, rights_of(subject)).await);
        assert!(refused.contains(reason), "{refused}");
    }
    let mut wished = rights_of(Subject::UserId(boris.to_string())).expect("it");
    wished.cells = vec![id::RightCell {
        entity: id::RightEntity::Contacts.into(),
        action: id::RightAction::View.into(),
        level: id::RightLevel::Allowed.into(),
        ..id::RightCell::default()
    }];
    let refused = ask(&token, Some(wished.clone())).await;
    assert!(refusal(refused).contains("PERMISSION_MISSING"));
    let reply = ask(&world.admin, Some(wished)).await.expect("a preview");
    let preview = reply.into_inner().previews.remove(0);
    assert_eq!(
        (preview.appear, preview.more, preview.examples.len()),
        (1, false, 1)
    );
    let still = check(&world, &token, &conversation, "").await.expect("it");
    assert_eq!(still.visibility(), Seen::Unspecified);
}

#[tokio::test]
async fn a_group_chat_is_answered_as_administrators_alone() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let written = ChannelEvent {
        group_chat: true,
        ..world.message(&connection, "the club", "hello all")
    };
    let results = world.publish(vec![written]).await.expect("published");
    let group = results[0].conversation_id.clone();
    let private = world.conversation(&connection, "anna").await;
    world.set_rights(boris, viewing(Allowed, Allowed));
    sees(&world, &token, &private, Seen::ContactAndChat).await;

    let own = check(&world, &token, &group, "").await.expect("it");
    assert_eq!(own, VisibilityAnswer::default());
    let told = check(&world, &world.admin, &group, &boris.to_string()).await;
    let told = told.expect("it");
    assert_eq!(
        (told.visibility(), &told.rule[..], &told.assumption[..]),
        (Seen::Unspecified, "CHW-19", "A-42")
    );
    let explain = ExplainVisibilityRequest {
        conversation_id: group.clone(),
        user_id: boris.to_string(),
    };
    let explained = world
        .conversations()
        .explain_visibility(with(&world.admin, explain))
        .await;
    let explained = explained.expect("explained").into_inner();
    assert_eq!(explained.rule, "CHW-19");
    assert_ne!(explained.rule_text, "");
    let who = WhoCanSeeRequest {
        conversation_id: group,
        ..WhoCanSeeRequest::default()
    };
    let seen = world
        .visibility()
        .who_can_see(with(&world.admin, who))
        .await;
    let viewers = seen.expect("answered").into_inner().viewers;
    assert!(
        viewers
            .iter()
            .all(|viewer| viewer.user_id != boris.to_string())
    );

    // Whatever rights would change, the group would not appear.
    let rights = rights_of(id::rights_subject::Subject::UserId(boris.to_string()));
    let preview = PreviewRightsRequest {
        rights,
        ..PreviewRightsRequest::default()
    };
    let preview = world
        .visibility()
        .preview_rights(with(&world.admin, preview))
        .await;
    let previews = preview.expect("previewed").into_inner().previews;
    assert_eq!((previews[0].appear, previews[0].disappear), (0, 1));
}
