//! Opening a session with a device at the other end of a link, with the key it asks for.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rpc_protocol::client::{Client, ClientError, Link};
use rpc_protocol::key::Key;
use rpc_protocol::key_file;

use super::Reached;
use crate::arguments::DeviceArgs;
use crate::failure::{Exit, Failure, Outcome};

/// How long a device may take for what needs no computation.
const QUICK: Duration = Duration::from_secs(60);

/// Names the key file when no argument does.
const KEY_VARIABLE: &str = "LATHE_KEY_FILE";

/// A session over any link.
pub type Session = Client<Box<dyn Link>>;

/// Says hello over the link, and proves the key if the device asks for it.
pub fn open(reached: Reached, args: &DeviceArgs) -> Outcome<Session> {
    // The only randomness of the standard library; the id need not be secret, only new.
    let session = RandomState::new().build_hasher().finish();
    let patience = QUICK.min(Duration::from_secs(args.timeout));
    let (path, key) = key(args)?;
    let device = &args.device;
    let client = Client::open_with(reached.link, session, patience, key.as_ref()).map_err(|error| match error {
        ClientError::KeyRequired => unreachable(format!(
            "{device} serves only holders of its key: copy the file that `device-server --new-key` wrote there to this \
             machine, as {}, or name it by --key-file or {KEY_VARIABLE}",
            path.display()
        )),
        ClientError::WrongKey | ClientError::Impostor => {
            unreachable(format!("{device}: {error} ({}): host and device need the same key file", path.display()))
        }
        ClientError::Timeout { request: "hello", .. } => {
            Failure::new(Exit::Timeout, format!("{device}: {error}; {}", reached.silence))
        }
        other => other.into(),
    })?;
    // Who answers without asking for the key may be somebody else.
    let expected = args.key_file.is_some() || (key.is_some() && is_elsewhere(device));
    if expected && !client.is_proved() {
        return Err(unreachable(format!(
            "{device} asks for no key, so it may be another than is meant; it is used without --key-file, {KEY_VARIABLE} and \
             {}",
            path.display()
        )));
    }
    Ok(client)
}

fn unreachable(message: String) -> Failure {
    Failure::new(Exit::Unreachable, message)
}

/// Whether `device` is reached over a network that others use too.
fn is_elsewhere(device: &str) -> bool {
    let Some(place) = device.strip_prefix("tcp://") else { return false };
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host).trim_matches(['[', ']']);
    host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The key to prove, and where it is or would be looked for. One that was named must be there.
fn key(args: &DeviceArgs) -> Outcome<(PathBuf, Option<Key>)> {
    let place = key_place(args.key_file.as_deref());
    match key_file::read(&place.path) {
        Ok(key) => Ok((place.path, Some(key))),
        Err(key_file::KeyFileError::Missing { .. }) if !place.named => Ok((place.path, None)),
        Err(error) => Err(Failure::usage(error)),
    }
}

/// Where this machine keeps its key.
pub struct KeyPlace {
    pub path: PathBuf,
    /// whether an argument or the variable named it
    pub named: bool,
}

/// The place that `argument` names, or the variable, or else the usual one.
pub fn key_place(argument: Option<&Path>) -> KeyPlace {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let usual = || {
        let home = || set("HOME").unwrap_or_default().join(".config");
        set("XDG_CONFIG_HOME").unwrap_or_else(home).join("lathe/key")
    };
    let named = argument.map(Path::to_path_buf).or_else(|| set(KEY_VARIABLE));
    KeyPlace { named: named.is_some(), path: named.unwrap_or_else(usual) }
}

#[cfg(test)]
mod tests {
    use super::is_elsewhere;

    #[test]
    fn other_machines_are_elsewhere() {
        assert!(is_elsewhere("tcp://192.168.55.1") && is_elsewhere("tcp://board.local:9190"));
        assert!(is_elsewhere("tcp://[fe80::1]:9190"));
        assert!(!is_elsewhere("tcp://127.0.0.1:9190") && !is_elsewhere("tcp://localhost"));
        assert!(!is_elsewhere("tcp://[::1]:9190") && !is_elsewhere("serial:/dev/ttyACM0"));
    }
}
