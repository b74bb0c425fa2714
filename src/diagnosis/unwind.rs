//! From registers and a copy of the stack to the addresses of the callers.

use std::collections::HashMap;
use std::sync::Arc;

use framehop::{
    CacheNative, Error, ExplicitModuleSectionInfo, FrameAddress, MayAllocateDuringUnwind, Module,
    UnwindRegsNative, Unwinder, UnwinderNative,
};

use super::modules::Modules;
use super::ptrace::Registers;
use super::signal_frame::{self, TRAMPOLINE};
use super::tracer::Snapshot;

/// Where a thread is, the innermost first.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    pub(super) frames: Vec<FrameAddress>,
    /// Why there are no more of them, where the last is not the thread's first function.
    pub(super) why_short: Option<String>,
}

/// Unwinds the stacks of one process.
pub(super) struct Unwinding<'m, 'a> {
    modules: &'m Modules<'a>,
    unwinder: UnwinderNative<Arc<[u8]>, MayAllocateDuringUnwind>,
    cache: CacheNative<MayAllocateDuringUnwind>,
    /// Which pieces of code the unwinder knows.
    known: Vec<usize>,
    /// At which addresses signal handlers return to the kernel, and at which they do not.
    trampolines: HashMap<u64, bool>,
}

impl<'m, 'a> Unwinding<'m, 'a> {
    pub(super) fn new(modules: &'m Modules<'a>) -> Self {
        Self {
            modules,
            unwinder: UnwinderNative::new(),
            cache: CacheNative::new(),
            known: Vec::new(),
            trampolines: HashMap::new(),
        }
    }

    /// The addresses of a stack, at most so many.
    pub(super) fn unwind(&mut self, snapshot: &Snapshot, most: usize) -> Addresses {
        let Snapshot { registers, stack, cut } = snapshot;
        let end = registers.sp.saturating_add(stack.len() as u64);
        let mut read = |address: u64| {
            let at = usize::try_from(address.checked_sub(registers.sp).ok_or(())?).map_err(|_| ())?;
            let bytes = stack.get(at..at.checked_add(8).ok_or(())?).ok_or(())?;
            bytes.try_into().map(u64::from_le_bytes).map_err(|_| ())
        };
        let mut state = self.start(registers);
        let mut address = FrameAddress::from_instruction_pointer(registers.pc);
        let mut frames = Vec::new();
        let why_short = loop {
            frames.push(address);
            if frames.len() >= most {
                break Some(format!("only {most} frames are looked at"));
            }
            if address.is_return_address() && self.is_trampoline(address.address()) {
                let Some(interrupted) = signal_frame::interrupted(state.sp(), &mut read) else {
                    break Some("what the signal interrupted is outside of the stack".to_owned());
                };
                state = self.start(&interrupted);
                address = FrameAddress::from_instruction_pointer(interrupted.pc);
                continue;
            }
            let known = self.learn(address.address_for_lookup());
            let blind = || match &known {
                Ok(()) => String::new(),
                Err(module) => {
                    format!(" ({module} has no unwind information, so frame pointers were followed)")
                }
            };
            match self.unwinder.unwind_frame(address, &mut state, &mut self.cache, &mut read) {
                // The first function of a thread has no caller.
                Ok(None) | Err(Error::ReturnAddressIsNull) => break None,
                Ok(Some(next)) => match FrameAddress::from_return_address(next) {
                    None => break None,
                    Some(_) if self.modules.find(next.saturating_sub(1)).is_none() => {
                        break Some(format!("the next return address, {next:#x}, is not in code{}", blind()));
                    }
                    Some(next) => address = next,
                },
                Err(Error::CouldNotReadStack(at)) if *cut && at >= end.saturating_sub(7) => {
                    break Some(format!("only {} bytes of the stack were copied", stack.len()));
                }
                Err(Error::CouldNotReadStack(at)) => {
                    break Some(format!("the caller would be at {at:#x}, outside of the stack{}", blind()));
                }
                Err(error) => break Some(format!("no caller was found{}: {error}", blind())),
            }
        };
        Addresses { frames, why_short }
    }

    #[cfg(target_arch = "x86_64")]
    fn start(&self, registers: &Registers) -> UnwindRegsNative {
        UnwindRegsNative::new(registers.pc, registers.sp, registers.fp)
    }

    /// Return addresses can be signed in the bits that no address of the process uses.
    #[cfg(target_arch = "aarch64")]
    fn start(&self, registers: &Registers) -> UnwindRegsNative {
        let mask = framehop::aarch64::PtrAuthMask::from_max_known_address(self.modules.end().max(1));
        UnwindRegsNative::new_with_ptr_auth_mask(mask, registers.lr, registers.sp, registers.fp)
    }

