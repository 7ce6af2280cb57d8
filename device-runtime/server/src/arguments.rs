//! What a person types.

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use rpc_protocol::client::DEFAULT_PORT;

pub const HELP: &str = "\
device-server: loads, runs and times artifacts of host-compiler on this machine

Usage: device-server --stdio | --listen [ADDRESS] | --serial PATH [--baud N] | --pty  [options]
       device-server measure FOLDER [--watch]
       device-server --new-key FILE

  --listen [ADDRESS]  serve hosts over TCP, one after another (default 127.0.0.1:9190; --device tcp://HOST:PORT).
                      Other addresses than this machine's own loopback need --key-file
  --serial PATH       serve the host at the other end of a serial line, /dev/ttyGS0 for example
  --baud N            its symbols a second (default 115200)
  --pty               serve a pseudo-terminal, as a serial line without the wire
  --stdio             serve the process that started this one, over standard input and output; it may upload

  measure FOLDER      try the bundles of candidates in FOLDER, NAME.lathe with options in NAME.options, and write
                      NAME.results beside each that has none; with --watch go on looking, else fail (exit code 1) when
                      a bundle could not be tried

  --key-file FILE     serve only hosts that prove the key in FILE
  --new-key FILE      write a new key to FILE, for its owner's eyes, and end: copy it to the host
  --model FILE        serve this artifact; the host is told that it need not upload it (repeatable)
  --allow-upload      run whatever artifact a host sends, which is a program; with --listen this needs --key-file
  --help, --version

Exit codes: 0 done, 1 failure, 2 wrong usage.";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    Help,
    Version,
    NewKey(PathBuf),
    Measure { folder: PathBuf, watch: bool },
    Serve(Service),
}

/// What to serve, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    pub place: Place,
    pub key_file: Option<PathBuf>,
    pub models: Vec<PathBuf>,
    pub uploads: bool,
}

/// Where to serve.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    Stdio,
    Tcp(Vec<SocketAddr>),
    Serial { path: PathBuf, baud: u32 },
    Pty,
}

const DEFAULT_ADDRESS: &str = "127.0.0.1";
const DEFAULT_BAUD: u32 = 115_200;

/// Reads the arguments; the error is a sentence for the person.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Order, String> {
    let mut arguments = arguments.into_iter().peekable();
    if arguments.next_if(|first| first == "measure").is_some() {
        return measure(arguments.collect());
    }
    let (mut places, mut baud) = (Vec::new(), None);
    let mut service = Service { place: Place::Stdio, key_file: None, models: Vec::new(), uploads: false };
    while let Some(argument) = arguments.next() {
        let name = argument.to_string_lossy().into_owned();
        let mut value = || arguments.next_if(|next| !is_flag(next));
        let mut needed = || value().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => return Ok(Order::Help),
            "--version" | "-V" => return Ok(Order::Version),
            "--new-key" => return Ok(Order::NewKey(needed()?.into())),
            "--stdio" => places.push(Place::Stdio),
            "--pty" => places.push(Place::Pty),
            "--serial" => places.push(Place::Serial { path: needed()?.into(), baud: DEFAULT_BAUD }),
            "--listen" => {
                let address = value().map(|address| address.to_string_lossy().into_owned());
                places.push(Place::Tcp(addresses(address.as_deref().unwrap_or(DEFAULT_ADDRESS))?));
            }
            "--baud" => baud = Some(number(&needed()?)?),
            "--key-file" => service.key_file = Some(needed()?.into()),
            "--model" => service.models.push(needed()?.into()),
            "--allow-upload" => service.uploads = true,
            _ => return Err(format!("{name} is not known")),
        }
    }
    let [place] = <[Place; 1]>::try_from(places).map_err(|places| {
        format!("one of --stdio, --listen, --serial and --pty is needed, {} are given", places.len())
    })?;
    service.place = place;
    match (&mut service.place, baud) {
        (Place::Serial { baud, .. }, Some(given)) => *baud = given,
        (_, Some(_)) => return Err("--baud is for --serial".into()),
        // The process that started this one could as well run it itself.
        (Place::Stdio, None) => service.uploads = true,
        _ => {}
    }
    check(&service)?;
    Ok(Order::Serve(service))
}

