//! What well-known crates leave behind once, on purpose, and is no leak.

use super::leak::{Kind, Leak};

/// The crate `wait-timeout` installs a handler for SIGCHLD on first use, which writes to a pair of sockets; all three
/// stay. Takes them off the list where they are there together.
pub(super) fn leave_out(leaks: &mut Vec<Leak>) {
    let handler = leaks.iter().position(|l| l.kind == Kind::Signal && l.what == "SIGCHLD is handled");
    let inode = |leak: &Leak| -> Option<u64> {
        let number = leak.detail.split_once("socket:[")?.1.trim_end_matches(']');
        number.parse().ok().filter(|_| leak.kind == Kind::Fd)
    };
    let sockets: Vec<u64> = leaks.iter().filter_map(inode).collect();
    // Both are made by one call, and numbered one after the other.
    let pair = sockets.iter().copied().find(|n| sockets.contains(&(n + 1)));
    if let (Some(_), Some(first)) = (handler, pair) {
        leaks.retain(|leak| {
            let is_handler = leak.kind == Kind::Signal && leak.what == "SIGCHLD is handled";
            let is_of_pair = inode(leak).is_some_and(|n| n == first || n == first + 1);
            !is_handler && !is_of_pair
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handler_and_its_sockets_go_together() {
        let signal = || Leak::new(Kind::Signal, "SIGCHLD is handled", String::new());
        let socket = |n: u32| Leak::new(Kind::Fd, "socket", format!("file {n}: socket:[{n}]"));
        let mut leaks = vec![socket(7), signal(), socket(9), socket(8), socket(12)];
        leave_out(&mut leaks);
        assert_eq!(leaks, [socket(9), socket(12)]);
        for mut other in [vec![signal(), socket(7), socket(9)], vec![socket(7), socket(8)], vec![signal()]] {
            let before = other.clone();
            leave_out(&mut other);
            assert_eq!(other, before);
        }
    }
}