    /// Whether a signal handler returns to the kernel here. The unwinder does not find the way on by itself.
    fn is_trampoline(&mut self, address: u64) -> bool {
        let modules = self.modules;
        *self.trampolines.entry(address).or_insert_with(|| {
            let place = modules.find(address);
            let elf = place.and_then(|place| place.elf);
            elf.is_some_and(|(elf, bias)| {
                elf.code(address.wrapping_sub(bias), modules.until) == Some(TRAMPOLINE)
            })
        })
    }

    /// Gives the unwinder the tables for an address.
    ///
    /// # Errors
    /// The name of the module, where it has none.
    fn learn(&mut self, address: u64) -> Result<(), String> {
        let Some(place) = self.modules.find(address) else { return Err("its code".to_owned()) };
        let Some((tables, bias)) = place.tables() else { return Err(place.name().to_owned()) };
        if self.known.contains(&place.code) {
            return Ok(());
        }
        self.known.push(place.code);
        let info = ExplicitModuleSectionInfo {
            base_svma: tables.base,
            text_svma: tables.text.clone(),
            got_svma: tables.got.clone(),
            eh_frame_svma: tables.eh_frame.as_ref().map(|s| s.range()),
            eh_frame: tables.eh_frame.as_ref().map(|s| Arc::clone(&s.bytes)),
            eh_frame_hdr_svma: tables.eh_frame_hdr.as_ref().map(|s| s.range()),
            eh_frame_hdr: tables.eh_frame_hdr.as_ref().map(|s| Arc::clone(&s.bytes)),
            debug_frame: tables.debug_frame.as_ref().map(|s| Arc::clone(&s.bytes)),
            ..Default::default()
        };
        let range = place.mapping.start..place.mapping.end;
        self.unwinder.add_module(Module::new(
            place.name().to_owned(),
            range,
            bias.wrapping_add(tables.base),
            info,
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::diagnosis::{maps, sources};

    /// Calls it with the modules of this process.
    fn with_own_modules<T>(work: impl FnOnce(&Modules) -> T) -> T {
        let pid = std::process::id();
        let memory = File::open("/proc/self/mem").unwrap();
        let (code, sources) = sources::open(pid, Some(&memory), &maps::read(pid).unwrap());
        work(&Modules::new(&code, &sources, Instant::now() + Duration::from_secs(60)))
    }

    fn snapshot(pc: u64, stack: Vec<u8>) -> Snapshot {
        Snapshot { registers: Registers { pc, sp: 0x1000, fp: 0x1000, lr: pc }, stack, cut: false }
    }

    #[test]
    fn stacks_of_nonsense_come_to_an_end() {
        let here = stacks_of_nonsense_come_to_an_end as fn() as usize as u64;
        with_own_modules(|modules| {
            let mut unwinding = Unwinding::new(modules);
            let mut state = 1u64;
            for round in 0..2000u64 {
                // Numbers as of a linear congruential generator, some of them addresses of code or of the stack.
                let word = |_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    match state >> 62 {
                        0 => state,
                        1 => here.wrapping_add(state >> 44),
                        _ => 0x1000 + (state >> 54),
                    }
                };
                let stack = (0..64).map(word).flat_map(u64::to_le_bytes).collect();
                let addresses = unwinding.unwind(&snapshot(here + round, stack), 32);
                assert!((1..=32).contains(&addresses.frames.len()), "{addresses:?}");
            }
        });
    }

    #[test]
    fn code_in_no_module_is_left_by_frame_pointers_or_said_to_be_the_end() {
        let here = stacks_of_nonsense_come_to_an_end as fn() as usize as u64;
        with_own_modules(|modules| {
            let mut unwinding = Unwinding::new(modules);
            let addresses = unwinding.unwind(&snapshot(8, Vec::new()), 32);
            assert_eq!(addresses.frames.len(), 1);
            let why = addresses.why_short.unwrap();
            assert!(why.contains("no unwind information"), "{why}");
            // A frame: the caller's frame pointer, the return address.
            let stack =
                [0x1010, here + 1, 0x1020, 0x77, 0, 0].into_iter().flat_map(u64::to_le_bytes).collect();
            let addresses = unwinding.unwind(&snapshot(8, stack), 32);
            assert_eq!(addresses.frames[1].address(), here + 1, "{addresses:?}");
        });
    }

    #[test]
    fn other_code_is_no_trampoline() {
        with_own_modules(|modules| {
            let mut unwinding = Unwinding::new(modules);
            let here = stacks_of_nonsense_come_to_an_end as fn() as usize as u64;
            assert!(!unwinding.is_trampoline(here));
            assert!(!unwinding.is_trampoline(8));
        });
    }
}
