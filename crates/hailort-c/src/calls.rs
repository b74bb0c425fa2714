//! Exports the simulator's tables, call by call.

use std::ffi::{c_char, c_void};

use hailort_sys::types::*;

macro_rules! export {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $answer:ty)?;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// As of the real library's call.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($arg: $type),*) -> hailort_sys::answer!($($answer)?) {
                // SAFETY: the caller's promise is the one that the simulator's call asks for.
                unsafe { (table().$name)($($arg),*) }
            }
        )*
    };
}

mod needed {
    use super::*;

    fn table() -> hailort_sys::Api {
        hailort_sim::api()
    }

    hailort_sys::for_each_call!(export);
}

mod further {
    use super::*;

    fn table() -> hailort_sys::FurtherApi {
        hailort_sim::further_api()
    }

    hailort_sys::for_each_further_call!(export);
}
