//! A strict double of an SMS centre: it reads the bytes as SMPP 3.4 defines them, and notes whatever is not as it has to be.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use kit::lifecycle::Lifecycle;
use testkit::wait_for;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const BIND: u32 = 0x9;
const SUBMIT: u32 = 0x4;
const DELIVER: u32 = 0x5;
const UNBIND: u32 = 0x6;
const ENQUIRE: u32 = 0x15;
const ANSWER: u32 = 0x8000_0000;

/// An SMS that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub to: String,
    pub from: String,
    pub coding: u8,
    pub text: String,
}

/// What it does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes it.
    Well,
    /// Answers with this status.
    Refuses(u32),
    /// Says nothing at all.
    Silent,
    /// Hangs up.
    HangsUp,
}

#[derive(Default)]
struct Seen {
    binds: usize,
    enquiries: usize,
    receipts_taken: usize,
    taken: Vec<Taken>,
    wrong: Vec<String>,
    moods: VecDeque<Mood>,
    /// What to say to who is bound.
    line: Option<mpsc::UnboundedSender<Vec<u8>>>,
}

#[derive(Clone)]
pub struct Smsc {
    seen: Arc<Mutex<Seen>>,
    pub address: String,
}

impl Smsc {
    pub async fn start(life: &Lifecycle) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let smsc = Self {
            seen: Arc::default(),
            address: listener.local_addr().expect("bound").to_string(),
        };
        let (serving, stopping) = (smsc.clone(), life.stopping());
        life.spawn("smsc", async move {
            let mut lines = JoinSet::new();
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    came = listener.accept() => {
                        let (stream, _) = came.expect("a connection");
                        lines.spawn(serving.clone().serve(stream));
                    }
                }
            }
        });
        smsc
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.seen.lock().expect("not poisoned"))
    }

    /// What it does with the next SMS, one after the other; then it takes them.
    pub fn be(&self, moods: &[Mood]) {
        self.with(|seen| seen.moods = moods.iter().copied().collect());
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.with(|seen| {
            assert!(seen.wrong.is_empty(), "{:?}", seen.wrong);
            seen.taken.clone()
        })
    }

    pub fn binds(&self) -> usize {
        self.with(|seen| seen.binds)
    }

    pub fn enquiries(&self) -> usize {
        self.with(|seen| seen.enquiries)
    }

    pub fn receipts_taken(&self) -> usize {
        self.with(|seen| seen.receipts_taken)
    }

    /// The code of the SMS of this number, from 1.
    pub async fn code(&self, number: usize) -> String {
        wait_for("an SMS", async || {
            let taken = self.taken();
            let sms = taken.get(number - 1)?;
            Some(sms.text.chars().filter(char::is_ascii_digit).collect())
        })
        .await
    }

    /// A delivery receipt: the id may be written in another way than before.
    pub fn deliver(&self, id: &str, stat: &str) {
        let text = format!(
            "id:{id} sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:{stat} err:000 text:Code"
        );
        let mut body = vec![0, 1, 1];
        body.extend(b"79990000001\0");
        body.extend([1, 1]);
        body.extend(b"Okna\0");
        // esm_class 4: a receipt of the centre.
        body.extend([4, 0, 0, 0, 0, 0, 0, 0, 0]);
        body.push(u8::try_from(text.len()).expect("short"));
        body.extend(text.into_bytes());
        self.say(&pdu(DELIVER, 0, 77, &body));
    }

    /// The line is cut.
    pub fn hang_up(&self) {
        self.with(|seen| seen.line = None);
    }

    fn say(&self, bytes: &[u8]) {
        self.with(|seen| {
            let line = seen.line.as_ref().expect("somebody is bound");
            line.send(bytes.to_vec()).expect("the line is up");
        });
    }

    async fn serve(self, stream: TcpStream) {
        let (mut reader, mut writer) = stream.into_split();
        let (line, mut said) = mpsc::unbounded_channel();
        let mut line = Some(line);
        let mut bound = false;
        loop {
            tokio::select! {
                pdu = read(&mut reader) => {
                    let Some((command, status, number, body)) = pdu else { return };
                    if !self.take((command, status, number, &body), &mut line, &mut bound, &mut writer).await {
                        return;
                    }
                }
                said = said.recv() => match said {
                    Some(bytes) => writer.write_all(&bytes).await.expect("said"),
                    None => return,
                },
            }
        }
    }

    async fn take(
        &self,
        (command, status, number, body): (u32, u32, u32, &[u8]),
        line: &mut Option<mpsc::UnboundedSender<Vec<u8>>>,
        bound: &mut bool,
        writer: &mut OwnedWriteHalf,
    ) -> bool {
        if command & ANSWER == 0 && (number == 0 || number > 0x7fff_ffff || status != 0) {
            self.with(|seen| seen.wrong.push(format!("number {number}, status {status}")));
        }
        if !*bound && command != BIND {
            self.with(|seen| seen.wrong.push(format!("{command:#x} before the bind")));
        }
        let answer = match command {
            BIND => {
                let status = bind_status(body);
                *bound = status == 0;
                self.with(|seen| {
                    seen.binds += 1;
                    seen.line = line.take();
                });
                pdu(ANSWER | BIND, status, number, b"smsc\0")
            }
            SUBMIT => match self.submitted(body) {
                Mood::Well => {
                    let id = self.with(|seen| format!("{:x}\0", 0xab00 + seen.taken.len()));
                    pdu(ANSWER | SUBMIT, 0, number, id.as_bytes())
                }
                Mood::Refuses(status) => pdu(ANSWER | SUBMIT, status, number, b""),
                Mood::Silent => return true,
                Mood::HangsUp => return false,
            },
            ENQUIRE => {
                self.with(|seen| seen.enquiries += 1);
                pdu(ANSWER | ENQUIRE, 0, number, b"")
            }
            UNBIND => pdu(ANSWER | UNBIND, 0, number, b""),
            _ if command == ANSWER | DELIVER && status == 0 && number == 77 && body == b"\0" => {
                self.with(|seen| seen.receipts_taken += 1);
                return true;
            }
            _ => {
                let what = format!("{command:#x} {status:#x} {number} {body:?}");
                self.with(|seen| seen.wrong.push(what));
                return true;
            }
        };
        writer.write_all(&answer).await.is_ok()
    }

    fn submitted(&self, body: &[u8]) -> Mood {
        let sms = match sms(body) {
            Ok(sms) => sms,
            Err(problem) => {
                self.with(|seen| seen.wrong.push(problem));
                return Mood::Refuses(0x8);
            }
        };
        self.with(|seen| {
            let mood = seen.moods.pop_front().unwrap_or(Mood::Well);
            if mood == Mood::Well {
                seen.taken.push(sms);
            }
            mood
        })
    }
}

