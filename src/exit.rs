//! The exit codes of the program.

use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Complete,
    Aborted,
    /// Clap uses the same code.
    Usage,
    Partial,
    /// The code is `EX_TEMPFAIL` of sysexits.h.
    Busy,
    Interrupted {
        /// The number of the signal: 1 for SIGHUP, 2 for SIGINT, 15 for SIGTERM.
        signal: u8,
    },
}

/// The exit codes and their meanings, for `--help` and the man pages.
pub const MEANINGS: [(&str, &str); 6] = [
    ("0", "everything that was asked for is stored"),
    (
        "1",
        "aborted: database, disk, settings or access to EDGAR failed",
    ),
    ("2", "invalid command line or input"),
    (
        "3",
        "some items failed or a budget ended the run; the rest stays queued",
    ),
    (
        "75",
        "another run holds the lock of this database, of the dataset or of the archive",
    ),
    (
        "128 + N",
        "stopped by signal N: 129 for SIGHUP, 130 for SIGINT, 143 for SIGTERM",
    ),
];

impl Exit {
    /// The exit status that the shell sees.
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

/// An error in the command line or in another input of the user. The exit is [`Exit::Usage`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Another run holds the lock. The exit is [`Exit::Busy`].
#[derive(Debug, thiserror::Error)]
#[error(
    "{holder} is working on {database}: watch it with `filing-etl monitor`, wait for it, or give \
     this one another --db"
)]
pub struct BusyError {
    pub database: String,
    /// The holder of the lock, as far as it is known: the run, its process and its start.
    pub holder: String,
}

/// Another export writes to the same folder. The exit is [`Exit::Busy`].
#[derive(Debug, thiserror::Error)]
#[error("another export is writing to {target}: wait for it, or name another folder")]
pub struct TargetBusyError {
    pub target: String,
}

/// Another process fetches the same archive into the same data dir. The exit is [`Exit::Busy`].
#[derive(Debug, thiserror::Error)]
#[error(
    "another run is fetching {archive} into {data_dir}: wait for it, then run this command again"
)]
pub struct ArchiveBusyError {
    pub archive: &'static str,
    pub data_dir: String,
}

/// The exit for an error that ended the program.
pub fn for_error(error: &anyhow::Error) -> Exit {
    if error.is::<UsageError>() {
        Exit::Usage
    } else if error.is::<BusyError>()
        || error.is::<TargetBusyError>()
        || error.is::<ArchiveBusyError>()
    {
        Exit::Busy
    } else {
        Exit::Aborted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_has_a_meaning() {
        let documented: Vec<_> = MEANINGS.iter().map(|(code, _)| *code).collect();
        let exits = [
            Exit::Complete,
            Exit::Aborted,
            Exit::Usage,
            Exit::Partial,
            Exit::Busy,
        ];
        for exit in exits {
            let code = exit.code().to_string();
            assert!(documented.contains(&code.as_str()), "{exit:?}");
        }
        assert_eq!(Exit::Interrupted { signal: 2 }.code(), 130);
        assert_eq!(Exit::Interrupted { signal: 15 }.code(), 143);
    }
}
