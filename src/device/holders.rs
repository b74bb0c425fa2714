//! Who has a device open: other programs that did not ask for the lease, by looking at the files of all processes.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::text::printable::line;

/// What a process has open that uses a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Node {
    /// A file of the driver, such as `/dev/hailo0`.
    File(PathBuf),
    /// The mark of a simulated device: a socket with this name, as `/proc/net/unix` has it.
    Socket(String),
}

/// A process that has a device open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its user id.
    pub uid: u32,
    /// Its name.
    pub program: String,
    /// What it has open.
    #[serde(serialize_with = "as_text")]
    pub node: Node,
}

fn as_text<S: serde::Serializer>(node: &Node, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(node)
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Socket(name) => f.write_str(name),
        }
    }
}

/// Who has devices open, as far as it can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Holders {
    /// Those that have.
    pub found: Vec<Holder>,
    /// Process id and name of those that cannot be looked at: of other users.
    pub unreadable: Vec<(u32, String)>,
    /// The process of a running HailoRT service, which holds devices for others.
    pub service: Option<u32>,
}

/// The name of the service's process.
const SERVICE: &str = "hailort_service";
/// How many processes that cannot be looked at are named.
const NAMED: usize = 3;

impl Holders {
    /// Looks at all processes but those of these ids.
    pub fn look(nodes: &[Node], but: &[u32]) -> Self {
        let mut holders = Self::default();
        let links = links(nodes);
        let Ok(processes) = std::fs::read_dir("/proc") else { return holders };
        for process in processes.flatten() {
            let Some(pid) = process.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else {
                continue;
            };
            let program = || comm(&process.path());
            if program() == SERVICE {
                holders.service = Some(pid);
            }
            if but.contains(&pid) {
                continue;
            }
            match open_files(&process.path()) {
                Ok(files) => {
                    let uid = process.metadata().map_or(0, |m| m.uid());
                    let used: BTreeSet<&Node> = files.iter().filter_map(|f| links.get(f).copied()).collect();
                    let holder = |node: &Node| Holder { pid, uid, program: program(), node: node.clone() };
                    holders.found.extend(used.into_iter().map(holder));
                }
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    // What has no command line is part of the kernel.
                    if std::fs::read(process.path().join("cmdline")).is_ok_and(|c| !c.is_empty()) {
                        holders.unreadable.push((pid, program()));
                    }
                }
                // It has ended.
                Err(_) => {}
            }
        }
        holders
    }
}

fn comm(process: &Path) -> String {
    line(std::fs::read_to_string(process.join("comm")).unwrap_or_default().trim_end())
}

fn open_files(process: &Path) -> std::io::Result<Vec<PathBuf>> {
    let files = std::fs::read_dir(process.join("fd"))?;
    Ok(files.flatten().filter_map(|f| std::fs::read_link(f.path()).ok()).collect())
}

/// How the nodes look among the open files of processes.
fn links(nodes: &[Node]) -> BTreeMap<PathBuf, &Node> {
    let any_socket = nodes.iter().any(|n| matches!(n, Node::Socket(_)));
    let sockets = if any_socket {
        std::fs::read_to_string("/proc/net/unix").unwrap_or_default()
    } else {
        String::new()
    };
    let inodes_of = |name: &str| {
        let of = |row: &str| {
            // Num RefCount Protocol Flags Type St Inode Path
            let mut fields = row.split_whitespace();
            let (inode, path) = (fields.nth(6)?, fields.next()?);
            (path == name).then(|| PathBuf::from(format!("socket:[{inode}]")))
        };
        sockets.lines().filter_map(of).collect::<Vec<_>>()
    };
    let mut links = BTreeMap::new();
    for node in nodes {
        match node {
            Node::File(path) => {
                links.insert(path.clone(), node);
            }
            Node::Socket(name) => links.extend(inodes_of(name).into_iter().map(|link| (link, node))),
        }
    }
    links
}

impl std::fmt::Display for Holders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        for holder in &self.found {
            let Holder { pid, uid, program, node } = holder;
            parts.push(format!("process {pid} ({program}) of user {uid} has {node} open"));
        }
        if let Some(pid) = self.service {
            parts.push(format!(
                "the HailoRT service runs (process {pid}) and may hold it: `systemctl stop hailort` ends it"
            ));
        }
        if parts.is_empty() {
            parts.push("no process that can be seen has it open".into());
        }
        if !self.unreadable.is_empty() {
            let named: Vec<String> =
                self.unreadable.iter().take(NAMED).map(|(pid, name)| format!("{name} ({pid})")).collect();
            let more = self.unreadable.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            parts.push(format!(
                "{}{more} could not be looked at: ask as root, with `sudo hailo-harness devices`",
                named.join(", ")
            ));
        }
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn finds_who_has_a_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let node = folder.path().canonicalize().unwrap().join("hailo0");
        std::fs::write(&node, "").unwrap();
        let nodes = [Node::File(node.clone()), Node::File(folder.path().join("hailo1"))];
        let mut child = Command::new("sleep")
            .arg("1000")
            .stdin(Stdio::from(std::fs::File::open(&node).unwrap()))
            .spawn()
            .unwrap();
        let holders = Holders::look(&nodes, &[]);
        let (found, pid) = (holders.found.clone(), child.id());
        let hidden = Holders::look(&nodes, &[pid]).found;
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((found.len(), found[0].pid), (1, pid), "{found:?}");
        assert_eq!(found[0].node, Node::File(node));
        assert!(holders.to_string().contains(&format!("process {pid} (")), "{holders}");
        assert!(hidden.is_empty());
        assert!(Holders::look(&nodes, &[]).found.is_empty());
    }

    #[test]
    fn finds_who_has_a_socket_by_its_name() {
        let name = format!("hailo-harness-test/{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let node = [Node::Socket(format!("@{name}"))];
        assert!(Holders::look(&node, &[]).found.is_empty());
        let socket = UnixListener::bind_addr(&address).unwrap();
        let found = Holders::look(&node, &[]).found;
        assert_eq!((found.len(), found[0].pid), (1, std::process::id()), "{found:?}");
        drop(socket);
        assert!(Holders::look(&node, &[]).found.is_empty());
    }

    #[test]
    fn says_what_it_could_not_see_and_that_the_service_runs() {
        let none = Holders::default().to_string();
        assert_eq!(none, "no process that can be seen has it open");
        let unreadable = (1..=5).map(|i| (i, format!("daemon{i}"))).collect();
        let text = Holders { found: Vec::new(), unreadable, service: Some(77) }.to_string();
        for part in
            ["process 77", "systemctl stop hailort", "daemon3 (3) and 2 more could not be looked at", "sudo"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
