//! The plan of this process, and what it does to a call.

use std::ffi::OsString;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hailort_sys::status::{HAILO_INTERNAL_FAILURE, HAILO_INVALID_ARGUMENT, HAILO_SUCCESS};
use hailort_sys::types::hailo_status;

use super::grammar::{PlanError, Problem};
use super::plan::{ANY, Corruption, Entry, Fault, Plan, What};
use super::{VARIABLE, grammar, hang, later, leaks, process, programs};
use crate::console;
use crate::runtime::{bus, heat, state};

/// How a call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As if nothing were planned.
    Proceed,
    /// With this answer.
    Answer(hailo_status),
    /// It waits until its network group is shut down.
    WaitForShutDown,
    /// It never returns if the thread for interrupts was interrupted itself.
    HangIfSignalled,
    /// What it gives is corrupted.
    Corrupt {
        how: Corruption,
        seed: u64,
        /// Of the call.
        number: u64,
    },
}

/// The variable was not read yet.
const UNREAD: u8 = 0;
/// Nothing is planned.
const NOTHING: u8 = 1;
/// Something is planned.
const SOMETHING: u8 = 2;

/// Whether a call has to look at [`ACTIVE`].
static STATE: AtomicU8 = AtomicU8::new(UNREAD);

/// A plan whose entries count calls, or what is wrong with the variable.
#[derive(Clone)]
enum Active {
    Plan(Arc<[Counted]>),
    Malformed(PlanError),
}

/// An entry and the number of calls so far that it names.
struct Counted {
    entry: Entry,
    calls: AtomicU64,
}

static ACTIVE: Mutex<Option<Active>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<Active>> {
    // Each change is a single step: a panic elsewhere leaves a valid value.
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn counted(plan: Plan) -> Active {
    Active::Plan(plan.entries.into_iter().map(|entry| Counted { entry, calls: AtomicU64::new(0) }).collect())
}

/// Reads the variable unless that was done, and reports what is wrong with it.
fn read(active: &mut Option<Active>) -> &mut Active {
    active.get_or_insert_with(|| {
        let (read, state) = match parse(std::env::var_os(VARIABLE).unwrap_or_default()) {
            Ok(plan) if plan.is_empty() => (counted(plan), NOTHING),
            Ok(plan) => (counted(plan), SOMETHING),
            Err(why) => {
                let what = format!("{why}; until this is corrected every call fails");
                console::error(VARIABLE, &what);
                (Active::Malformed(why), SOMETHING)
            }
        };
        STATE.store(state, Ordering::Release);
        read
    })
}

fn parse(value: OsString) -> Result<Plan, PlanError> {
    let text =
        value.into_string().map_err(|value| PlanError::new(&value.to_string_lossy(), Problem::NotUtf8))?;
    text.parse()
}

pub(super) fn install(plan: Plan) -> Result<(), PlanError> {
    let mut active = lock();
    let active = read(&mut active);
    if let Active::Malformed(why) = active {
        return Err(why.clone());
    }
    let state = if plan.is_empty() { NOTHING } else { SOMETHING };
    *active = counted(plan);
    STATE.store(state, Ordering::Release);
    Ok(())
}

/// Does to the call `name` what is planned, and says how it goes on. May never return.
pub(crate) fn before(name: &'static str) -> Verdict {
    if STATE.load(Ordering::Acquire) == NOTHING {
        return Verdict::Proceed;
    }
    // Nothing is held while a fault takes its time.
    let active = read(&mut lock()).clone();
    match active {
        Active::Plan(entries) => apply(name, &entries),
        Active::Malformed(_) => Verdict::Answer(HAILO_INVALID_ARGUMENT),
    }
}

fn apply(name: &'static str, entries: &[Counted]) -> Verdict {
    // All count first: what comes before must not change which call the others mean.
    let mut due: Vec<(u64, &Entry)> = entries
        .iter()
        .filter(|counted| [name, ANY].contains(&counted.entry.call))
        .filter_map(|counted| {
            let number = counted.calls.fetch_add(1, Ordering::Relaxed) + 1;
            counted.entry.which.is(number).then_some((number, &counted.entry))
        })
        .collect();
    due.sort_by_key(|(_, entry)| !entry.fault.what.goes_on() && entry.fault.after.is_zero());
    for (number, entry) in due {
        let fault = entry.fault;
        if fault.once_per_host {
            match state::is_first(&grammar::entry_text(entry.call, entry.which, fault)) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(why) => return cannot(name, fault, &why),
            }
        }
        console::info(name, &format!("fault as planned, in call {number}: {fault}"));
        match fault.what {
            What::Delay(duration) => std::thread::sleep(duration),
            What::Status(status) => return Verdict::Answer(status),
            What::LeakHandle => return Verdict::Answer(HAILO_SUCCESS),
            What::HangUntilShutdown => return Verdict::WaitForShutDown,
            What::HangIfSignalled => return Verdict::HangIfSignalled,
            What::Corrupt(how) => return Verdict::Corrupt { how, seed: fault.seed, number },
            What::Hang => hang::hang_forever(),
            What::Spin => hang::spin_forever(),
            _ => {
                let done = if fault.after.is_zero() {
                    happen(name, fault)
                } else {
                    later::after(fault.after, move || {
                        if let Err(why) = happen(name, fault) {
                            cannot(name, fault, &why);
                        }
                    })
                };
                if let Err(why) = done {
                    return cannot(name, fault, &why);
                }
            }
        }
    }
    Verdict::Proceed
}

