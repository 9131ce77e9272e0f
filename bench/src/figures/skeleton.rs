//! P7: what our server's layers cost: the same empty handler on bare tonic and behind the whole stack.

use std::time::Duration;

use anyhow::Result;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::inbox_service_server::{InboxService, InboxServiceServer};
use api::conversations::v1::{
    AddFavouriteRequest, AddFavouriteResponse, ListConversationsRequest, ListConversationsResponse,
    OpenConversationRequest, OpenConversationResponse, RemoveFavouriteRequest,
    RemoveFavouriteResponse, WatchInboxRequest, WatchInboxResponse,
};
use auth::{AuthLayer, Verifier};
use futures::stream::BoxStream;
use kit::lifecycle::Lifecycle;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use types::Clock;

use crate::Options;
use crate::load::{self, Measured};
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Stand};

/// Answers without doing anything.
struct Empty;

#[tonic::async_trait]
impl InboxService for Empty {
    type WatchInboxStream = BoxStream<'static, Result<WatchInboxResponse, Status>>;

    async fn list_conversations(
        &self,
        _: Request<ListConversationsRequest>,
    ) -> Result<Response<ListConversationsResponse>, Status> {
        Ok(Response::new(ListConversationsResponse::default()))
    }

    async fn watch_inbox(
        &self,
        _: Request<WatchInboxRequest>,
    ) -> Result<Response<Self::WatchInboxStream>, Status> {
        Ok(Response::new(Box::pin(futures::stream::empty())))
    }

    async fn add_favourite(
        &self,
        _: Request<AddFavouriteRequest>,
    ) -> Result<Response<AddFavouriteResponse>, Status> {
        Ok(Response::new(AddFavouriteResponse::default()))
    }

    async fn remove_favourite(
        &self,
        _: Request<RemoveFavouriteRequest>,
    ) -> Result<Response<RemoveFavouriteResponse>, Status> {
        Ok(Response::new(RemoveFavouriteResponse::default()))
    }

    async fn open_conversation(
        &self,
        _: Request<OpenConversationRequest>,
    ) -> Result<Response<OpenConversationResponse>, Status> {
        Ok(Response::new(OpenConversationResponse::default()))
    }
}

/// Empty calls over eight connections with 16 in flight on each.
pub async fn saturate(
    url: &str,
    authorization: &MetadataValue<Ascii>,
    time: Duration,
) -> Result<Measured> {
    let channels: Vec<Channel> = (0..8)
        .map(|_| kit::channel(url))
        .collect::<Result<_, _>>()?;
    let authorization = authorization.clone();
    load::closed(128, time, move |client, _| {
        let mut inbox = InboxServiceClient::new(channels[client % channels.len()].clone());
        let mut request = Request::new(ListConversationsRequest::default());
        request
            .metadata_mut()
            .insert("authorization", authorization.clone());
        async move {
            inbox.list_conversations(request).await?;
            Ok(1)
        }
    })
    .await
}

/// Measures it.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    let authorization = stand.authorization(EMAIL).await?;
    let life = Lifecycle::new();
    let bare = TcpListener::bind("127.0.0.1:0").await?;
    let bare_url = format!("http://{}", bare.local_addr()?);
    load::spawn(
        tonic::transport::Server::builder()
            .add_service(InboxServiceServer::new(Empty))
            .serve_with_incoming(TcpListenerStream::new(bare)),
    );
    let ours = TcpListener::bind("127.0.0.1:0").await?;
    let ours_url = format!("http://{}", ours.local_addr()?);
    let verifier = Verifier::new(stand.channel("identity")?, Clock::system(), &life);
    let server = kit::server::Server::new("bench")?.service(InboxServiceServer::new(Empty));
    load::spawn(server.serve(ours, AuthLayer::new(verifier), life.clone()));

    let time = Duration::from_secs(options.seconds);
    saturate(&ours_url, &authorization, Duration::from_secs(1)).await?;
    let (mut bare_rates, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let baseline = saturate(&bare_url, &authorization, time).await?.rate;
        let measured = saturate(&ours_url, &authorization, time).await?.rate;
        bare_rates.push(baseline);
        ratios.push(measured / baseline);
    }
    life.drain(Duration::from_secs(1)).await;
    report.add(
        Goal {
            id: "P7",
            floor: "–",
            target: "baseline",
        },
        "empty call on bare tonic",
        "/s",
        &bare_rates,
    );
    report.add(
        Goal {
            id: "P7",
            floor: "0.6",
            target: "0.8",
        },
        "empty call behind our stack ÷ bare tonic",
        "×",
        &ratios,
    );
    Ok(())
}
