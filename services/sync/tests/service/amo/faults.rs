//! Nothing is lost and nothing is made twice, whatever fails and is killed.

use api::sync::v1::{TaskAssignment, TaskSettings, TransferMethod};

use super::fake::Trouble;
use super::office::{Office, hello};

fn with_tasks(draft: &mut api::sync::v1::Integration) {
    draft.tasks = Some(TaskSettings {
        term: Some(prost_types::Duration {
            seconds: 600,
            nanos: 0,
        }),
        assignment: TaskAssignment::FromSettings.into(),
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_and_not_answered_is_not_done_again() {
    let (office, _) = Office::with(with_tasks).await;
    let troubles = [Trouble::Silent, Trouble::DoneStatus(502), Trouble::Silent];
    office.fake.trouble(&troubles);
    office.write(&hello("ivan")).await;
    office.settled(1).await;
    assert_eq!(office.made(), [1, 1, 1, 1]);
    // Two fields when the integration was made, and then each of the three once.
    let writes = office.fake.state().writes.len();
    assert_eq!(writes, 2 + 3, "what was there was not asked for again");
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_is_done_once() {
    let (office, _) = Office::with_still_clock(with_tasks).await;
    use Trouble::{Lost, Status};
    office
        .fake
        .trouble(&[Lost, Status(503), Status(429), Lost, Status(500)]);
    office.write(&hello("ivan")).await;
    office.settled(1).await;
    assert_eq!(office.made(), [1, 1, 1, 1]);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsorted_record_that_was_not_answered_is_not_made_again() {
    let unsorted = |draft: &mut api::sync::v1::Integration| {
        draft.method = TransferMethod::UseUnsorted.into();
    };
    let (office, _) = Office::with(unsorted).await;
    office.fake.trouble(&[Trouble::Silent]);
    office.write(&hello("ivan")).await;
    office.settled(1).await;
    assert_eq!(office.fake.state().unsorted.len(), 1);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_and_after_each_call_nothing_is_made_twice() {
    let (office, _) = Office::with(with_tasks).await;
    // A first request makes a deal with its contact, a note and a task: three calls.
    let points = (0..3).flat_map(|write| [(write, Trouble::Hangs), (write, Trouble::DoneHangs)]);
    for (client, (write, trouble)) in points.enumerate() {
        office.fake.trouble_after(write, trouble);
        office.write(&hello(&format!("client-{client}"))).await;
        office.fake.hung.notified().await;
        office.kill_and_start().await;
        office.settled(client + 1).await;
        let made = client + 1;
        assert_eq!(office.made(), [made; 4], "killed at {write}, {trouble:?}");
    }
    office.fake.assert_nothing_wrong();
}

impl Office {
    /// Kills the one replica; another goes on at once, without waiting for the lease of the one that is gone.
    async fn kill_and_start(&self) {
        self.kill().await;
        let mut owner = self.db.owner().await;
        sqlx::query("SELECT set_config('beseda.system', 'on', false)")
            .execute(&mut owner)
            .await
            .expect("set");
        sqlx::query("UPDATE sync.clients SET due_time = now()")
            .execute(&mut owner)
            .await
            .expect("due");
        self.start().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_was_down_catches_up_in_order() {
    let (office, _) = Office::with(|_| ()).await;
    office.fake.state().down = true;
    for _ in 0..3 {
        office.write(&hello("ivan")).await;
        office.write(&hello("anna")).await;
    }
    testkit::wait_for("it is known that the portal is down", async || {
        let runs = office.jobs().await;
        (runs == 6 && office.fake.state().calls > 10).then_some(())
    })
    .await;
    office.fake.state().down = false;
    let runs = office.settled(6).await;
    for client in ["telegram\nivan", "telegram\nanna"] {
        let own = runs.iter().filter(|run| office.is_of(run, client));
        let numbers: Vec<i64> = own.map(|run| run.conversation_number).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
    assert_eq!(
        office.made(),
        [2, 2, 6, 0],
        "the later ones have the first one's deal"
    );
    office.fake.assert_nothing_wrong();
}

impl Office {
    /// Clients write in turn: odd numbers are the first one's.
    fn is_of(&self, run: &api::sync::v1::Run, client: &str) -> bool {
        (run.conversation_number % 2 == 1) == client.ends_with("ivan")
    }
}
