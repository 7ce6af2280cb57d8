//! The request loop: frames in, frames out.

use core::fmt::Display;

use rpc_protocol::{Accumulator, FaultCode, Header, Kind, Received, Request};

use crate::device::Device;
use crate::link::Link;
use crate::log;
use crate::replies::{Replies, max_body};
use crate::requests;

/// Serves requests until the link closes or breaks, in `memory` of [`buffer_bytes`](crate::buffer_bytes) bytes.
pub fn serve<L: Link, D: Device>(mut link: L, device: &mut D, memory: &mut [u8]) -> Result<(), L::Error> {
    let mut server = Server::new(memory);
    let mut chunk = [0; 64];
    loop {
        let got = link.read(&mut chunk)?;
        if got == 0 {
            return Ok(());
        }
        server.receive(chunk.get(..got).unwrap_or_default(), &mut link, device)?;
    }
}

/// The loop without its waiting, for firmware that has other things to do: hand it the bytes that came.
pub struct Server<'b> {
    accumulator: Accumulator<&'b mut [u8]>,
    replies: Replies<'b>,
    session: Option<u64>,
}

impl<'b> Server<'b> {
    /// A server without a session, in `memory` of [`buffer_bytes`](crate::buffer_bytes) bytes.
    pub fn new(memory: &'b mut [u8]) -> Self {
        let (length, body) = (memory.len() / 3, max_body(memory.len()));
        let (receive, rest) = memory.split_at_mut_checked(length).unwrap_or_default();
        let (frame, wire) = rest.split_at_mut_checked(length).unwrap_or_default();
        Server { accumulator: Accumulator::new(receive), replies: Replies::new(frame, wire, body), session: None }
    }

    /// Tells the host something that answers no request, as firmware does that restarts after a fault.
    pub fn tell<L: Link>(&mut self, link: &mut L, code: FaultCode, detail: impl Display) -> Result<(), L::Error> {
        // Number 0 is no request's, and session 0 none's.
        let header = Header { kind: Kind::Response, sequence: 0, session: self.session.unwrap_or(0) };
        self.replies.fail(link, header, code, detail)
    }

    /// Takes bytes from the link, and acts on and answers every request that ends in them.
    pub fn receive<L: Link, D: Device>(
        &mut self,
        mut bytes: &[u8],
        link: &mut L,
        device: &mut D,
    ) -> Result<(), L::Error> {
        while !bytes.is_empty() {
            match self.accumulator.take(&mut bytes) {
                Received::Frame(frame) if frame.header.kind == Kind::Request => match frame.message::<Request<'_>>() {
                    Ok(request) => {
                        let answer = requests::Answer { link, replies: &mut self.replies, header: frame.header };
                        requests::answer(&mut self.session, device, &request, answer)?;
                    }
                    Err(error) => self.replies.fail(link, frame.header, FaultCode::BadRequest, error)?,
                },
                Received::Dropped(error) => {
                    log::dropped(error);
                    // It had no sequence number to answer to.
                    let body = self.replies.max_body();
                    let detail = format_args!("{error}; bodies of up to {body} bytes are taken");
                    self.tell(link, FaultCode::FrameDropped, detail)?;
                }
                Received::Frame(_) | Received::Nothing => {}
            }
        }
        Ok(())
    }
}
