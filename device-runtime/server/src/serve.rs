//! The request loop: frames in, frames out.

use std::io::{self, Read, Write};

use rpc_protocol::frame::{self, CRC_BYTES, Frame, HEADER_BYTES, Header, Kind};
use rpc_protocol::{Accumulator, FaultCode, Received, Request, Response};

use crate::requests::Server;

/// Longest frame body taken and sent.
pub const MAX_BODY: usize = 1 << 16;

/// Serves requests until `input` ends.
pub fn serve(mut input: impl Read, output: impl Write) -> io::Result<()> {
    let mut accumulator = Accumulator::new(vec![0; frame::wire_bytes(MAX_BODY)]);
    let mut replies = Replies::new(output);
    let mut server = Server::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let got = match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let mut bytes = &buffer[..got];
        while !bytes.is_empty() {
            // A damaged frame has no sequence number to answer to: the host's deadline tells it.
            if let Received::Frame(frame) = accumulator.take(&mut bytes) {
                answer(&mut server, &frame, &mut replies)?;
            }
        }
    }
}

fn answer(server: &mut Server, frame: &Frame<'_>, replies: &mut Replies<impl Write>) -> io::Result<()> {
    let header = frame.header;
    if header.kind != Kind::Request {
        return Ok(());
    }
    match frame.message::<Request<'_>>() {
        Ok(request) => server.answer(header.session, &request, |response| replies.send(header, response)),
        Err(_) => {
            let detail = "the frame holds no request of this protocol version";
            replies.send(header, &Response::Failed { code: FaultCode::BadRequest, detail })
        }
    }
}

/// Writes answers.
struct Replies<W> {
    output: W,
    scratch: Vec<u8>,
    wire: Vec<u8>,
}

impl<W: Write> Replies<W> {
    fn new(output: W) -> Self {
        let scratch = vec![0; HEADER_BYTES + MAX_BODY + CRC_BYTES];
        Replies { output, scratch, wire: vec![0; frame::wire_bytes(MAX_BODY)] }
    }

    fn send(&mut self, request: Header, response: &Response<'_>) -> io::Result<()> {
        let header = Header { kind: Kind::Response, ..request };
        let length = frame::encode(header, response, &mut self.scratch, &mut self.wire).map_err(io::Error::other)?;
        self.output.write_all(&self.wire[..length])?;
        self.output.flush()
    }
}
