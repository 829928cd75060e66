//! Removes files of the state folder for hosts that got no request for a month. Each simulator on another port
//! and each former mirror leaves a folder.
//!
//! Newer files and locked files are never removed. The slots of sec.gov are never removed either, since a run
//! may be about to take them.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use log::debug;

use super::site::SEC;

/// Files that were not written for this time are removed.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Removes old files from the state folder; `site` is the folder in use. Files that cannot be removed stay.
pub(super) fn tidy(state_dir: &Path, site: &str, now: SystemTime) {
    let Ok(folders) = fs::read_dir(state_dir) else {
        return;
    };
    for folder in folders.filter_map(Result::ok) {
        let is_kept = [site, SEC].iter().any(|kept| folder.file_name() == *kept);
        if let Err(error) = tidy_site(&folder.path(), is_kept, now) {
            debug!("cannot tidy {}: {error}", folder.path().display());
        }
    }
}

fn tidy_site(folder: &Path, is_kept: bool, now: SystemTime) -> io::Result<()> {
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_of_host = name.starts_with("pause-") || name.starts_with("probe-");
        let is_slot = name.starts_with("slot-") && !is_kept;
        if (is_of_host || is_slot) && is_old(&entry.path(), now)? {
            let file = File::options().write(true).open(entry.path())?;
            if file.try_lock().is_ok() {
                fs::remove_file(entry.path())?;
            }
        }
    }
    if !is_kept && fs::read_dir(folder)?.next().is_none() && is_old(folder, now)? {
        fs::remove_dir(folder)?;
    }
    Ok(())
}

fn is_old(path: &Path, now: SystemTime) -> io::Result<bool> {
    let meta = fs::symlink_metadata(path)?;
    // The modification time of a folder is that of the last removal in it.
    let age = now.duration_since(meta.modified()?).unwrap_or_default();
    Ok((meta.is_file() && age > KEPT) || meta.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_used_for_a_month_goes_and_all_else_stays() {
        let state = tempfile::tempdir().unwrap();
        let long_ago = SystemTime::now() - KEPT - Duration::from_hours(1);
        let put = |path: &str, is_old: bool| {
            let path = state.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            if is_old {
                file.set_modified(long_ago).unwrap();
            }
            file
        };
        for (path, is_old) in [
            ("sec.gov/slot-00", true),
            ("sec.gov/pause-old.sec.gov", true),
            ("sec.gov/pause-www.sec.gov", false),
            ("mine/slot-00", true),
            ("gone/slot-00", true),
            ("gone/probe-gone", true),
            ("other/slot-00", false),
            ("other/slot-01", true),
            ("other/notes.txt", true),
            ("note", true),
        ] {
            drop(put(path, is_old));
        }
        let locked = put("busy/slot-00", true);
        locked.lock().unwrap();
        tidy(state.path(), "mine", SystemTime::now());
        let mut left = Vec::new();
        for folder in fs::read_dir(state.path()).unwrap() {
            let folder = folder.unwrap().path();
            let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
            match fs::read_dir(&folder) {
                Ok(files) => left.extend(
                    files.map(|file| format!("{}/{}", name(&folder), name(&file.unwrap().path()))),
                ),
                Err(_) => left.push(name(&folder)),
            }
        }
        left.sort();
        assert_eq!(
            left,
            [
                "busy/slot-00",
                "mine/slot-00",
                "note",
                "other/notes.txt",
                "other/slot-00",
                "sec.gov/pause-www.sec.gov",
                "sec.gov/slot-00",
            ]
        );
        assert!(!state.path().join("gone").exists());
    }
}
