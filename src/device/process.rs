//! What the kernel says of processes.

/// When a process started, in ticks since the machine was, and its state (`R`, `S`, `T`, `Z`, …).
pub(crate) fn start(pid: u32) -> Option<(u64, char)> {
    let fields = fields(pid)?;
    Some((fields.get(19)?.parse().ok()?, fields.first()?.chars().next()?))
}

/// Whether a process is this one, or one that it started, over however many steps.
pub(crate) fn descends(mut pid: u32, from: u32) -> bool {
    // Deeper than trees of processes are.
    for _ in 0..64 {
        if pid == from {
            return true;
        }
        match fields(pid).and_then(|f| f.get(1)?.parse().ok()) {
            Some(parent) if parent > 1 => pid = parent,
            _ => return false,
        }
    }
    false
}

/// The fields that follow a process's name: state, parent, group, …
fn fields(pid: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, parentheses and blanks included.
    Some(stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_descends_from_this_process_and_not_the_other_way_round() {
        let own = std::process::id();
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let (down, up) = (descends(child.id(), own), descends(own, child.id()));
        let started = start(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(down && !up && descends(own, own));
        assert!(started.unwrap().0 >= start(own).unwrap().0);
    }
}
