//! Budgets: how long a run may take, how many bytes it may store, how much free space it must leave.
//! When a budget is used up, the run stops as it does at a signal: downloads in flight are finished,
//! and everything else stays queued.
//!
//! # Threading
//!
//! One thread watches the time and the disks until the [`Budget`] is dropped. Bytes are checked before
//! each download, so that a run whose last document reaches the budget is complete.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::config::Budgets;
use crate::files::free_space;
use crate::progress::format::bytes;
use crate::threads;

/// How often the thread checks the disks. Each download checks them before it begins as well.
const LOOK: Duration = Duration::from_secs(1);

/// The budgets of one run. They are watched until this is dropped.
#[derive(Debug)]
pub struct Budget {
    ledger: Arc<BudgetState>,
    over: Cancel,
}

#[derive(Debug)]
struct BudgetState {
    limits: Budgets,
    deadline: Option<Instant>,
    /// Folders on the disks that the run writes to.
    folders: Vec<PathBuf>,
    stored: AtomicU64,
    ended: OnceLock<Spent>,
    cancel: Cancel,
}

/// The budget that ended a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The option that set the budget, as in `ended_by`.
    pub option: &'static str,
    /// What happened, as a message for the user.
    pub message: String,
}

impl Budget {
    /// Starts the budgets. `cancel` is set when one is used up, which may be at once.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started, or the free space of a disk cannot be determined.
    pub fn start(limits: Budgets, folders: &[&Path], cancel: &Cancel) -> io::Result<Self> {
        let ledger = Arc::new(BudgetState {
            limits,
            deadline: limits.duration.map(|d| Instant::now() + d),
            folders: folders.iter().map(|f| existing(f)).collect(),
            stored: AtomicU64::new(0),
            ended: OnceLock::new(),
            cancel: cancel.clone(),
        });
        let over = Cancel::default();
        if limits.free_space.is_some() {
            for folder in &ledger.folders {
                free_space(folder).map_err(|e| {
                    let folder = folder.display();
                    io::Error::other(format!("cannot determine the free space of {folder}: {e}"))
                })?;
            }
            ledger.look_at_disks();
        }
        if limits.duration.is_some() || limits.free_space.is_some() {
            let (watched, over) = (Arc::clone(&ledger), over.clone());
            threads::spawn("budget", cancel, move || watched.watch(&over))?;
        }
        Ok(Self { ledger, over })
    }

    /// The budget that ended the run, if one did.
    pub fn spent(&self) -> Option<&Spent> {
        self.ledger.ended.get()
    }

    /// Counts the bytes of a stored artifact.
    pub fn stored(&self, bytes: u64) {
        self.ledger.stored.fetch_add(bytes, Relaxed);
    }

    /// Whether another download may begin. If not, the run is stopping.
    pub fn allows_download(&self) -> bool {
        let ledger = &self.ledger;
        if let Some(most) = ledger.limits.bytes {
            let stored = ledger.stored.load(Relaxed);
            if stored >= most {
                let message = format!("--max-bytes is reached ({} stored)", bytes(stored));
                ledger.end("max_bytes", message);
            }
        }
        ledger.look_at_disks();
        self.spent().is_none()
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.over.set();
    }
}

impl BudgetState {
    fn watch(&self, over: &Cancel) {
        loop {
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| deadline <= now) {
                return self.end("max_duration", "--max-duration has passed".to_owned());
            }
            self.look_at_disks();
            // Without --min-free-space only the deadline matters.
            let look = self.limits.free_space.map(|_| now + LOOK);
            let Some(next) = self.deadline.into_iter().chain(look).min() else {
                return;
            };
            if self.ended.get().is_some() || over.sleep_until(next) {
                return;
            }
        }
    }

    fn look_at_disks(&self) {
        let Some(least) = self.limits.free_space else {
            return;
        };
        for folder in &self.folders {
            // It worked at the start. If the file system fails now, the writes fail as well.
            let Ok(free) = free_space(folder) else {
                continue;
            };
            if free < least {
                let message = format!(
                    "{} are free at {}, less than --min-free-space",
                    bytes(free),
                    folder.display()
                );
                self.end("min_free_space", message);
            }
        }
    }

    fn end(&self, option: &'static str, message: String) {
        // Only the first budget that is used up is reported.
        let _ = self.ended.set(Spent { option, message });
        self.cancel.set();
    }
}

/// The folder itself, or its closest parent that exists.
fn existing(folder: &Path) -> PathBuf {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let found = folder.ancestors().find(|f| f.is_dir());
    found.map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(limits: Budgets) -> (Budget, Cancel) {
        let cancel = Cancel::default();
        let folder = std::env::temp_dir().join("not/made/yet");
        (Budget::start(limits, &[&folder], &cancel).unwrap(), cancel)
    }

    #[test]
    fn without_limits_nothing_ends() {
        let (budget, cancel) = start(Budgets::default());
        budget.stored(u64::MAX);
        assert!(budget.allows_download());
        assert!(!cancel.is_set());
    }

    #[test]
    fn time_that_has_passed_stops_the_run() {
        let (budget, cancel) = start(Budgets {
            duration: Some(Duration::from_millis(1)),
            ..Budgets::default()
        });
        assert!(cancel.sleep(Duration::from_mins(1)));
        assert_eq!(budget.spent().unwrap().option, "max_duration");
    }

    #[test]
    fn bytes_count_only_when_another_download_is_to_begin() {
        let (budget, cancel) = start(Budgets {
            bytes: Some(100),
            ..Budgets::default()
        });
        budget.stored(99);
        assert!(budget.allows_download());
        budget.stored(1);
        assert!(!cancel.is_set());
        assert!(!budget.allows_download());
        assert!(cancel.is_set());
        assert_eq!(budget.spent().unwrap().option, "max_bytes");
    }

    #[test]
    fn a_disk_without_the_room_stops_the_run_before_it_begins() {
        let (budget, cancel) = start(Budgets {
            free_space: Some(u64::MAX),
            ..Budgets::default()
        });
        assert!(cancel.is_set());
        let message = &budget.spent().unwrap().message;
        assert!(message.contains("--min-free-space"), "{message}");
    }
}
