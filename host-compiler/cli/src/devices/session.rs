//! Opening a session with a device at the other end of a link, with the key it asks for.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
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
    if args.key_file.is_some() && !client.is_proved() {
        let message =
            format!("{device} asks for no key, so it may be another than is meant; without --key-file it is used");
        return Err(unreachable(message));
    }
    Ok(client)
}

fn unreachable(message: String) -> Failure {
    Failure::new(Exit::Unreachable, message)
}

/// The key to prove, and where it is or would be looked for. One that was named must be there.
fn key(args: &DeviceArgs) -> Outcome<(PathBuf, Option<Key>)> {
    let variable = std::env::var_os(KEY_VARIABLE).filter(|value| !value.is_empty());
    let named = args.key_file.clone().or(variable.map(PathBuf::from));
    let path = named.clone().unwrap_or_else(usual_place);
    match key_file::read(&path) {
        Ok(key) => Ok((path, Some(key))),
        Err(key_file::KeyFileError::Missing { .. }) if named.is_none() => Ok((path, None)),
        Err(error) => Err(Failure::usage(error)),
    }
}

fn usual_place() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || set("HOME").unwrap_or_default().join(".config");
    set("XDG_CONFIG_HOME").unwrap_or_else(home).join("lathe/key")
}
