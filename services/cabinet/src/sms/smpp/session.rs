//! One connection: it binds when there is something to send, stays for the receipts, and comes back when it is cut off.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use connector::Backoff;
use futures::{SinkExt, StreamExt};
use rusmpp::pdus::{BindTransceiver, DeliverSmResp};
use rusmpp::tokio_codec::CommandCodec;
use rusmpp::types::COctetString;
use rusmpp::values::InterfaceVersion;
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;
use types::Clock;

use super::message::{Receipt, c_string, receipt, submit};
use super::{Owner, Smsc, fault};
use crate::sms::{ErrorClass, Fault, Sent, Sms};

/// A connection that nobody needed for so long ends: codes and their receipts are a matter of minutes.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// A connection that held so long was a good one: the next may come at once.
const STEADY: Duration = Duration::from_secs(10);
/// How often a connection looks at the clock.
const TICK: Duration = Duration::from_millis(250);
/// Nothing of ours or theirs is longer.
const LONGEST: usize = 64 << 10;

/// An SMS, and who waits for what becomes of it.
pub(super) struct Order {
    pub(super) sms: Sms,
    pub(super) answer: oneshot::Sender<Result<Sent, Fault>>,
}

/// A connection for an account's provider.
pub(super) struct Session {
    pub(super) smsc: Arc<Smsc>,
    pub(super) owner: Owner,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) patience: Duration,
}

type Receipts = mpsc::Sender<(Owner, Receipt)>;

/// Why a connection is over.
enum End {
    /// Nobody needs it, or the service stops.
    Idle,
    /// It was cut off.
    Lost,
}