async fn read(reader: &mut OwnedReadHalf) -> Option<(u32, u32, u32, Vec<u8>)> {
    let mut head = [0; 16];
    reader.read_exact(&mut head).await.ok()?;
    let word = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().expect("four bytes"));
    let mut body = vec![
        0;
        usize::try_from(word(0))
            .expect("a length")
            .checked_sub(16)?
    ];
    reader.read_exact(&mut body).await.ok()?;
    Some((word(4), word(8), word(12), body))
}

fn pdu(command: u32, status: u32, number: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).expect("short");
    let words = [length, command, status, number].map(u32::to_be_bytes);
    [&words.concat(), body].concat()
}

/// Texts that end with a zero, and single bytes, one after the other.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn text(&mut self, most: usize) -> Result<String, String> {
        let end = self
            .0
            .iter()
            .position(|byte| *byte == 0)
            .ok_or("no end of a text")?;
        let (text, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        if text.len() >= most || !text.is_ascii() {
            return Err(format!("a text of {} bytes", text.len()));
        }
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    fn byte(&mut self) -> Result<u8, String> {
        let (first, rest) = self.0.split_first().ok_or("too short")?;
        self.0 = rest;
        Ok(*first)
    }
}

fn bind_status(body: &[u8]) -> u32 {
    let mut body = Body(body);
    let mut read = || -> Result<u32, String> {
        let (id, password, _) = (body.text(16)?, body.text(9)?, body.text(13)?);
        let right = id == "okna" && password == "secret" && body.byte()? == 0x34;
        Ok(if right { 0 } else { 0xe })
    };
    read().unwrap_or(0x2)
}

fn sms(body: &[u8]) -> Result<Taken, String> {
    let mut body = Body(body);
    let service = body.text(6)?;
    let (source_ton, source_npi) = (body.byte()?, body.byte()?);
    let from = body.text(21)?;
    let (ton, npi) = (body.byte()?, body.byte()?);
    let to = body.text(21)?;
    let (esm_class, protocol, priority) = (body.byte()?, body.byte()?, body.byte()?);
    let (schedule, validity) = (body.text(17)?, body.text(17)?);
    let (registered, replace) = (body.byte()?, body.byte()?);
    let (coding, canned, length) = (body.byte()?, body.byte()?, body.byte()?);
    let plain = (
        &service[..],
        esm_class,
        protocol,
        priority,
        &schedule[..],
        &validity[..],
        replace,
        canned,
    );
    if plain != ("", 0, 0, 0, "", "", 0, 0) {
        return Err(format!("{plain:?}"));
    }
    if (source_ton, source_npi, ton, npi, registered) != (5, 0, 1, 1, 1) {
        return Err(format!(
            "types {source_ton} {source_npi} {ton} {npi}, receipt {registered}"
        ));
    }
    if !to.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err("the number is wrong".to_owned());
    }
    let bytes = body.0;
    if bytes.len() != usize::from(length) || length > 140 {
        return Err(format!("{} bytes of {length}", bytes.len()));
    }
    let units = bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let text = match coding {
        0 if bytes.is_ascii() => String::from_utf8_lossy(bytes).into_owned(),
        8 if bytes.len().is_multiple_of(2) => {
            String::from_utf16(&units.collect::<Vec<_>>()).map_err(|it| it.to_string())?
        }
        other => return Err(format!("coding {other}")),
    };
    Ok(Taken {
        to,
        from,
        coding,
        text,
    })
}
