//! Faults on demand: calls that fail, wait, hang, crash, leak or corrupt, and devices that go away.
//!
//! | room | holds |
//! | --- | --- |
//! | [`plan`] | [`Plan`]: which calls misbehave, and how |
//! | [`grammar`] | a plan as text, and what is wrong with one |
//! | [`hang`] | the functions in which a thread hangs, under names that a stack shows |
//! | [`signal`] | signals that a library may take over |
//! | `active` | the plan of this process, and what it does to a call |
//! | `leaks`, `programs`, `process` | what stays behind in the process, beside it, and what changes of it |
//! | `corrupt` | what becomes of a frame that is read |
//! | `later` | what happens some time after a call |
//! | `suggest` | names that are close to a mistyped one |
//!
#![doc = include_str!("../../FAULTS.md")]

pub(crate) mod active;
pub(crate) mod corrupt;
pub mod grammar;
pub mod hang;
mod later;
mod leaks;
pub mod plan;
mod process;
mod programs;
pub mod signal;
mod suggest;

pub use grammar::PlanError;
pub use plan::{Corruption, Fault, FdKind, Plan, What, Which};
pub use signal::Signal;

/// The variable that holds the plan.
pub const VARIABLE: &str = "HAILO_SIM_FAULTS";

/// The grammar of plans, with all that can happen and an example of each, as Markdown.
pub fn help() -> &'static str {
    include_str!("../../FAULTS.md")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The name of an action or option.
    fn name(word: &str) -> &str {
        word.split([':', '[', '=', '*']).next().unwrap_or(word)
    }

    #[test]
    fn the_help_has_a_valid_example_of_everything() {
        let plans: Vec<&str> = help()
            .lines()
            .filter_map(|line| line.strip_prefix(VARIABLE)?.strip_prefix("='")?.strip_suffix('\''))
            .collect();
        assert!(plans.len() > 20);
        let mut words = BTreeSet::new();
        for plan in plans {
            let plan: Plan = plan.parse().unwrap_or_else(|why| panic!("{why}"));
            for entry in plan.to_string().split("; ") {
                words.extend(entry.split_once('=').unwrap().1.split(',').map(|w| name(w).to_string()));
            }
        }
        for word in grammar::ACTIONS.iter().chain(grammar::OPTIONS) {
            assert!(words.contains(name(word)), "no example of {word}");
        }
    }

    #[test]
    fn every_function_that_the_help_names_is_there() {
        let source = include_str!("hang.rs");
        for function in [
            "hang_forever",
            "hang_until_shutdown",
            "hang_until_any_shutdown",
            "hang_after_interrupted_interrupt_thread",
            "hang_in_forked_child",
            "wait_for_unread_frames",
            "spin_forever",
        ] {
            assert!(help().contains(function), "{function}");
            let never_inlined = format!("#[inline(never)]\npub fn {function}(");
            assert!(source.contains(&never_inlined), "{function}");
        }
    }
}
