//! How every call of HailoRT is made.

/// Makes a call: written down while it lasts, and turned into a result that names it. It is unsafe as the call is.
macro_rules! call {
    ($api:expr, $object:expr, $name:ident($($argument:expr),* $(,)?)) => {{
        let object: &str = $object;
        let recorded = $crate::hailort::recorder::enter(stringify!($name), object);
        let status = ($api.$name)($($argument),*);
        drop(recorded);
        $crate::hailort::HailoError::check(stringify!($name), object, status)
    }};
}
pub(super) use call;
