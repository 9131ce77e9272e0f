//! The command line.

use clap::{Parser, Subcommand};

use crate::{admin, conformance, events, inbox, quarantine, rules, run, up};

/// Conversations with clients: one inbox over all channels, by gRPC.
#[derive(Debug, Parser)]
#[command(name = "beseda", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on this machine, with a demo account.
    Up(up::Arguments),
    /// Run one service; its settings come from the environment.
    Run(run::Arguments),
    /// Make roles, schemas and tables, and bring them up to date.
    #[command(after_help = crate::database::HELP)]
    Migrate,
    /// Accounts, API keys and passwords, directly on the database.
    #[command(after_help = crate::database::HELP)]
    Admin {
        #[command(subcommand)]
        task: admin::Task,
    },
    /// Events that could not take effect and wait for an operator.
    #[command(after_help = crate::database::HELP)]
    Events {
        #[command(subcommand)]
        task: events::Task,
    },
    /// Check a connector that you write.
    Conformance {
        #[command(subcommand)]
        task: conformance::Task,
    },
    /// Print a new master key for BESEDA_MASTER_KEY.
    MasterKey,
    /// Log in once; later `beseda inbox` commands use the session.
    Login(inbox::Login),
    /// End the session of `beseda login`.
    Logout(inbox::Server),
    /// Read and answer conversations.
    #[command(after_help = inbox::HELP)]
    Inbox(inbox::Arguments),
    /// Look at what connectors brought and was refused, let it in again, or throw it away.
    #[command(after_help = quarantine::HELP)]
    Quarantine(quarantine::Arguments),
    /// Say what the rules would do with a client's request, and why.
    #[command(after_help = rules::HELP)]
    Rules(rules::Arguments),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
