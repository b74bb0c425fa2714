//! Whether the stacks of a worker that hangs can be seen.

use super::check::Check;
use super::place::Place;

const NAME: &str = "stacks";
/// Who may look at whose stacks: 0 the user's own processes, 1 children, 2 root only, 3 nobody.
const SCOPE: &str = "/proc/sys/kernel/yama/ptrace_scope";

pub(super) fn look(place: &Place) -> Check {
    match place.line(SCOPE).as_deref() {
        // Workers are children.
        None | Some("0" | "1") => Check::ok(NAME, "a worker that hangs can be looked into"),
        Some(scope) => Check::warning(
            NAME,
            format!("the kernel keeps the stacks of hung workers from us (ptrace_scope is {scope})"),
            if scope == "3" {
                "remove kernel.yama.ptrace_scope=3 from /etc/sysctl.d, and reboot"
            } else {
                "sudo sysctl kernel.yama.ptrace_scope=1"
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn a_kernel_that_refuses_is_told_how_to_allow_it() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::at(root.path(), root.path());
        assert_eq!(look(&place).state, State::Ok);
        let file = root.path().join(SCOPE.trim_start_matches('/'));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        for (scope, state) in
            [("0", State::Ok), ("1", State::Ok), ("2", State::Warning), ("3", State::Warning)]
        {
            std::fs::write(&file, format!("{scope}\n")).unwrap();
            assert_eq!(look(&place).state, state, "{scope}");
        }
    }
}
