//! Faults on demand: calls that fail, wait, hang, crash or leak.
//!
//! | room | holds |
//! | --- | --- |
//! | [`plan`] | [`Plan`]: which calls misbehave, and how |
//! | [`grammar`] | a plan as text, and what is wrong with one |
//! | [`hang`] | the functions in which a thread hangs, under names that a stack shows |
//! | `active` | the plan of this process, and what it does to a call |
//! | `suggest` | names that are close to a mistyped one |
//!
//! A plan comes from the variable `HAILO_SIM_FAULTS`, which is read once, at the first call, or from the program itself
//! by [`Plan::install`]. Without a plan a call costs one atomic load more.
//!
//! # Grammar
//!
//! Entries separated by `;`, each `CALL[@WHICH]=WHAT`.
//!
//! | part | is one of |
//! | --- | --- |
//! | `CALL` | a call of the C API, such as `hailo_vstream_read_raw_buffer`, or `*` for every call |
//! | `WHICH` | `N` (the Nth such call of the process, from 1), `N-M`, `N-` (the Nth and all later); every one if left out |
//! | `WHAT` | `status:NUMBER` or `status:NAME`: nothing is done, and that is the answer |
//! | | `delay:DURATION` (`us`, `ms`, `s` or `min`): then the call goes on |
//! | | `hang`: never returns, waits without using the processor, and no shutdown ends it |
//! | | `hang-until-shutdown`: for frames written and read; ends with 63 when the network group is shut down |
//! | | `spin`: never returns and keeps a processor busy |
//! | | `abort`: the process ends by SIGABRT |
//! | | `exit:CODE`: the process exits with this code, 0 to 255 |
//! | | `leak-thread`: starts a thread that never ends, then the call goes on |
//! | | `leak-fd`: opens a file that is never closed, then the call goes on |
//!
//! ```text
//! HAILO_SIM_FAULTS='hailo_vstream_read_raw_buffer@3=hang'
//! HAILO_SIM_FAULTS='hailo_create_vdevice@1-2=status:HAILO_DEVICE_IN_USE'
//! HAILO_SIM_FAULTS='hailo_configure_vdevice=delay:2s; hailo_configure_vdevice=status:87; hailo_release_hef=leak-fd'
//! HAILO_SIM_FAULTS='*@100-=spin'
//! ```
//!
//! Each entry counts the calls that it names. Several may apply to one call: what leaks and delays comes first, then
//! the first of the others. `status:0` answers success although nothing was done: handles stay as the caller left them.
//!
//! # A plan that cannot be read
//!
//! A mistyped plan must not let a test pass that was meant to see a fault. Where `HAILO_SIM_FAULTS` is malformed, standard
//! error says what is wrong with it, once, and every call of the process answers `HAILO_INVALID_ARGUMENT`.

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
