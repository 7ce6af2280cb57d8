//! `tcp://HOST[:PORT]`: a device server on another machine, or on this one.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use rpc_protocol::client::{DEFAULT_PORT, TcpLink};

use crate::failure::{Exit, Failure, Outcome};

/// How long an address may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects to `address`, what stands behind `tcp://`.
pub fn connect(address: &str) -> Outcome<TcpLink> {
    let address = with_port(address);
    log::info!("connecting to {address}");
    TcpLink::connect(address.as_str(), PATIENCE).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::ConnectionRefused => {
                "nothing listens there: start `device-server --listen ADDRESS` on that machine".to_string()
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                format!(
                    "no answer within {} s: is the machine on, and does a firewall let the port through?",
                    PATIENCE.as_secs()
                )
            }
            ErrorKind::InvalidInput => "the form is tcp://HOST or tcp://HOST:PORT".to_string(),
            _ => "is the name right, and is the machine on this network?".to_string(),
        };
        Failure::new(Exit::Unreachable, format!("cannot connect to {address}: {error}; {advice}"))
    })
}

fn with_port(address: &str) -> String {
    let address = address.trim_end_matches('/');
    if let Ok(ip) = address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return std::net::SocketAddr::new(ip, DEFAULT_PORT).to_string();
    }
    if address.contains(':') { address.to_string() } else { format!("{address}:{DEFAULT_PORT}") }
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn the_port_may_be_left_out() {
        assert_eq!(with_port("jetson.local"), "jetson.local:9190");
        assert_eq!(with_port("jetson.local:7000/"), "jetson.local:7000");
        assert_eq!(with_port("10.0.0.7"), "10.0.0.7:9190");
        assert_eq!(with_port("::1"), "[::1]:9190");
        assert_eq!(with_port("[::1]"), "[::1]:9190");
        assert_eq!(with_port("[::1]:80"), "[::1]:80");
    }
}
