//! «Удалить данные»: what a client calls.

use std::time::Duration;

use api::cabinet::v1::{
    CabinetSettings, ConfirmErasureRequest, RequestErasureRequest, RequestErasureResponse,
    WatchCabinetMessagesRequest,
};
use testkit::{Dump, wait_for};
use tonic::Status;
use types::ErasureId;

use crate::erasure::{db, finished};
use crate::sessions::{WRONG, other};
use crate::world::{PHONE, World, refusal, with};

const NAME: &str = "Мария Незабудкина";
const THEIRS: &str = "+79990000002";

impl World {
    /// Opens a cabinet whose clients may delete their data; its id.
    async fn open_for_erasure(&self) -> String {
        self.contact(NAME, PHONE).await;
        let cabinet = self.open().await;
        let settings = CabinetSettings {
            erasure_enabled: true,
            erasure_text: "Стереть: {{code}}".to_owned(),
            ..CabinetSettings::default()
        };
        let changed = self.update(settings, "erasure_enabled,erasure_text");
        changed.await.expect("allowed");
        cabinet
    }

    async fn ask_to_erase(
        &self,
        token: &str,
        confirmed: bool,
    ) -> Result<RequestErasureResponse, Status> {
        let mut request = with(token, RequestErasureRequest { confirmed });
        let russian = "ru".parse().expect("ASCII");
        request.metadata_mut().insert("accept-language", russian);
        let asked = self.erasures().request_erasure(request).await?;
        Ok(asked.into_inner())
    }

    /// Asks for a code; the request's token and the code.
    async fn code_to_erase(&self, token: &str) -> (String, String) {
        let before = self.sms[0].taken().len();
        let asked = self.ask_to_erase(token, true).await.expect("asked");
        let text = wait_for("an SMS", async || {
            Some(self.sms[0].taken().get(before)?.text.clone())
        })
        .await;
        let code = text.strip_prefix("Стереть: ").expect("the account's text");
        (asked.request_token, code.to_owned())
    }

    async fn erase(
        &self,
        token: &str,
        request_token: &str,
        code: &str,
    ) -> Result<ErasureId, Status> {
        let request = ConfirmErasureRequest {
            request_token: request_token.to_owned(),
            code: code.to_owned(),
        };
        let begun = self
            .erasures()
            .confirm_erasure(with(token, request))
            .await?;
        Ok(begun.into_inner().erasure_id.parse().expect("an id"))
    }

    /// Asks for a code to log in, which is answered as always, and waits until the SMS is dropped as one to nobody.
    async fn gets_no_code(&self, cabinet: &str) {
        let asked = self.ask(cabinet, PHONE).await;
        asked.expect("answered as always");
        wait_for("nobody has the number any more", async || {
            let state: i16 = sqlx::query_scalar(
                "SELECT state FROM cabinet.sms_messages ORDER BY id DESC LIMIT 1",
            )
            .fetch_one(&mut self.db.owner().await)
            .await
            .expect("read");
            (state == 5).then_some(())
        })
        .await;
    }

