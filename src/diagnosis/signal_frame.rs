//! The frame that the kernel puts on the stack below a signal handler: it holds all registers of what was interrupted.

use std::mem::{offset_of, size_of};

use super::ptrace::Registers;

/// The code that a signal handler returns to, which asks the kernel to go on with what was interrupted: all C libraries
/// and the kernel's own module have it in these very bytes, as debuggers know it by them.
#[cfg(target_arch = "x86_64")]
pub(super) const TRAMPOLINE: [u8; 9] = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
#[cfg(target_arch = "aarch64")]
pub(super) const TRAMPOLINE: [u8; 8] = [0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4];

/// What was interrupted, from where the stack pointer is in the trampoline.
#[cfg(target_arch = "x86_64")]
pub(super) fn interrupted(sp: u64, read: impl FnMut(u64) -> Result<u64, ()>) -> Option<Registers> {
    let general = offset_of!(libc::ucontext_t, uc_mcontext) + offset_of!(libc::mcontext_t, gregs);
    let place = |register: libc::c_int| general + register as usize * size_of::<libc::greg_t>();
    from_places(
        sp,
        [place(libc::REG_RIP), place(libc::REG_RSP), place(libc::REG_RBP), place(libc::REG_RIP)],
        read,
    )
}

/// What was interrupted, from where the stack pointer is in the trampoline.
#[cfg(target_arch = "aarch64")]
pub(super) fn interrupted(sp: u64, read: impl FnMut(u64) -> Result<u64, ()>) -> Option<Registers> {
    let machine = size_of::<libc::siginfo_t>() + offset_of!(libc::ucontext_t, uc_mcontext);
    let general = |register: usize| machine + offset_of!(libc::mcontext_t, regs) + register * 8;
    let (pc, stack) =
        (machine + offset_of!(libc::mcontext_t, pc), machine + offset_of!(libc::mcontext_t, sp));
    from_places(sp, [pc, stack, general(29), general(30)], read)
}

fn from_places(
    sp: u64,
    places: [usize; 4],
    mut read: impl FnMut(u64) -> Result<u64, ()>,
) -> Option<Registers> {
    let mut at = |place: usize| read(sp.checked_add(place as u64).ok_or(())?);
    let [pc, sp, fp, lr] = places.map(&mut at);
    Some(Registers { pc: pc.ok()?, sp: sp.ok()?, fp: fp.ok()?, lr: lr.ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_where_the_kernel_puts_them() {
        // Offsets of struct rt_sigframe in arch/*/kernel/signal.c.
        let [pc, sp, fp] = if cfg!(target_arch = "aarch64") { [568, 560, 544] } else { [168, 160, 120] };
        let registers = interrupted(1000, |address| Ok(address - 1000)).unwrap();
        assert_eq!([registers.pc, registers.sp, registers.fp], [pc, sp, fp]);
        assert_eq!(interrupted(1000, |_| Err(())), None);
        assert_eq!(interrupted(u64::MAX, Ok), None);
    }
}
