//! Every call with zeros and NULLs alone, each in a process of its own.

use std::ffi::{CStr, c_char, c_void};

use hailort_sys::types::*;

use super::{Area, Needs};
use crate::lab::say;

/// What a call answers, in words.
trait Words {
    fn words(self) -> String;
}

impl Words for u32 {
    fn words(self) -> String {
        say(self)
    }
}

impl Words for usize {
    fn words(self) -> String {
        format!("size {self}")
    }
}

impl Words for *const c_char {
    fn words(self) -> String {
        if self.is_null() {
            "NULL".into()
        } else {
            // SAFETY: one of the library's strings, which it keeps.
            unsafe { CStr::from_ptr(self) }.to_string_lossy().into_owned()
        }
    }
}

macro_rules! with_zeros {
    ($area:expr, $table:ident, { $($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $answer:ty)?;)* }) => {
        $($area.add(stringify!($name), Needs::Library, |lab| {
            // SAFETY: zero is a value of every argument's type; what the call does with it is what is tested, in a
            // process of its own.
            let answer = unsafe { (lab.$table.$name)($(std::mem::zeroed::<$type>()),*) };
            Ok(answer.words())
        });)*
    };
}

macro_rules! first { ($($calls:tt)*) => { fn needed(area: &mut Area) { with_zeros!(area, api, { $($calls)* }); } }; }
macro_rules! second { ($($calls:tt)*) => { fn others(area: &mut Area) { with_zeros!(area, further, { $($calls)* }); } }; }

hailort_sys::for_each_call!(first);
hailort_sys::for_each_further_call!(second);

pub fn area() -> Area {
    let mut area = Area::new("nulls");
    needed(&mut area);
    others(&mut area);
    area
}
