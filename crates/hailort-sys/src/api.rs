//! The tables of the calls.

use std::ffi::{c_char, c_void};

use crate::types::*;

macro_rules! table {
    ($(#[$about:meta])* $table:ident, { $($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $answer:ty)?;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $table {
            $($(#[$doc])* pub $name: unsafe extern "C" fn($($arg: $type),*) -> $crate::answer!($($answer)?),)*
        }

        impl $table {
            /// The symbol of each call, in the order of the fields.
            pub const SYMBOLS: &[&str] = &[$(stringify!($name)),*];

            /// Fills the table from a function that finds a symbol's address.
            ///
            /// # Errors
            /// The first answer of `find` that is one.
            ///
            /// # Safety
            /// Each address that `find` answers is that of a function of the field's type, and stays callable for as
            /// long as the table or a copy of it is used.
            pub unsafe fn from_symbols<E>(mut find: impl FnMut(&'static str) -> Result<*const c_void, E>) -> Result<Self, E> {
                Ok(Self {
                    $($name: {
                        let address = find(stringify!($name))?;
                        // SAFETY: the caller vouches for the address; pointers to functions and data have the same
                        // size on the targets that HailoRT runs on.
                        unsafe {
                            std::mem::transmute::<*const c_void, unsafe extern "C" fn($($type),*) -> $crate::answer!($($answer)?)>(address)
                        }
                    },)*
                })
            }
        }
    };
}

macro_rules! api {
    ($($calls:tt)*) => {
        table! {
            /// One pointer for each call of HailoRT that inference, discovery and diagnosis need.
            ///
            /// All calls answer a [`hailo_status`], 0 for success. Pointers have to be valid for what the call does with
            /// them: `*mut` results for one write, arrays for the number of elements that the count beside them says
            /// (capacity in, number out), strings ended by NUL, handles not yet released.
            Api, { $($calls)* }
        }
    };
}

macro_rules! further_api {
    ($($calls:tt)*) => {
        table! {
            /// One pointer for each call besides those of [`Api`] that C programs for inference use.
            ///
            /// Pointers have to be valid as for [`Api`]. Lengths that are passed by value are capacities.
            FurtherApi, { $($calls)* }
        }
    };
}

crate::for_each_call!(api);
crate::for_each_further_call!(further_api);