impl Session {
    /// Runs until nobody needs it any more.
    pub(super) async fn run(mut self, receipts: Receipts, stopping: CancellationToken) {
        let (mut backoff, mut needed) = (Backoff::default(), Instant::now());
        let clock = Clock::system();
        loop {
            match self.connect().await {
                Ok(link) => {
                    let (mut bound, since) = (Bound::new(link, &self), Instant::now());
                    let end = bound.serve(&mut self.orders, &receipts, &stopping).await;
                    needed = bound.needed;
                    if matches!(end, End::Idle) {
                        return;
                    }
                    if since.elapsed() > STEADY {
                        backoff.reset();
                    }
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        () = clock.sleep(backoff.wait()) => {}
                    }
                }
                Err(fault) => {
                    let words = &fault.text;
                    tracing::warn!(provider.id = %self.owner.1, words, "an SMS centre cannot be bound to; it is tried again");
                    tokio::select! {
                        () = self.refuse(&fault, &mut needed) => {}
                        () = stopping.cancelled() => return,
                        () = clock.sleep(backoff.wait()) => {}
                    }
                }
            }
            if needed.elapsed() > IDLE {
                return;
            }
        }
    }

    /// Whoever comes tries another provider, for as long as this is polled.
    async fn refuse(&mut self, fault: &Fault, needed: &mut Instant) {
        while let Some(order) = self.orders.recv().await {
            *needed = Instant::now();
            // Who has gone waits no longer.
            let _ = order.answer.send(Err(fault.clone()));
        }
    }

    async fn connect(&self) -> Result<Link, Fault> {
        let unreachable = |text: String| Fault {
            class: ErrorClass::Unavailable,
            text,
        };
        let stream = timeout(self.patience, TcpStream::connect(&self.smsc.smpp.address)).await;
        let stream = stream
            .map_err(|_| unreachable("the centre does not answer".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        // Short messages that wait for nothing.
        stream
            .set_nodelay(true)
            .map_err(|error| unreachable(error.to_string()))?;
        let mut link = Framed::new(stream, CommandCodec::new().with_max_length(LONGEST));
        let bind = self.bind().map_err(|text| Fault {
            class: ErrorClass::Settings,
            text,
        })?;
        let command = Command::new(CommandStatus::EsmeRok, 1, bind);
        link.send(command)
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        let answer = timeout(self.patience, link.next()).await;
        match answer {
            Ok(Some(Ok(answer))) if answer.id() == CommandId::BindTransceiverResp => {
                match answer.status() {
                    CommandStatus::EsmeRok => Ok(link),
                    status => Err(self.refused(status)),
                }
            }
            Ok(Some(Ok(answer))) => Err(self.refused(answer.status())),
            Ok(Some(Err(error))) => Err(unreachable(error.to_string())),
            Ok(None) => Err(unreachable("the centre hung up".to_owned())),
            Err(_) => Err(unreachable("the centre does not answer".to_owned())),
        }
    }

    fn bind(&self) -> Result<BindTransceiver, String> {
        let setting = |name: &str| self.settings.get(name).map_or("", |value| &value[..]);
        Ok(BindTransceiver::builder()
            .system_id(c_string(setting("system_id").as_bytes(), "system_id")?)
            .password(c_string(setting("password").as_bytes(), "password")?)
            .system_type(c_string(
                self.smsc.smpp.system_type.as_bytes(),
                "system_type",
            )?)
            .interface_version(InterfaceVersion::Smpp3_4)
            .build())
    }

    fn refused(&self, status: CommandStatus) -> Fault {
        refused(&self.smsc, status)
    }
}

/// What a status means: the centre's own numbers first.
fn refused(smsc: &Smsc, status: CommandStatus) -> Fault {
    let number = u32::from(status);
    let own = smsc.errors.get(&number.to_string()).copied();
    let class = own.unwrap_or(match status {
        CommandStatus::EsmeRinvdstadr => ErrorClass::Number,
        CommandStatus::EsmeRthrottled | CommandStatus::EsmeRmsgqful => ErrorClass::Busy,
        CommandStatus::EsmeRbindfail
        | CommandStatus::EsmeRinvpaswd
        | CommandStatus::EsmeRinvsysid
        | CommandStatus::EsmeRinvsystyp => ErrorClass::Credentials,
        CommandStatus::EsmeRsyserr | CommandStatus::EsmeRsubmitfail => ErrorClass::Unavailable,
        _ => ErrorClass::Settings,
    });
    fault(class, &format!("status {number:#x}"))
}

type Link = Framed<TcpStream, CommandCodec>;
type Answer = oneshot::Sender<Result<Sent, Fault>>;

/// A connection that is bound.
struct Bound {
    link: Link,
    smsc: Arc<Smsc>,
    owner: Owner,
    sender: String,
    patience: Duration,
    /// The number of our last command.
    number: u32,
    /// SMS without an answer, by their numbers.
    open: HashMap<u32, (Answer, Instant)>,
    /// When something last came.
    heard: Instant,
    /// When we last asked whether it is there, without an answer so far.
    asked: Option<Instant>,
    /// When there was last something to send or a receipt.
    needed: Instant,
}

impl Bound {
    fn new(link: Link, session: &Session) -> Self {
        let now = Instant::now();
        Self {
            link,
            smsc: Arc::clone(&session.smsc),
            owner: session.owner,
            sender: session.settings.get("sender").cloned().unwrap_or_default(),
            patience: session.patience,
            number: 1,
            open: HashMap::new(),
            heard: now,
            asked: None,
            needed: now,
        }
    }

    async fn serve(
        &mut self,
        orders: &mut mpsc::Receiver<Order>,
        receipts: &Receipts,
        stopping: &CancellationToken,
    ) -> End {
        let clock = Clock::system();
        let end = loop {
            let has_room = self.open.len() < self.smsc.smpp.window;
            let went_on = tokio::select! {
                order = orders.recv(), if has_room => match order {
                    Some(order) => self.submit(order).await,
                    None => break End::Idle,
                },
                came = self.link.next() => match came {
                    Some(Ok(command)) => self.take(command, receipts).await,
                    Some(Err(_)) | None => break End::Lost,
                },
                () = clock.sleep(TICK) => self.look().await,
                () = stopping.cancelled() => break End::Idle,
            };
            if !went_on {
                break End::Lost;
            }
            if self.needed.elapsed() > IDLE && self.open.is_empty() {
                break End::Idle;
            }
        };
        if matches!(end, End::Idle) {
            let number = self.next();
            let unbind = Command::new(CommandStatus::EsmeRok, number, Pdu::Unbind);
            // Whoever hung up before knows it.
            let _ = self.link.send(unbind).await;
        }
        // It may have gone out.
        for (_, (answer, _)) in self.open.drain() {
            let _ = answer.send(Err(fault(
                ErrorClass::Unknown,
                "the connection was cut off",
            )));
        }
        end
    }

    fn next(&mut self) -> u32 {
        // Numbers of commands have 31 bits and begin with 1.
        self.number = self.number % 0x7fff_ffff + 1;
        self.number
    }

    async fn submit(&mut self, order: Order) -> bool {
        let Order { sms, answer } = order;
        let message = match submit(&sms, &self.sender) {
            Ok(message) => message,
            Err(text) => {
                let _ = answer.send(Err(fault(ErrorClass::Settings, &text)));
                return true;
            }
        };
        let number = self.next();
        self.needed = Instant::now();
        self.open.insert(number, (answer, self.needed));
        self.send(number, CommandStatus::EsmeRok, message).await
    }

    async fn send(&mut self, number: u32, status: CommandStatus, pdu: impl Into<Pdu>) -> bool {
        let sent = timeout(
            self.patience,
            self.link.send(Command::new(status, number, pdu)),
        )
        .await;
        matches!(sent, Ok(Ok(())))
    }

    async fn take(&mut self, command: Command, receipts: &Receipts) -> bool {
        self.heard = Instant::now();
        self.asked = None;
        let (number, status) = (command.sequence_number(), command.status());
        match (command.id(), command.pdu()) {
            (CommandId::SubmitSmResp, pdu) => {
                let id = match pdu {
                    Some(Pdu::SubmitSmResp(answer)) => answer.message_id().as_str().to_owned(),
                    _ => String::new(),
                };
                self.answered(number, status, id);
                true
            }
            (CommandId::GenericNack, _) => {
                self.answered(number, status, String::new());
                true
            }
            (CommandId::DeliverSm, Some(Pdu::DeliverSm(message))) => {
                self.needed = Instant::now();
                if let Some(receipt) = receipt(message) {
                    // Taken only when it is kept: otherwise the centre brings it again.
                    if receipts.try_send((self.owner, receipt)).is_err() {
                        let pdu = DeliverSmResp::default();
                        return self.send(number, CommandStatus::EsmeRmsgqful, pdu).await;
                    }
                }
                let pdu = DeliverSmResp::builder()
                    .message_id(COctetString::empty())
                    .build();
                self.send(number, CommandStatus::EsmeRok, pdu).await
            }
            (CommandId::EnquireLink, _) => {
                self.send(number, CommandStatus::EsmeRok, Pdu::EnquireLinkResp)
                    .await
            }
            (CommandId::Unbind, _) => {
                self.send(number, CommandStatus::EsmeRok, Pdu::UnbindResp)
                    .await;
                false
            }
            (CommandId::EnquireLinkResp, _) => true,
            _ => {
                let unknown = CommandStatus::EsmeRinvcmdid;
                self.send(number, unknown, Pdu::GenericNack).await
            }
        }
    }

    fn answered(&mut self, number: u32, status: CommandStatus, external_id: String) {
        let Some((answer, _)) = self.open.remove(&number) else {
            return;
        };
        let outcome = match status {
            CommandStatus::EsmeRok => Ok(Sent {
                external_id,
                balance: String::new(),
            }),
            status => Err(refused(&self.smsc, status)),
        };
        let _ = answer.send(outcome);
    }

    /// What time brings: SMS without an answer, and a silence that has to be asked about.
    async fn look(&mut self) -> bool {
        let late: Vec<u32> = self
            .open
            .iter()
            .filter(|(_, (_, since))| since.elapsed() > self.patience)
            .map(|(number, _)| *number)
            .collect();
        for number in late {
            if let Some((answer, _)) = self.open.remove(&number) {
                let _ = answer.send(Err(fault(ErrorClass::Unknown, "no answer in time")));
            }
        }
        let silence = Duration::from_secs(self.smsc.smpp.enquire_seconds);
        match self.asked {
            Some(since) => since.elapsed() <= self.patience,
            None if self.heard.elapsed() > silence => {
                self.asked = Some(Instant::now());
                let number = self.next();
                self.send(number, CommandStatus::EsmeRok, Pdu::EnquireLink)
                    .await
            }
            None => true,
        }
    }
}
