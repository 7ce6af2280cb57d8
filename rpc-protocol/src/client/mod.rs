//! The host's side: one request, one answer, each within a deadline.

mod child;
mod error;
mod exchange;
mod link;
mod session;
mod tcp;
mod trial;

pub use child::ChildLink;
pub use error::ClientError;
pub use link::Link;
pub use session::{Answer, Client, DeviceInfo, Samples};
pub use tcp::{DEFAULT_PORT, TcpLink};
pub use trial::Tried;
