//! A device that tries candidates, and how many bytes that takes on the wire.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lathe_artifact::{Artifact, noise};
use lathe_driver::trial::NOISE_SEED;
use rpc_protocol::Request;
use rpc_protocol::client::{ChildLink, DeviceInfo, Link, Tried};

use super::session::{self, Session};
use super::{Reached, TimeUnit, reach};
use crate::arguments::DeviceArgs;
use crate::console;
use crate::failure::{Exit, Failure, Outcome};

/// Names the device server of this machine when it lies in no usual place.
const SERVER_VARIABLE: &str = "LATHE_DEVICE_SERVER";
const SERVER: &str = "device-server";

/// A device that tries candidates.
pub struct Trials {
    client: Session,
    info: DeviceInfo,
    unit: TimeUnit,
    deadline: Duration,
    wire: Arc<AtomicU64>,
    /// Where the loaded bundle's noise is; `None`: it reads none.
    noise: Option<Place>,
}

/// Where kernels read noise, which stands for a product's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// where a product keeps its weights: in a board's flash, or in memory on Linux
    AsInAProduct,
    /// in a board's RAM, since its flash holds none, or too little
    Ram,
}

impl Trials {
    /// Reaches the device. An emulated board is started with `noise_bytes` of noise in its flash, where a product keeps
    /// its constants; an emulated processor with what `bundle` needs.
    pub fn open(args: &DeviceArgs, bundle: &[u8], noise_bytes: u32) -> Outcome<Trials> {
        let reached = match args.device.as_str() {
            "local" => Reached::new(local()?, TimeUnit::Milliseconds, "does it run?"),
            // The emulator reads the file before the board answers, and the session below waits for that.
            device if device.starts_with("qemu:") && device != "qemu:aarch64-linux" => {
                let image = noise::image(NOISE_SEED, noise_bytes);
                let file = file_with(&image)?;
                return Trials::on(reach(device, file.path(), &image)?, args);
            }
            device => reach(device, Path::new(""), bundle)?,
        };
        Trials::on(reached, args)
    }

    fn on(reached: Reached, args: &DeviceArgs) -> Outcome<Trials> {
        let wire = Arc::new(AtomicU64::new(0));
        let unit = reached.unit;
        let counted = Box::new(Counted { link: reached.link, bytes: wire.clone() });
        let mut client = session::open(Reached { link: counted, ..reached }, args)?;
        let info = client.info()?;
        Ok(Trials { client, info, unit, deadline: Duration::from_secs(args.timeout), wire, noise: None })
    }

    /// What the device is.
    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// What its times are.
    pub fn unit(&self) -> TimeUnit {
        self.unit
    }

    /// Bytes sent and received so far.
    pub fn wire_bytes(&self) -> u64 {
        self.wire.load(Ordering::Relaxed)
    }

    /// Where the loaded bundle's kernels read noise in place of weights; `None`: they read none.
    pub fn noise(&self) -> Option<Place> {
        self.noise
    }

    /// Uploads a bundle and loads it.
    pub fn load(&mut self, bundle: &[u8]) -> Outcome {
        let bar = console::progress(Some(bundle.len() as u64));
        bar.set_message("uploading");
        let uploaded = self.client.upload(bundle, |have| bar.set_position(have as u64));
        bar.finish_and_clear();
        uploaded?;
        let loaded = self.client.load(1, self.deadline)?;
        let needed =
            Artifact::parse(bundle).ok().and_then(|bundle| bundle.trial()).map_or(0, |trial| trial.noise_bytes);
        let place = match loaded.noise_as_weights {
            true => Place::AsInAProduct,
            false => Place::Ram,
        };
        self.noise = (needed > 0).then_some(place);
        Ok(())
    }

    /// Tries a candidate of the loaded bundle.
    pub fn attempt(&mut self, request: &Request<'_>) -> Outcome<Tried> {
        Ok(self.client.trial(request, self.deadline)?)
    }

    /// Ends the session.
    pub fn close(self) -> Outcome {
        Ok(self.client.bye()?)
    }
}

/// A file of its own that holds `image`, gone when dropped.
fn file_with(image: &[u8]) -> Outcome<tempfile::NamedTempFile> {
    let written = tempfile::NamedTempFile::new().and_then(|mut file| {
        file.write_all(image)?;
        Ok(file)
    });
    written
        .map_err(|e| Failure::new(Exit::Failure, format!("cannot write {} bytes of noise to a file: {e}", image.len())))
}

/// This machine: a device server as a child process, so that a candidate can do no harm here.
fn local() -> Outcome<ChildLink> {
    let named = std::env::var_os(SERVER_VARIABLE).map(Into::into);
    let beside = || std::env::current_exe().ok().map(|exe| exe.with_file_name(SERVER)).filter(|path| path.is_file());
    let server = named.or_else(beside).unwrap_or_else(|| Path::new(SERVER).to_path_buf());
    let mut command = Command::new(&server);
    command.args(["--stdio", "--allow-upload"]);
    ChildLink::start(command).map_err(|error| {
        let message = format!(
            "cannot start {}: {error}; it lies beside host-compiler (`cargo build --release -p device-server`), or name one \
             in {SERVER_VARIABLE}",
            server.display()
        );
        Failure::new(Exit::Unreachable, message)
    })
}

/// A link whose bytes are counted.
struct Counted {
    link: Box<dyn Link>,
    bytes: Arc<AtomicU64>,
}

impl Link for Counted {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.link.send(bytes, deadline)
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        let received = self.link.receive(deadline)?;
        self.bytes.fetch_add(received.as_ref().map_or(0, Vec::len) as u64, Ordering::Relaxed);
        Ok(received)
    }

    fn closed_reason(&mut self) -> String {
        self.link.closed_reason()
    }

    fn now(&self) -> Instant {
        self.link.now()
    }
}