    async fn erasures_begun(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM cabinet.erasures")
            .fetch_one(&mut self.db.owner().await)
            .await
            .expect("counted")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_warned_confirms_by_a_code_and_is_out_for_good() {
    let world = World::start().await;
    let cabinet = world.open_for_erasure().await;
    let (token, tablet) = (world.log_in(&cabinet).await, world.log_in(&cabinet).await);
    let watching = with(&tablet, WatchCabinetMessagesRequest::default());
    let mut stream = world.client().watch_cabinet_messages(watching).await;
    let stream = stream.as_mut().expect("it stands").get_mut();
    let warned = world.ask_to_erase(&token, false).await.expect("warned");
    assert!(
        warned.warning.contains("необратимо") && warned.warning.contains("контакты будут удалены")
    );
    assert_eq!(
        warned,
        RequestErasureResponse {
            warning: warned.warning.clone(),
            ..Default::default()
        }
    );
    assert_eq!(
        world.sms[0].taken().len(),
        2,
        "nothing is sent before the client confirms"
    );
    // On its way to the client meanwhile, on a third device.
    let log_in = world.ask(&cabinet, PHONE).await.expect("asked");
    let log_in_code = world.sms[0].code(PHONE, 3).await;
    let (request, code) = world.code_to_erase(&token).await;
    let typed = format!("{} {}", &code[..3], &code[3..]);
    let id = world.erase(&token, &request, &typed).await.expect("begun");
    assert!(
        !world.is_in(&token).await && !world.is_in(&tablet).await,
        "out at once"
    );
    let ended = stream.message().await;
    assert_eq!(
        refusal(ended),
        "TOKEN_INVALID {}",
        "what was open ends, too"
    );
    assert_eq!(refusal(world.confirm(&log_in, &log_in_code).await), WRONG);
    // crm still has the number, or has it no longer: it is nobody's already.
    world.gets_no_code(&cabinet).await;
    let erasure = finished(&world, &db(&world).await, id).await;
    assert!(erasure.receipt.found.is_empty());
    assert_eq!(world.identity.erasures(), 1, "the audit log was told");
    let dump = Dump::of(&world.db).await;
    for text in [NAME, PHONE] {
        assert_eq!(dump.places(text), Vec::<&str>::new(), "{text}");
    }
    world.gets_no_code(&cabinet).await;
    // The company enters the number anew: it is a client's again.
    world.contact(NAME, PHONE).await;
    let token = world.log_in(&cabinet).await;
    assert!(world.is_in(&token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_used_old_and_foreign_codes_erase_nothing() {
    let world = World::start().await;
    let cabinet = world.open_for_erasure().await;
    world.contact("Пётр", THEIRS).await;
    let mine = world.log_in(&cabinet).await;
    let asked = world.ask(&cabinet, THEIRS).await.expect("asked");
    let code = world.sms[0].code(THEIRS, 1).await;
    let theirs = world.confirm(&asked, &code).await.expect("logged in");
    let (their_request, their_code) = world.code_to_erase(&theirs).await;
    let (request, code) = world.code_to_erase(&mine).await;
    let log_in = world.ask(&cabinet, PHONE).await.expect("asked");
    let log_in_code = world.sms[0].code(PHONE, 3).await;
    for (request, code) in [
        (&request, &other(&code)),
        (&their_request, &their_code),
        (&log_in, &log_in_code),
        (&"crq_x".to_owned(), &code),
    ] {
        assert_eq!(refusal(world.erase(&mine, request, code).await), WRONG);
    }
    assert_eq!(
        refusal(world.confirm(&request, &code).await),
        WRONG,
        "nobody logs in with it"
    );
    world.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(
        refusal(world.erase(&mine, &request, &code).await),
        WRONG,
        "too old"
    );
    let (request, code) = world.code_to_erase(&mine).await;
    for _ in 0..5 {
        let tried = world.erase(&mine, &request, &other(&code)).await;
        assert_eq!(refusal(tried), WRONG);
    }
    assert_eq!(
        refusal(world.erase(&mine, &request, &code).await),
        WRONG,
        "five tries"
    );
    assert_eq!(world.erasures_begun().await, 0);
    assert!(world.is_in(&mine).await && world.is_in(&theirs).await);
    let (request, code) = world.code_to_erase(&mine).await;
    world.erase(&mine, &request, &code).await.expect("begun");
    assert!(world.is_in(&theirs).await);
    let again = world.erase(&theirs, &request, &code).await;
    assert_eq!(refusal(again), WRONG, "used, and not theirs");
    assert_eq!(world.erasures_begun().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_that_confirm_at_once_make_one_erasure() {
    let world = World::start().await;
    let cabinet = world.open_for_erasure().await;
    let (one, two) = (world.log_in(&cabinet).await, world.log_in(&cabinet).await);
    let (of_one, code_of_one) = world.code_to_erase(&one).await;
    let (of_two, code_of_two) = world.code_to_erase(&two).await;
    let (first, second) = tokio::join!(
        world.erase(&one, &of_one, &code_of_one),
        world.erase(&two, &of_two, &code_of_two)
    );
    let (begun, out): (Vec<_>, Vec<_>) = [first, second].into_iter().partition(Result::is_ok);
    assert_eq!((begun.len(), out.len()), (1, 1));
    for late in out {
        assert_eq!(
            refusal(late),
            "TOKEN_INVALID {}",
            "it is out like every other"
        );
    }
    assert_eq!(world.erasures_begun().await, 1);
}

#[tokio::test]
async fn where_the_company_has_not_allowed_it_nobody_erases() {
    let world = World::start().await;
    world.contact(NAME, PHONE).await;
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    let off = format!("ERASURE_DISABLED {{cabinet_id={cabinet}}}");
    for confirmed in [false, true] {
        assert_eq!(refusal(world.ask_to_erase(&token, confirmed).await), off);
    }
    assert_eq!(refusal(world.erase(&token, "crq_x", "123456").await), off);
    assert_eq!(
        refusal(world.ask_to_erase("cst_x", true).await),
        "TOKEN_INVALID {}"
    );
}