fn measure(arguments: Vec<OsString>) -> Result<Order, String> {
    let (flags, folders): (Vec<OsString>, Vec<OsString>) = arguments.into_iter().partition(is_flag);
    if let Some(flag) = flags.iter().find(|flag| *flag != "--watch") {
        return Err(format!("{} is not known to measure", flag.to_string_lossy()));
    }
    match <[OsString; 1]>::try_from(folders) {
        Ok([folder]) => Ok(Order::Measure { folder: folder.into(), watch: !flags.is_empty() }),
        Err(folders) => Err(format!("measure takes one folder, {} are given", folders.len())),
    }
}

/// That nobody is let in who should not be.
fn check(service: &Service) -> Result<(), String> {
    let Place::Tcp(addresses) = &service.place else { return Ok(()) };
    let advice = "make one by `device-server --new-key FILE`, copy it to the host, and give it by --key-file";
    match addresses.iter().find(|address| !address.ip().is_loopback()) {
        _ if service.key_file.is_some() => Ok(()),
        Some(open) => Err(format!("{open} can be reached from other machines, so a key is needed: {advice}")),
        None if service.uploads => Err(format!(
            "with --allow-upload every program of this machine could run code as this user, so a key is needed: {advice}"
        )),
        None => Ok(()),
    }
}

fn is_flag(argument: &OsString) -> bool {
    argument.to_string_lossy().starts_with("--")
}

fn number(text: &OsString) -> Result<u32, String> {
    text.to_str().and_then(|text| text.parse().ok()).ok_or(format!("{} is no number", text.to_string_lossy()))
}

/// The addresses of `HOST` or `HOST:PORT`.
fn addresses(text: &str) -> Result<Vec<SocketAddr>, String> {
    let found = match text.parse::<std::net::IpAddr>() {
        Ok(ip) => return Ok(vec![SocketAddr::new(ip, DEFAULT_PORT)]),
        Err(_) if text.contains(':') => text.to_socket_addrs(),
        Err(_) => (text, DEFAULT_PORT).to_socket_addrs(),
    };
    let found: Vec<SocketAddr> =
        found.map_err(|error| format!("{text} is no address to listen on: {error}"))?.collect();
    if found.is_empty() { Err(format!("{text} stands for no address")) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(words: &str) -> Result<Order, String> {
        read(words.split_whitespace().map(OsString::from))
    }

    fn service(words: &str) -> Service {
        match order(words) {
            Ok(Order::Serve(service)) => service,
            other => panic!("{words}: {other:?}"),
        }
    }

    #[test]
    fn places_and_their_defaults() {
        assert_eq!(service("--listen").place, Place::Tcp(vec!["127.0.0.1:9190".parse().unwrap()]));
        assert_eq!(service("--listen ::1").place, Place::Tcp(vec!["[::1]:9190".parse().unwrap()]));
        assert_eq!(service("--listen 127.0.0.2:7 --model m").place, Place::Tcp(vec!["127.0.0.2:7".parse().unwrap()]));
        let line = |baud| Place::Serial { path: "/dev/x".into(), baud };
        assert_eq!(service("--serial /dev/x").place, line(115_200));
        assert_eq!(service("--baud 921600 --serial /dev/x").place, line(921_600));
        assert_eq!((service("--pty").uploads, service("--stdio").uploads), (false, true));
        assert_eq!(order("--new-key k"), Ok(Order::NewKey("k".into())));
        assert_eq!(order("measure d"), Ok(Order::Measure { folder: "d".into(), watch: false }));
        assert_eq!(order("measure --watch d"), Ok(Order::Measure { folder: "d".into(), watch: true }));
    }

    #[test]
    fn what_lets_others_in_needs_a_key() {
        for (words, reason) in [
            ("--listen 0.0.0.0", "other machines"),
            ("--listen [::]:1", "other machines"),
            ("--listen --allow-upload", "could run code"),
            ("", "0 are given"),
            ("--pty --stdio", "2 are given"),
            ("--pty --baud 9600", "--baud is for --serial"),
            ("--serial", "needs a value"),
            ("--serial /dev/x --baud fast", "no number"),
            ("--listen 300.0.0.1:x", "no address"),
            ("--verbose", "not known"),
            ("measure", "0 are given"),
            ("measure a b", "2 are given"),
            ("measure a --pty", "not known to measure"),
        ] {
            let refused = order(words).unwrap_err();
            assert!(refused.contains(reason), "{words}: {refused}");
        }
        assert!(service("--listen 0.0.0.0 --key-file k --allow-upload").uploads);
    }
}
