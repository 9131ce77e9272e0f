//! Limits that replicas share, in a real Redis.

use api::identity::v1::LogInRequest;
use api::identity::v1::session_service_client::SessionServiceClient;
use api::onlinechat::v1::MarkReadRequest;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use embedded::redis::{Options, Redis};
use gateway::Rate;
use secrecy::ExposeSecret;

use crate::support::Gateway;

async fn replica(redis: &Redis, rate: Rate) -> Gateway {
    let url = redis.url().expose_secret().to_owned();
    Gateway::with(|config| {
        config.redis_url = url;
        config.limits.rates.log_in = rate;
        config.limits.rates.address = rate;
    })
    .await
}

async fn log_ins(gateway: &Gateway, calls: usize) -> usize {
    let mut client = SessionServiceClient::new(gateway.channel().await);
    let mut served = 0;
    for _ in 0..calls {
        served += usize::from(client.log_in(LogInRequest::default()).await.is_ok());
    }
    served
}

async fn marks(gateway: &Gateway, calls: usize) -> usize {
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut served = 0;
    for _ in 0..calls {
        served += usize::from(client.mark_read(MarkReadRequest::default()).await.is_ok());
    }
    served
}

#[tokio::test]
async fn replicas_count_log_ins_together_and_exactly() {
    let redis = embedded::redis::start(Options::temporary())
        .await
        .expect("Redis");
    let rate = Rate {
        per_second: 0.01,
        burst: 10,
    };
    let (one, other) = (replica(&redis, rate).await, replica(&redis, rate).await);
    assert_eq!(log_ins(&one, 6).await, 6);
    assert_eq!(log_ins(&other, 6).await, 4);
    assert_eq!(log_ins(&one, 2).await, 0);
}

#[tokio::test]
async fn replicas_share_a_bucket_by_chunks() {
    let redis = embedded::redis::start(Options::temporary())
        .await
        .expect("Redis");
    let rate = Rate {
        per_second: 0.01,
        burst: 200,
    };
    let (one, other) = (replica(&redis, rate).await, replica(&redis, rate).await);
    let (here, there) = (marks(&one, 100).await, marks(&other, 200).await);
    assert_eq!(here, 100);
    // A replica may hold chunks of a twentieth that it has not used.
    assert!((80..=100).contains(&there), "{there}");
}

#[tokio::test]
async fn calls_go_on_without_redis_and_with_an_emptied_one() {
    let redis = embedded::redis::start(Options::temporary())
        .await
        .expect("Redis");
    let rate = Rate {
        per_second: 0.01,
        burst: 20,
    };
    let gateway = replica(&redis, rate).await;
    assert_eq!(log_ins(&gateway, 1).await, 1);
    redis.kill9().await.expect("killed");
    assert_eq!(log_ins(&gateway, 5).await, 5, "counted here");
    redis.restart().await.expect("started again");
    assert_eq!(log_ins(&gateway, 5).await, 5);
}
