//! Leaks on demand: threads, descriptors, files, mappings, programs.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use hailort_sys::status::*;

use crate::faults::child;
use crate::support::*;

/// What the open descriptors of this process are.
fn links() -> Vec<String> {
    let all = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut links: Vec<String> = all
        .filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    links.sort();
    links
}

/// Makes a call with this fault planned for it.
fn call_with(fault: &str) {
    plan(&format!("hailo_get_library_version@1={fault}"));
    assert_eq!(version(), HAILO_SUCCESS);
}

#[test]
fn so_many_threads_leak_later_and_for_a_time() {
    api();
    let before = threads();
    call_with("leak-thread*5");
    assert_eq!(threads() - before, 5);
    call_with("leak-thread*3,for=50ms");
    wait_until("they end", || threads() == before + 5);
    call_with("leak-thread*2,after=20ms");
    wait_until("they come", || threads() == before + 7);
}

#[test]
fn descriptors_of_each_kind_leak() {
    api();
    let exe = std::env::current_exe().unwrap().to_str().unwrap().to_string();
    for (kind, count, begins) in [
        ("leak-fd", 1, "/dev/null"),
        ("leak-fd:device*2", 2, "/dev/null"),
        ("leak-fd:file", 1, &*exe),
        ("leak-fd:socket*3", 3, "socket:["),
        ("leak-fd:pipe", 2, "pipe:["),
    ] {
        let mut more = {
            let before = links();
            call_with(kind);
            let mut after = links();
            for link in before {
                if let Some(at) = after.iter().position(|l| *l == link) {
                    after.remove(at);
                }
            }
            after
        };
        more.retain(|link| !link.starts_with("/proc"));
        assert_eq!(more.len(), count, "{kind}: {more:?}");
        assert!(more.iter().all(|link| link.starts_with(begins)), "{kind}: {more:?}");
    }
    let before = files();
    call_with("leak-fd:pipe,for=30ms");
    wait_until("they are closed", || files() == before);
    call_with("leak-fd*4,after=10ms");
    wait_until("they are opened", || files() == before + 4);
}

#[test]
fn files_and_mappings_leak() {
    api();
    let folder = tempfile::tempdir().unwrap();
    set_variable("TMPDIR", folder.path());
    let found = || -> Vec<PathBuf> {
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let maps = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains("hailort-sim-leaked-map")).count()
    };
    call_with("leak-file*2");
    let files = found();
    assert_eq!(files.len(), 2);
    let prefix = format!("hailort-sim-leaked-{}-", me());
    assert!(files.iter().all(|f| f.file_name().unwrap().to_str().unwrap().starts_with(&prefix)), "{files:?}");
    call_with("leak-file,for=20ms");
    wait_until("it is removed", || found().len() == 2);
    call_with("leak-map*3");
    assert_eq!((maps(), found().len()), (3, 2));
    call_with("leak-map,for=20ms");
    wait_until("it is unmapped", || maps() == 3);
}

#[test]
fn a_child_leaks_in_the_process_group() {
    api();
    let own = Process::of(me()).unwrap();
    call_with("leak-child*2");
    let children = Process::children(me());
    children.iter().for_each(Process::kill);
    assert_eq!(children.len(), 2);
    assert!(children.iter().all(|c| c.name == "sleep"), "{children:?}");
    assert!(children.iter().all(|c| c.group == own.group && c.session == own.session), "{children:?}");
    // Nobody waits for them.
    for child in children {
        wait_until("a zombie", || Process::of(child.pid).is_some_and(|p| p.state == 'Z'));
    }
    let before = Process::children(me()).len();
    call_with("leak-child,for=30ms");
    wait_until("it is gone", || Process::children(me()).len() == before);
}

