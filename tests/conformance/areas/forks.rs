//! Children made by plain fork, signals, and ends of processes that hold something.

use std::time::{Duration, Instant};

use super::{Area, Needs};
use crate::lab::{Lab, must, say};

pub fn area() -> Area {
    let mut area = Area::new("processes");
    area.add("a-forked-child-that-exits", Needs::Devices(1), |lab| {
        let (status, vdevice) = lab.vdevice(|_| {});
        must("creating", status)?;
        // SAFETY: what the C library runs at exit is what is tested.
        let end = forked(|| unsafe { libc::exit(0) })?;
        Ok(format!("{end}, the parent releases {}", lab.release(vdevice)))
    });
    area.add("a-forked-child-that-releases", Needs::Devices(1), |lab| {
        let (status, vdevice) = lab.vdevice(|_| {});
        must("creating", status)?;
        let end = forked(|| {
            let released = lab.release(vdevice) == "0 SUCCESS";
            // SAFETY: it ends the child and runs nothing of anybody's.
            unsafe { libc::_exit(i32::from(!released)) }
        })?;
        Ok(format!("{end}, the parent releases {}", lab.release(vdevice)))
    });
    area.add("a-forked-child-that-only-ends", Needs::Devices(1), |lab| {
        let (status, vdevice) = lab.vdevice(|_| {});
        must("creating", status)?;
        // SAFETY: it ends the child and runs nothing of anybody's.
        let end = forked(|| unsafe { libc::_exit(0) })?;
        Ok(format!("{end}, the parent releases {}", lab.release(vdevice)))
    });
    area.add("a-forked-child-without-a-vdevice-that-exits", Needs::Library, |_| {
        // SAFETY: as above.
        forked(|| unsafe { libc::exit(0) })
    });
    area.add("an-exit-after-the-load", Needs::Library, |lab| ended(lab, false));
    area.add("an-exit-with-a-vdevice", Needs::Devices(1), |lab| ended(lab, true));
    area.add("signals-that-are-handled-meanwhile", Needs::Network, |lab| {
        let net = lab.net(5000, 2)?;
        extern "C" fn nothing(_: i32) {}
        // SAFETY: a handler that does nothing, and a signal to this very thread.
        unsafe { libc::signal(libc::SIGUSR1, nothing as *const () as libc::sighandler_t) };
        let mut answers = Vec::new();
        for _ in 0..5 {
            // SAFETY: as above.
            unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGUSR1) };
            answers.push(net.write_all());
            answers.push(net.read_all());
        }
        let first = answers.into_iter().find(|s| *s != 0).unwrap_or(0);
        Ok(format!("{}, end {}", say(first), net.end()))
    });
    area
}

/// What becomes of a child made by fork. One that hangs is ended.
fn forked(child: impl FnOnce()) -> Result<String, String> {
    // SAFETY: the child does what is tested, and then ends.
    let number = unsafe { libc::fork() };
    if number == 0 {
        child();
        // SAFETY: it ends the child and runs nothing of anybody's.
        unsafe { libc::_exit(9) };
    }
    if number < 0 {
        return Err("cannot fork".into());
    }
    let deadline = Instant::now() + Duration::from_secs(3);
    let mut status = 0;
    loop {
        // SAFETY: the number of a child that was not waited for, a place for its status.
        let waited = unsafe { libc::waitpid(number, &raw mut status, libc::WNOHANG) };
        if waited == number {
            break;
        }
        if Instant::now() > deadline {
            // SAFETY: as above.
            unsafe {
                libc::kill(number, libc::SIGKILL);
                libc::waitpid(number, &raw mut status, 0);
            }
            return Ok("it hangs".into());
        }
        std::thread::yield_now();
    }
    let ended = std::os::unix::process::ExitStatusExt::from_raw(status);
    Ok(format!("it {}", crate::runner::ending(ended)))
}

/// A program that ends with an exit while it holds something, or nothing.
fn ended(lab: &Lab, holds: bool) -> Result<String, String> {
    if holds {
        let (status, _) = lab.vdevice(|_| {});
        must("creating", status)?;
    }
    std::fs::write(lab.folder.join("answer"), "exits").map_err(|why| why.to_string())?;
    std::process::exit(0)
}