/// Lets happen what can happen apart from a call.
fn happen(name: &str, fault: Fault) -> io::Result<()> {
    let lasts = fault.lasts;
    for _ in 0..fault.times {
        let program = match fault.what {
            What::LeakChild => programs::child(lasts)?,
            What::LeakGrandchild => programs::grandchild(lasts)?,
            What::LeakZombie => programs::zombie(lasts)?,
            What::LeakDaemon => programs::daemon(lasts)?,
            _ => {
                happen_here(name, fault)?;
                continue;
            }
        };
        console::info(name, &format!("{}: {program}", fault.what));
    }
    Ok(())
}

/// The same within this process.
fn happen_here(name: &str, fault: Fault) -> io::Result<()> {
    let lasts = fault.lasts;
    let cool_down = || leaks::keep((), lasts, |()| heat::cool());
    match fault.what {
        What::Abort => std::process::abort(),
        What::Segfault => process::die_by(libc::SIGSEGV),
        What::Kill => process::die_by(libc::SIGKILL),
        What::Exit(code) => std::process::exit(code.into()),
        What::LeakThread => leaks::thread(lasts),
        What::LeakFd(kind) => leaks::descriptor(kind, lasts),
        What::LeakFile => leaks::file(lasts),
        What::LeakMap => leaks::map(lasts),
        What::ChangeSignal(signal) => process::change_signal(signal, lasts),
        What::ChangeDirectory => process::change_directory(lasts),
        What::IgnoreSigterm => process::ignore_sigterm(lasts),
        What::Throttle(factor) => {
            heat::throttle(factor);
            cool_down()
        }
        What::Overheat => {
            heat::overheat(name);
            cool_down()
        }
        What::DropOffBus(opens) => bus::lose(opens),
        other => unreachable!("{other} happens to a call"),
    }
}

/// A fault that cannot take place must not look like one that did no harm.
fn cannot(name: &str, fault: Fault, why: &io::Error) -> Verdict {
    console::error(name, &format!("{fault} is planned and not possible: {why}"));
    Verdict::Answer(HAILO_INTERNAL_FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts<const N: usize>(plan: &str, calls: [&'static str; N]) -> [Verdict; N] {
        let Active::Plan(entries) = counted(plan.parse().unwrap()) else { unreachable!() };
        calls.map(|name| apply(name, &entries))
    }

    const READ: &str = "hailo_vstream_read_raw_buffer";
    const WRITE: &str = "hailo_vstream_write_raw_buffer";

    #[test]
    fn each_call_has_its_own_number_and_the_star_counts_all() {
        use Verdict::{Answer, Proceed};
        assert_eq!(
            verdicts(&format!("{READ}@2=status:4; *@4=status:8"), [WRITE, READ, WRITE, READ, READ]),
            [Proceed, Proceed, Proceed, Answer(4), Proceed]
        );
        assert_eq!(
            verdicts(&format!("{READ}@2-3=status:4"), [READ; 4]),
            [Proceed, Answer(4), Answer(4), Proceed]
        );
        assert_eq!(verdicts(&format!("{READ}@2-=status:4"), [READ; 3]), [Proceed, Answer(4), Answer(4)]);
        assert_eq!(verdicts("*=status:4", [READ, WRITE]), [Answer(4); 2]);
    }

    #[test]
    fn the_first_of_those_that_end_a_call_counts_and_delays_come_before() {
        let start = std::time::Instant::now();
        let plan = format!("{READ}=status:4; {READ}=status:5; {READ}=delay:30ms");
        assert_eq!(verdicts(&plan, [READ]), [Verdict::Answer(4)]);
        assert!(start.elapsed().as_millis() >= 30);
        let plan = format!("{READ}=hang-until-shutdown; {READ}=status:5");
        assert_eq!(verdicts(&plan, [READ]), [Verdict::WaitForShutDown]);
    }
}
