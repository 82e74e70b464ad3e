//! Nothing is reachable from elsewhere, nothing leaves, nothing is left: a look at the real sockets and the checkout.

use crate::{Failed, Trial, docker, mailproof, root, trial};
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("safety::a_held_stack_is_closed_to_the_world", a_held_stack_is_closed_to_the_world)]
}

/// One stack, several looks: bringing it up costs more than looking.
fn a_held_stack_is_closed_to_the_world() -> Result<(), Failed> {
    let _turn = crate::held::nobody_else();
    let before = git_status()?;
    let mut child = mailproof(&["stack", "up"]).stdout(Stdio::piped()).spawn()?;
    let mut out = BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut said = String::new();
    while !said.contains("stack down") {
        if out.read_line(&mut said)? == 0 {
            return Err(format!("the stack did not come up:\n{said}").into());
        }
    }
    let looked = look(child.id(), &said);
    let down = crate::run(&["stack", "down"])?;
    child.wait()?;
    looked?;
    down.must(0, &["took down"])?;
    let after = git_status()?;
    if before == after { Ok(()) } else { Err(format!("the checkout changed:\n{before}\n---\n{after}").into()) }
}

fn look(harness: u32, said: &str) -> Result<(), Failed> {
    listeners_are_on_loopback_or_the_bridge(harness)?;
    published_ports_are_on_loopback()?;
    a_literal_address_cannot_be_reached(said)?;
    keys_are_closed(said)
}

/// The harness's own listening sockets, from proc(5), by inode.
fn listeners_are_on_loopback_or_the_bridge(harness: u32) -> Result<(), Failed> {
    let own: BTreeSet<String> = fs::read_dir(format!("/proc/{harness}/fd"))?
        .flatten()
        .filter_map(|fd| {
            Some(
                fs::read_link(fd.path())
                    .ok()?
                    .to_string_lossy()
                    .strip_prefix("socket:[")?
                    .trim_end_matches(']')
                    .to_owned(),
            )
        })
        .collect();
    let mut seen = 0;
    for (table, listening) in [("tcp", "0A"), ("udp", "07"), ("tcp6", "0A"), ("udp6", "07")] {
        for line in fs::read_to_string(format!("/proc/net/{table}"))?.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            if columns[3] == listening && own.contains(columns[9]) {
                seen += 1;
                let address = columns[1].split(':').next().unwrap_or_default();
                let is_wild = address.bytes().all(|b| b == b'0');
                // written least octet first: 127.0.0.1 ends in 7F; the engine's bridges are private (RFC 1918)
                let first = address.len().checked_sub(2).map(|at| &address[at..]);
                if is_wild || !(address.len() == 8 && matches!(first, Some("7F" | "AC" | "0A" | "C0"))) {
                    return Err(format!("the harness listens at {address} ({table})").into());
                }
            }
        }
    }
    if seen == 0 { Err("no listener of the harness was seen: the look is blind".into()) } else { Ok(()) }
}

fn published_ports_are_on_loopback() -> Result<(), Failed> {
    let ports = docker(&["ps", "--filter", "label=mailproof.run", "--format", "{{.Ports}}"])?;
    let wide: Vec<&str> = ports
        .lines()
        .flat_map(|l| l.split(", "))
        .filter(|p| p.contains("->") && !p.starts_with("127.0.0.1:"))
        .collect();
    match (wide.is_empty(), ports.contains("127.0.0.1:")) {
        (true, true) => Ok(()),
        _ => Err(format!("published: {ports}").into()),
    }
}

/// The first `docker exec` line of the ways in leads to a host of the gateway; from there nothing leaves.
fn a_literal_address_cannot_be_reached(said: &str) -> Result<(), Failed> {
    let host = container_of(said, "mx.gateway.example")?;
    // port 9 is on no list; port 25 ends at the harness, where nobody plays that address
    for (address, port) in [("1.1.1.1", 9), ("1.1.1.1", 25), ("9.9.9.9", 443)] {
        let script = format!("exec 3<>/dev/tcp/{address}/{port} && IFS= read -r -t 5 line <&3 && echo \"$line\"");
        let output = Command::new("docker").args(["exec", &host, "bash", "-c", &script]).output()?;
        if output.status.success() {
            return Err(format!("{address}:{port} answered: {}", String::from_utf8_lossy(&output.stdout)).into());
        }
    }
    let route = docker(&["exec", &host, "cat", "/proc/net/route"])?;
    if route.lines().filter(|l| l.split_whitespace().nth(1) == Some("00000000")).count() == 1 {
        return Ok(());
    }
    Err(format!("not one default route:\n{route}").into())
}

/// No key of the run is readable by others, inside; and none is on the host's disk at all.
fn keys_are_closed(said: &str) -> Result<(), Failed> {
    let host = container_of(said, "mx.gateway.example")?;
    let script = "grep -rlE 'BEGIN (RSA |EC )?PRIVATE KEY' /etc --exclude-dir=alternatives | xargs -r stat -c '%a %n'";
    let keys = docker(&["exec", &host, "sh", "-c", script])?;
    let open: Vec<&str> = keys
        .lines()
        .filter(|l| !l.contains("snakeoil") && !matches!(l.split(' ').next(), Some("600" | "400" | "640" | "440")))
        .collect();
    if keys.trim().is_empty() {
        return Err("no key was found: the look is blind".into());
    }
    if !open.is_empty() {
        return Err(format!("readable keys: {open:?}").into());
    }
    let found = Command::new("grep")
        .args(["-rlE", "BEGIN (RSA |EC )?PRIVATE KEY", "--include=*.pem", "--include=*.key", "."])
        .current_dir(root())
        .output()?;
    if found.stdout.is_empty() { Ok(()) } else { Err(String::from_utf8_lossy(&found.stdout).into_owned().into()) }
}

/// From a line `docker exec -it NAME bash   # HOST`.
fn container_of(said: &str, host: &str) -> Result<String, Failed> {
    let line = said.lines().find(|l| l.contains("docker exec") && l.contains(host));
    let word = line.and_then(|l| l.split_whitespace().skip_while(|w| *w != "-it").nth(1));
    word.map(str::to_owned).ok_or_else(|| format!("no way into {host} in:\n{said}").into())
}

fn git_status() -> Result<String, Failed> {
    let output = Command::new("git").args(["status", "--porcelain"]).current_dir(root()).output()?;
    Ok(String::from_utf8(output.stdout)?)
}