#[test]
fn a_grandchild_leaks_in_the_process_group() {
    api();
    let own = Process::of(me()).unwrap();
    call_with("leak-grandchild");
    let children = Process::children(me());
    let [parent] = &children[..] else { panic!("{children:?}") };
    let grandchildren = Process::children(parent.pid);
    // It is a copy of the shell first.
    let is_sleep = |p: &Process| Process::of(p.pid).is_some_and(|p| p.name == "sleep");
    wait_until("it runs its program", || grandchildren.iter().all(is_sleep));
    grandchildren.iter().for_each(Process::kill);
    parent.kill();
    let [grandchild] = &grandchildren[..] else { panic!("{grandchildren:?}") };
    assert_eq!((parent.group, grandchild.group), (own.group, own.group));
    assert_eq!(parent.name, "sh");
    wait_until("a zombie", || Process::of(parent.pid).is_some_and(|p| p.state == 'Z'));
    call_with("leak-grandchild,for=50ms");
    wait_until("both are gone", || Process::children(me()).len() == 1);
}

#[test]
fn a_zombie_leaks() {
    api();
    call_with("leak-zombie*3");
    let children = Process::children(me());
    assert!(children.len() == 3 && children.iter().all(|c| c.state == 'Z'), "{children:?}");
    call_with("leak-zombie,for=20ms");
    wait_until("it is waited for", || Process::children(me()).len() == 3);
}

#[test]
fn a_program_comes_later() {
    api();
    call_with("leak-child,after=20ms");
    wait_until("it is there", || !Process::children(me()).is_empty());
    Process::children(me()).iter().for_each(Process::kill);
}

/// The processes that a child has said to have left behind.
fn left_behind(errors: &str) -> Vec<i32> {
    let words = errors.lines().filter_map(|line| line.split_once(": process ").map(|(_, rest)| rest));
    words.map(|rest| rest.split(' ').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_daemon_keeps_the_device_when_its_process_group_is_killed() {
    let (mut worker, _) = child("hailo_get_library_version=leak-daemon");
    let worker_id = i32::try_from(worker.id()).unwrap();
    assert_eq!([worker.ask("lead"), worker.ask("take"), worker.ask("version")], ["leads", "0", "0"]);
    // SAFETY: the group that the worker leads.
    assert_eq!(unsafe { libc::kill(-worker_id, libc::SIGKILL) }, 0);
    assert_eq!(worker.end().signal(), Some(libc::SIGKILL));
    let errors = worker.errors();
    let left = left_behind(&errors);
    let [daemon] = left[..] else { panic!("{errors}") };
    let daemon = Process::of(daemon).unwrap();
    let refused = create_vdevice(&[], None);
    daemon.kill();
    assert_eq!(refused, Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert!(daemon.parent != worker_id && daemon.group != worker_id, "{daemon:?}");
    assert_ne!(daemon.session, Process::of(me()).unwrap().session);
    let mut mine = None;
    wait_until("the device is free", || {
        mine = create_vdevice(&[], None).ok();
        mine.is_some()
    });
    assert_eq!(release_vdevice(mine.unwrap()), HAILO_SUCCESS);
}

#[test]
fn a_daemon_lets_the_device_go_when_its_time_is_over() {
    let vdevice = create_vdevice(&[], None).unwrap();
    call_with("leak-daemon,for=3s");
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    let mut mine = None;
    wait_until("the device is free", || {
        mine = create_vdevice(&[], None).ok();
        mine.is_some()
    });
    assert_eq!(release_vdevice(mine.unwrap()), HAILO_SUCCESS);
}

#[test]
fn a_handle_leaks() {
    let vdevice = create_vdevice(&[], None).unwrap();
    plan("hailo_release_vdevice@1=leak-handle");
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_eq!(create_vdevice(&[], None), Err(HAILO_OUT_OF_PHYSICAL_DEVICES));
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_nothing_in_use();
}

#[test]
fn what_the_system_refuses_is_a_failure_of_the_call() {
    api();
    set_variable("TMPDIR", "/dev/null/nowhere");
    plan("hailo_get_library_version=leak-file");
    assert_eq!(version(), HAILO_INTERNAL_FAILURE);
    set_variable("PATH", "/dev/null/nowhere");
    for program in ["child", "grandchild", "zombie", "daemon"] {
        plan(&format!("hailo_get_library_version=leak-{program}"));
        assert_eq!(version(), HAILO_INTERNAL_FAILURE, "{program}");
    }
}
