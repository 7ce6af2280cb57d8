//! Why this machine cannot do what was asked.

use std::fmt;

use device_server::rpc_protocol::FaultCode;
use device_server::{Fault, Refusal};
use lathe_runtime_std::conditions::ClockError;
use lathe_runtime_std::{LoadError, RunnerError};

/// Why this machine cannot do what was asked.
#[derive(Debug)]
pub enum MachineFault {
    /// As on every device.
    Refused(Refusal),
    /// It was started without the host's being allowed to upload, and with other artifacts than this one.
    UploadsForbidden { bytes: u32, crc: u32 },
    /// There is no memory for an upload of so many bytes.
    NoMemory { bytes: u32 },
    /// The model could not be loaded.
    Runner(RunnerError),
    /// The clock cannot be held.
    Clock(ClockError),
}

impl From<Refusal> for MachineFault {
    fn from(refusal: Refusal) -> MachineFault {
        MachineFault::Refused(refusal)
    }
}

impl From<RunnerError> for MachineFault {
    fn from(error: RunnerError) -> MachineFault {
        MachineFault::Runner(error)
    }
}

impl From<ClockError> for MachineFault {
    fn from(error: ClockError) -> MachineFault {
        MachineFault::Clock(error)
    }
}

impl Fault for MachineFault {
    fn code(&self) -> FaultCode {
        match self {
            MachineFault::Refused(refusal) => refusal.code(),
            MachineFault::UploadsForbidden { .. } => FaultCode::ArtifactRefused,
            MachineFault::NoMemory { .. } => FaultCode::OutOfMemory,
            MachineFault::Clock(ClockError::OutOfRange { .. }) => FaultCode::BadRequest,
            MachineFault::Clock(_) => FaultCode::Unsupported,
            MachineFault::Runner(error) => match error {
                RunnerError::Load(LoadError::ArenaTooSmall { .. }) | RunnerError::Memory { .. } => {
                    FaultCode::OutOfMemory
                }
                RunnerError::TooManyThreads { .. } | RunnerError::Thread { .. } => FaultCode::BadRequest,
                RunnerError::ExecutableMemory { .. } => FaultCode::RunFailed,
                _ => FaultCode::ArtifactRefused,
            },
        }
    }
}

impl fmt::Display for MachineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MachineFault::Refused(refusal) => refusal.fmt(f),
            MachineFault::UploadsForbidden { bytes, crc } => write!(
                f,
                "uploads are not allowed here, and this device-server has no artifact of {bytes} bytes, checksum \
                 {crc:08x}: start it with --model FILE, or with --allow-upload"
            ),
            MachineFault::NoMemory { bytes } => write!(f, "there is no memory for {bytes} bytes"),
            MachineFault::Runner(error) => error.fmt(f),
            MachineFault::Clock(error) => error.fmt(f),
        }
    }
}
