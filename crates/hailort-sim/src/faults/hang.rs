//! The functions in which a thread hangs. Their names tell in a stack that the hang was asked for.

use crate::runtime::group::Group;

/// Never returns, and uses no processor.
#[inline(never)]
pub fn hang_forever() -> ! {
    loop {
        // Returns when somebody unparks the thread, and now and then without that.
        std::thread::park();
    }
}

/// Never returns, and keeps a processor busy.
#[inline(never)]
pub fn spin_forever() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Returns when the group is shut down, whatever the timeout of its vstreams.
#[inline(never)]
pub fn hang_until_shutdown(group: &Group) {
    group.wait_for_shut_down();
}
