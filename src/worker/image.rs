//! The executable of this process, as the kernel has put it into memory.

/// Where the executable is: what its file calls 0, and its headers.
fn headers() -> Option<(u64, &'static [libc::Elf64_Phdr])> {
    // SAFETY: getauxval answers a number for any key.
    let headers = unsafe { libc::getauxval(libc::AT_PHDR) };
    // SAFETY: as above.
    let count = unsafe { libc::getauxval(libc::AT_PHNUM) } as usize;
    if headers == 0 || count == 0 {
        return None;
    }
    // SAFETY: the kernel says that the program's `count` headers are there, and they stay there.
    let headers = unsafe { std::slice::from_raw_parts(headers as *const libc::Elf64_Phdr, count) };
    // Where the program was put: what its own table of headers is at, less what the file says.
    let table = headers.iter().find(|h| h.p_type == libc::PT_PHDR)?;
    Some(((headers.as_ptr() as u64).wrapping_sub(table.p_vaddr), headers))
}

/// Whether this address is in a part of the executable that has these flags.
fn contains(address: u64, flags: u32) -> bool {
    headers().is_some_and(|(base, headers)| {
        let loaded = headers.iter().filter(|h| h.p_type == libc::PT_LOAD && h.p_flags & flags == flags);
        loaded
            .map(|h| base.wrapping_add(h.p_vaddr)..base.wrapping_add(h.p_vaddr).wrapping_add(h.p_memsz))
            .any(|range| range.contains(&address))
    })
}

/// Whether this code is part of the program and not of a shared object that it has loaded, which must not take it over.
pub(crate) fn in_executable() -> bool {
    contains(in_executable as *const () as u64, 0)
}

/// Where a function is within the executable; `None` for one of a shared object. It is the same in every process that
/// runs this executable.
pub(super) fn offset(function: *const ()) -> Option<u64> {
    let (base, _) = headers()?;
    contains(function as u64, libc::PF_X).then(|| (function as u64).wrapping_sub(base))
}

/// The function that is there within the executable, where there is code.
pub(super) fn at(offset: u64) -> Option<*const ()> {
    let (base, _) = headers()?;
    let address = base.wrapping_add(offset);
    contains(address, libc::PF_X).then_some(address as *const ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_the_executable_have_a_place_and_others_have_none() {
        let own = functions_of_the_executable_have_a_place_and_others_have_none as *const ();
        assert_eq!(at(offset(own).unwrap()), Some(own));
        assert_eq!(offset(libc::getpid as *const ()), None, "it is the C library's");
        let data = Box::new(0_u8);
        assert_eq!(offset((&raw const *data).cast()), None);
        assert_eq!(at(u64::MAX), None);
        assert!(in_executable());
    }
}
