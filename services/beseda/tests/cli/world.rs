//! `beseda` as a child process.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use api::conversations::v1::LinkConversationRequest;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::crm::v1::{Deal, ListDealsRequest, ListPipelinesRequest, UpdateDealRequest};
use api::identity::v1::LogInRequest;
use api::identity::v1::session_service_client::SessionServiceClient;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::{SendVisitorMessageRequest, StartVisitorSessionRequest};
use serde_json::{Map, Value};
use tempfile::TempDir;
use testkit::Process;
use tonic::Request;
use tonic::transport::Channel;

/// The program.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_beseda"))
}

/// A running `beseda up` with stores of its own.
pub struct Up {
    pub process: Process,
    pub ready: Map<String, Value>,
    pub folder: TempDir,
}

impl Up {
    /// Starts one with an empty folder and waits until it is ready.
    pub async fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder")).await
    }

    /// Starts one on the data of another.
    pub async fn start_in(folder: TempDir) -> Self {
        // As root, PostgreSQL runs under another account, which has to enter the folder.
        open_to_all(folder.path());
        let data = data_of(&folder).display().to_string();
        let arguments = [
            "up",
            "--json-ready",
            "--listen",
            "127.0.0.1:0",
            "--data",
            &data,
        ];
        let process = Process::start(program(), &arguments, &[("BESEDA_LOG", "info")]);
        let ready = process.wait_line("ready").await;
        Self {
            process,
            ready,
            folder,
        }
    }

    /// A text of the line that says that it is ready.
    pub fn told(&self, key: &str) -> String {
        self.ready[key].as_str().unwrap_or_default().to_owned()
    }

    /// Where it keeps its data.
    pub fn data(&self) -> PathBuf {
        data_of(&self.folder)
    }

    /// The process ids of its stores.
    pub fn stores(&self) -> Vec<i32> {
        children_under(&self.data())
    }

    /// Calls `beseda inbox` as the demo program.
    pub fn inbox(&self, arguments: &[&str]) -> Output {
        self.inbox_command(arguments).output().expect("beseda runs")
    }

    pub fn inbox_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .arg("inbox")
            .args(arguments)
            .env("BESEDA_SERVER", self.told("gateway"))
            .env("BESEDA_API_KEY", self.told("api_key"))
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    /// The crm, as the demo program.
    pub fn crm(&self) -> Crm {
        Crm {
            channel: kit::channel(&self.told("gateway")).expect("an address"),
            bearer: format!("Bearer {}", self.told("api_key")),
        }
    }

    /// A visitor of the demo page.
    pub async fn visitor(&self) -> Visitor {
        let channel = kit::channel(&self.told("gateway")).expect("an address");
        let mut service = VisitorServiceClient::new(channel);
        let request = StartVisitorSessionRequest {
            online_chat_id: self.told("online_chat_id"),
            visitor_name: "Гость".to_owned(),
            ..StartVisitorSessionRequest::default()
        };
        let session = service
            .start_visitor_session(request)
            .await
            .expect("a session");
        let token = session.into_inner().session_token;
        Visitor { service, token }
    }
}

/// The demo program's hands in the crm.
pub struct Crm {
    channel: Channel,
    bearer: String,
}

impl Crm {
    fn asking<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = self.bearer.parse().expect("a header");
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    /// A demo deal.
    pub async fn deal(&self, name: &str) -> Deal {
        let mut deals = DealServiceClient::new(self.channel.clone());
        let request = self.asking(ListDealsRequest::default());
        let listed = deals.list_deals(request).await.expect("a list");
        let mut listed = listed.into_inner().deals.into_iter();
        listed.find(|deal| deal.name == name).expect("the deal")
    }

    /// Says who writes in a conversation, and about what.
    pub async fn link(&self, conversation: &str, deal: &Deal) {
        let request = LinkConversationRequest {
            conversation_id: conversation.to_owned(),
            contact_id: deal.main_contact_id.clone(),
            card_id: deal.id.clone(),
        };
        let mut conversations = ConversationServiceClient::new(self.channel.clone());
        let linked = conversations.link_conversation(self.asking(request)).await;
        linked.expect("it is linked");
    }

    /// The id of a user, who logs in.
    pub async fn user_of(&self, email: &str, password: &str) -> String {
        let request = LogInRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            device: "test".to_owned(),
        };
        let mut sessions = SessionServiceClient::new(self.channel.clone());
        let reply = sessions.log_in(request).await.expect("a session");
        reply.into_inner().user.expect("the user").id
    }

    /// Moves a deal to a stage of its pipeline.
    pub async fn move_to(&self, deal: &Deal, stage: &str) {
        let mut pipelines = PipelineServiceClient::new(self.channel.clone());
        let request = self.asking(ListPipelinesRequest::default());
        let listed = pipelines.list_pipelines(request).await.expect("a list");
        let mut stages = listed
            .into_inner()
            .pipelines
            .into_iter()
            .flat_map(|it| it.stages);
        let stage = stages.find(|it| it.name == stage).expect("the stage");
        let moved = Deal {
            id: deal.id.clone(),
            stage_id: stage.id,
            ..Deal::default()
        };
        let request = UpdateDealRequest {
            deal: Some(moved),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["stage_id".to_owned()],
            }),
        };
        let mut deals = DealServiceClient::new(self.channel.clone());
        let updated = deals.update_deal(self.asking(request)).await;
        updated.expect("it moves");
    }
}

/// A visitor of the demo page.
pub struct Visitor {
    service: VisitorServiceClient<Channel>,
    token: String,
}

impl Visitor {
    pub async fn say(&mut self, text: &str) {
        let mut request = Request::new(SendVisitorMessageRequest {
            client_message_id: types::new_uuid().to_string(),
            text: text.to_owned(),
            ..SendVisitorMessageRequest::default()
        });
        let bearer = format!("Bearer {}", self.token).parse().expect("a token");
        request.metadata_mut().insert("authorization", bearer);
        let sent = self.service.send_visitor_message(request).await;
        sent.expect("the message is taken");
    }
}

/// What a command printed, which succeeded.
pub fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// JSON, an object a line.
pub fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Is there a process of this id, and not only its remains?
pub fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z")
}

fn data_of(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// Processes whose command line names this folder: the stores in it.
fn children_under(folder: &Path) -> Vec<i32> {
    let name = folder.display().to_string();
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            command.contains(&name) && !command.contains("beseda up") && !command.contains("guard")
        })
        .collect()
}
