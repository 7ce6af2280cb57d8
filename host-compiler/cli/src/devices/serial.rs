//! `serial:PATH[@BAUD]`: a board at a serial line.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use rpc_protocol::client::Link;
use serialport::{ErrorKind as SerialErrorKind, SerialPort};

use crate::failure::{Exit, Failure, Outcome};

const DEFAULT_BAUD: u32 = 115_200;

/// A serial line.
pub struct SerialLink {
    line: Box<dyn SerialPort>,
    path: String,
}

/// Opens the line that `place` names, what stands behind `serial:`.
pub fn open(place: &str) -> Outcome<SerialLink> {
    let (path, baud) = parse(place)?;
    log::info!("opening {path} at {baud} baud");
    let opened = serialport::new(path, baud).open();
    let line = opened.map_err(|error| Failure::new(Exit::Unreachable, advice(path, &error)))?;
    // What was sent to an earlier program is of no use to this one.
    let _ = line.clear(serialport::ClearBuffer::All);
    Ok(SerialLink { line, path: path.to_string() })
}

/// Path and symbols a second of `PATH`, `PATH@BAUD` or `PATH?baud=BAUD`.
fn parse(place: &str) -> Outcome<(&str, u32)> {
    let (path, baud) = match place.split_once("?baud=").or(place.rsplit_once('@')) {
        Some((path, baud)) => (path, baud.parse().ok().filter(|baud| *baud > 0)),
        None => (place, Some(DEFAULT_BAUD)),
    };
    match baud {
        Some(baud) if !path.is_empty() => Ok((path, baud)),
        _ => Err(Failure::usage(format!("serial:{place} is no serial line; the form is serial:/dev/ttyACM0@115200"))),
    }
}

fn advice(path: &str, error: &serialport::Error) -> String {
    let advice = match error.kind {
        SerialErrorKind::NoDevice | SerialErrorKind::Io(ErrorKind::NotFound)
            if !std::path::Path::new(path).exists() =>
        {
            "is the board plugged in? `ls /dev/tty*` shows the lines there are"
        }
        SerialErrorKind::Io(ErrorKind::PermissionDenied) => {
            "`ls -l` shows its group: add yourself to it (`sudo usermod -a -G dialout $USER`) and log in again"
        }
        SerialErrorKind::NoDevice | SerialErrorKind::Io(ErrorKind::ResourceBusy) => {
            "another program has it open, or it is no serial line: close that one, a terminal for example"
        }
        _ => "is it a serial line, and can it be that fast?",
    };
    format!("cannot open the serial line {path}: {error}; {advice}")
}

/// The least a read waits.
const LEAST_WAIT: Duration = Duration::from_millis(1);

impl SerialLink {
    fn wait_until(&mut self, deadline: Instant) -> io::Result<()> {
        // The line's own clock counts milliseconds in 31 bits.
        let left = deadline.saturating_duration_since(Instant::now());
        Ok(self.line.set_timeout(left.clamp(LEAST_WAIT, Duration::from_secs(1 << 20)))?)
    }
}

/// A line that is gone, as Linux tells it: a USB adapter that was unplugged, an emulator that ended.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::NotConnected)
        || [libc::EIO, libc::ENXIO, libc::ENODEV].map(Some).contains(&error.raw_os_error())
}

impl Link for SerialLink {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        // What a line does not take in time is lost, as on the wire: the other side drops the half frame.
        self.wait_until(deadline)?;
        self.line.write_all(bytes).map_err(|error| if is_gone(&error) { ErrorKind::BrokenPipe.into() } else { error })
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        let mut chunk = vec![0; 4096];
        loop {
            self.wait_until(deadline)?;
            match self.line.read(&mut chunk) {
                Ok(got) => {
                    chunk.truncate(got);
                    return Ok(Some(chunk));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::TimedOut && Instant::now() < deadline => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(None),
                Err(error) if is_gone(&error) => return Ok(Some(Vec::new())),
                Err(error) => return Err(error),
            }
        }
    }

    fn closed_reason(&mut self) -> String {
        format!("the serial line {} is gone: it was unplugged, or the emulator behind it ended", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_may_be_given() {
        assert_eq!(parse("/dev/ttyACM0").unwrap(), ("/dev/ttyACM0", 115_200));
        assert_eq!(parse("/dev/ttyACM0@921600").unwrap(), ("/dev/ttyACM0", 921_600));
        assert_eq!(parse("/dev/ttyACM0?baud=9600").unwrap(), ("/dev/ttyACM0", 9600));
        for wrong in ["", "@9600", "/dev/ttyACM0@fast", "/dev/ttyACM0@0"] {
            assert_eq!(parse(wrong).unwrap_err().exit, Exit::Usage);
        }
    }
}
