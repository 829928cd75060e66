//! What the exit code tells a script: one place for every code of the program.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for is there.
    Complete,
    /// The run was aborted: database, disk, configuration, or EDGAR refuses the user agent.
    Aborted,
    /// The command line makes no sense. Clap uses the same code.
    Usage,
    /// The run ended, but some items failed; they stay queued for the next run.
    Partial,
    /// Another run works on this database. The code is `EX_TEMPFAIL` of sysexits.h.
    Busy,
    /// A signal ended the run: 128 plus its number.
    Interrupted {
        /// The signal's number: 1 for SIGHUP, 2 for SIGINT, 15 for SIGTERM.
        signal: u8,
    },
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Aborted => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Busy => 75,
            Self::Interrupted { signal } => 128 + signal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error in what the user asked for, as opposed to one met while doing it.
///
/// It ends the program with [`Exit::Usage`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Another run holds the lock; ends the program with [`Exit::Busy`].
#[derive(Debug, thiserror::Error)]
#[error("another run is working on {database}: wait for it, or give this one another --db")]
pub struct BusyError {
    /// The database both want.
    pub database: String,
}

/// Another export writes to the same folder; ends the program with [`Exit::Busy`].
#[derive(Debug, thiserror::Error)]
#[error("another export is writing to {target}: wait for it, or name another folder")]
pub struct TargetBusyError {
    /// The folder both want.
    pub target: String,
}

/// The exit that an error which ended the program calls for.
pub fn for_error(error: &anyhow::Error) -> Exit {
    if error.is::<UsageError>() {
        Exit::Usage
    } else if error.is::<BusyError>() || error.is::<TargetBusyError>() {
        Exit::Busy
    } else {
        Exit::Aborted
    }
}
