//! The terminal client of the public API, for backend teams and operators.
//!
//! It calls the gateway as any other client does: as a program by an API key, or as an employee by a session.

pub mod access;
mod change;
pub mod connection;
mod explain;
mod find;
pub mod json;
mod language;
mod list;
pub mod output;
pub mod problem;
mod read;
mod sessions;
mod watch;
mod words;
mod write;

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use access::Credentials;
use connection::{Connection, line};
use output::Output;
use problem::Problem;
use sessions::Sessions;

/// What stands below the help.
pub const HELP: &str = "\
Who calls: --api-key (BESEDA_API_KEY), else --email and --password, else the session of `beseda login`.
A conversation is named by its number, 12 or '#12', or by its id, conv_…
With --json each result is one JSON object a line, with the field names of the contracts;
`watch` prints {\"conversation\":…} for what there is, then {\"cursor\":…,\"change\":…} and {\"reset\":…}.

Exit status: 0 done, 1 failed, 2 wrong arguments or values, 3 not logged in, 4 not allowed,
  5 not found, 6 not possible in this state, 7 too many calls, 8 the server cannot be reached.";

/// Where the server is.
#[derive(Debug, Args)]
pub struct Server {
    /// Address of the gateway
    #[arg(
        long,
        global = true,
        env = "BESEDA_SERVER",
        default_value = "http://127.0.0.1:8080"
    )]
    pub server: String,
}

/// What to do, where, and as whom.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    credentials: Credentials,
    /// Print JSON, an object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Task {
    /// List conversations, the latest change first
    List(list::List),
    /// Show the open conversations, then what changes, live
    Watch(watch::Watch),
    /// Read the messages of a conversation
    Read(read::Read),
    /// Answer in a conversation
    Reply(write::Reply),
    /// Write first, in a chat without an open conversation
    Start(write::Start),
    /// Close a conversation
    Close(change::Which),
    /// Mark a conversation as needing no answer
    Mark(change::Which),
    /// Say how much an employee sees of a conversation, and which rule decides
    Explain(explain::Explain),
}

/// Who logs in.
#[derive(Debug, Args)]
pub struct Login {
    #[command(flatten)]
    server: Server,
    /// E-mail; asked for when left out
    #[arg(long, env = "BESEDA_EMAIL")]
    email: Option<String>,
    /// Password; asked for when left out
    #[arg(long, env = "BESEDA_PASSWORD", hide_env_values = true)]
    password: Option<String>,
}

/// `beseda inbox …`
pub async fn main(arguments: Arguments) -> ExitCode {
    ended(run(arguments).await)
}

async fn run(arguments: Arguments) -> Result<(), Problem> {
    let output = Output::new(arguments.json);
    let connection = Connection::open(&arguments.server.server, arguments.credentials).await?;
    let outcome = tokio::select! {
        outcome = perform(arguments.task, &connection, &output) => outcome,
        // The end of a watch, and where nothing was done yet, no failure either.
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    connection.close().await;
    outcome
}

async fn perform(task: Task, connection: &Connection, output: &Output) -> Result<(), Problem> {
    match task {
        Task::List(list) => list.run(connection, output).await,
        Task::Watch(watch) => watch.run(connection, output).await,
        Task::Read(read) => read.run(connection, output).await,
        Task::Reply(reply) => reply.run(connection, output).await,
        Task::Start(start) => start.run(connection, output).await,
        Task::Close(which) => which.close(connection, output).await,
        Task::Mark(which) => which.mark(connection, output).await,
        Task::Explain(explain) => explain.run(connection, output).await,
    }
}

/// `beseda login`
pub async fn login(arguments: Login) -> ExitCode {
    ended(log_in(arguments).await)
}

async fn log_in(arguments: Login) -> Result<(), Problem> {
    let line = line(&arguments.server.server)?;
    let email = match arguments.email {
        Some(email) => email,
        None => ask("E-mail: ")?,
    };
    let password = match arguments.password {
        Some(password) => password,
        None if std::io::stdin().is_terminal() => rpassword::prompt_password("Password: ")?,
        None => ask("")?,
    };
    let tokens = line.log_in(&email, &password).await?;
    Sessions::open()?.set(&line.server, Some(&tokens))?;
    println!(
        "You are logged in to {} as {email}. Try: beseda inbox list",
        line.server
    );
    Ok(())
}

fn ask(prompt: &str) -> Result<String, Problem> {
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        eprint!("{prompt}");
    }
    let read = std::io::stdin().lock().read_line(&mut text);
    read.context("standard input cannot be read")?;
    Ok(text.trim().to_owned())
}

/// `beseda logout`
pub async fn logout(server: Server) -> ExitCode {
    ended(log_out(&server.server).await)
}

async fn log_out(server: &str) -> Result<(), Problem> {
    let line = line(server)?;
    let Some(tokens) = Sessions::open()?.get(&line.server)? else {
        println!("You were not logged in to {}.", line.server);
        return Ok(());
    };
    let access = access::Access::Kept(tokio::sync::Mutex::new(tokens));
    let told = match access.bearer(&line).await {
        Ok(bearer) => line.log_out(&bearer).await,
        Err(problem) => Err(problem),
    };
    Sessions::open()?.set(&line.server, None)?;
    match told {
        Ok(()) => println!("You are logged out of {}.", line.server),
        Err(problem) => println!(
            "The session is forgotten here, but {} was not told: {problem}",
            line.server
        ),
    }
    Ok(())
}

/// The exit status of a command.
pub fn ended(outcome: Result<(), Problem>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            if !matches!(problem, Problem::OutputClosed) {
                eprintln!("error: {problem}");
            }
            problem.exit_code()
        }
    }
}
