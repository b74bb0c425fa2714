//! Programs that hang are looked at: their functions are named, and they are not disturbed.
//!
//! The programs are this one, executed again, with a main thread of their own.

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};

mod cases;
mod hangs;

/// What makes this a program that hangs; its name and argument follow.
const HANGS: &str = "--hangs";

/// A program that hangs.
fn program() -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg(HANGS);
    command
}

macro_rules! trials {
    ($($name:ident),* $(,)?) => {
        vec![$(Trial::test(stringify!($name), || {
            cases::$name();
            Ok(())
        })),*]
    };
}

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|a| a == HANGS) {
        hangs::main();
        return ExitCode::SUCCESS;
    }
    let trials = trials![
        a_read_that_never_ends,
        a_busy_loop_wherever_in_a_function_it_is,
        two_threads_that_wait_for_each_other,
        system_calls_that_wait,
        through_a_library_that_has_no_frame_pointers,
        in_a_signal_handler,
        a_thread_that_no_signal_wakes,
        one_that_is_traced_already,
        one_that_is_stopped_stays_so_and_goes_on_when_told,
        one_that_ends_meanwhile_keeps_its_status_for_its_parent,
        a_pidfd_shows_its_end_only,
        one_whose_main_thread_has_ended_before_the_others,
        threads_that_come_and_go,
        a_thousand_threads_in_bounded_time,
        it_goes_on_undisturbed,
        no_signal_is_lost_or_doubled,
        names_that_would_move_the_cursor,
        stacks_that_are_deeper_than_the_bounds,
        names_are_found_after_the_end_of_the_process_and_of_its_file,
        a_process_that_is_not_a_child,
        one_that_has_gone_and_one_that_is_a_zombie,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
