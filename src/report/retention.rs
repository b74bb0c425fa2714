//! Removing the oldest runs.
//!
//! Only what has exactly the form that this module writes is removed: `<run id>.jsonl`, plain files, and in the folder
//! `<run id>` of the same run the diagnoses. The file of a run goes last, so that what a killed process left half done
//! is finished by the next one. Several processes that do this at once remove the same things, and one finds them gone.

use std::time::SystemTime;

use super::folder::Folder;
use super::ledger;
use super::run_id;

/// So many runs are kept.
pub const KEPT: usize = 50;

/// A run that is there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub id: String,
    pub bytes: u64,
    pub modified: SystemTime,
}

/// The runs in a folder, the newest first, by the time of the last record, then by name.
pub(super) fn found(runs: &Folder) -> std::io::Result<Vec<Found>> {
    let one = |name: String| {
        let id = name.strip_suffix(ledger::SUFFIX).filter(|id| run_id::is_valid(id))?;
        let stat = runs.path().join(&name).symlink_metadata().ok().filter(|m| m.is_file())?;
        Some(Found { id: id.into(), bytes: stat.len(), modified: stat.modified().ok()? })
    };
    let mut found: Vec<Found> = runs.names()?.into_iter().filter_map(one).collect();
    found.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| b.id.cmp(&a.id)));
    Ok(found)
}

/// Removes all but the newest runs, and never this one.
pub(super) fn prune(runs: &Folder, own: &str, kept: usize) {
    let Ok(found) = found(runs) else { return };
    // Of each kind as many: a program that is started again and again must not push runs of tests out.
    let is_alike = |run: &Found| run_id::is_of_one_program(&run.id) == run_id::is_of_one_program(own);
    for run in found.into_iter().filter(|run| run.id != own && is_alike(run)).skip(kept.saturating_sub(1)) {
        if let Ok(folder) = runs.child(&run.id) {
            let names = folder.names().unwrap_or_default();
            let is_own = |name: &&String| name.ends_with(ledger::DIAGNOSIS) || name.starts_with(ledger::PART);
            names.iter().filter(is_own).for_each(|name| folder.remove(name));
            runs.remove_folder(&run.id);
        }
        runs.remove(&format!("{}{}", run.id, ledger::SUFFIX));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_oldest_runs_go_and_nothing_else() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = Folder::make(temporary.path(), "runs").unwrap();
        let at = |name: &str| runs.path().join(name);
        let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for i in 0..10u64 {
            let file = File::create(at(&format!("run-{i}.jsonl"))).unwrap();
            file.set_modified(begin + Duration::from_secs(i)).unwrap();
            std::fs::create_dir(at(&format!("run-{i}"))).unwrap();
            std::fs::write(at(&format!("run-{i}/a-1-0.hang.json")), "{}").unwrap();
            std::fs::write(at(&format!("run-{i}/.part-1-0")), "{}").unwrap();
        }
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("a-1-0.hang.json"), "").unwrap();
        // A folder of diagnoses that is a link, something else in one, and names that are no runs.
        std::fs::remove_dir_all(at("run-1")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), at("run-1")).unwrap();
        std::fs::write(at("run-2/notes"), "").unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("a-1-0.hang.json"), at("link.jsonl")).unwrap();
        std::fs::create_dir(at("folder.jsonl")).unwrap();
        for other in ["notes.txt", ".jsonl", "a b.jsonl", "x.jsonl.gz"] {
            std::fs::write(at(other), "").unwrap();
        }
        prune(&runs, "run-0", 4);
        let ids =
            |runs: &Folder| found(runs).unwrap().into_iter().map(|r| r.id).collect::<Vec<_>>().join(" ");
        // The newest three, and the own one.
        assert_eq!(ids(&runs), "run-9 run-8 run-7 run-0");
        assert!(!at("run-3").exists() && at("run-9/a-1-0.hang.json").exists());
        for kept in
            ["run-2/notes", "link.jsonl", "folder.jsonl", "notes.txt", ".jsonl", "a b.jsonl", "x.jsonl.gz"]
        {
            assert!(at(kept).symlink_metadata().is_ok(), "{kept}");
        }
        assert!(elsewhere.path().join("a-1-0.hang.json").exists());
    }

    #[test]
    fn many_at_once_do_no_harm() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = Folder::make(temporary.path(), "runs").unwrap();
        for i in 0..200 {
            std::fs::write(runs.path().join(format!("run-{i:03}.jsonl")), "").unwrap();
        }
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| prune(&runs, "run-000", 50));
            }
        });
        assert_eq!(found(&runs).unwrap().len(), 50);
    }
}
