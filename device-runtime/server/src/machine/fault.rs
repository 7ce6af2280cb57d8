//! Why this machine cannot do what was asked.

use device_server::rpc_protocol::{FaultCode, Reason, reasons};
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
    /// The model could not be loaded; with the sentence that says why.
    Runner(RunnerError, String),
    /// The clock cannot be held; with the sentence that says why.
    Clock(ClockError, String),
    /// The host closed the link in the middle of a measurement.
    HostLeft,
    /// The system gives no process, thread or memory for it; the sentence that says so.
    System(String),
}

impl MachineFault {
    /// For what the system refuses a trial.
    pub fn sandbox(error: std::io::Error) -> MachineFault {
        MachineFault::System(format!("the system gives no process or memory for a trial: {error}"))
    }

    /// For what the system refuses the watch over the link.
    pub fn watch(error: std::io::Error) -> MachineFault {
        MachineFault::System(format!("the system gives no thread to watch the link with: {error}"))
    }
}

impl From<Refusal> for MachineFault {
    fn from(refusal: Refusal) -> MachineFault {
        MachineFault::Refused(refusal)
    }
}

impl From<RunnerError> for MachineFault {
    fn from(error: RunnerError) -> MachineFault {
        let sentence = error.to_string();
        MachineFault::Runner(error, sentence)
    }
}

impl From<ClockError> for MachineFault {
    fn from(error: ClockError) -> MachineFault {
        let sentence = error.to_string();
        MachineFault::Clock(error, sentence)
    }
}

impl Fault for MachineFault {
    fn code(&self) -> FaultCode {
        match self {
            MachineFault::Refused(refusal) => refusal.code(),
            MachineFault::UploadsForbidden { .. } => FaultCode::ArtifactRefused,
            MachineFault::NoMemory { .. } => FaultCode::OutOfMemory,
            MachineFault::Clock(ClockError::OutOfRange { .. }, _) => FaultCode::BadRequest,
            MachineFault::Clock(..) => FaultCode::Unsupported,
            MachineFault::System(_) | MachineFault::HostLeft => FaultCode::RunFailed,
            MachineFault::Runner(error, _) => match error {
                RunnerError::Load(LoadError::ArenaTooSmall { .. }) | RunnerError::Memory { .. } => {
                    FaultCode::OutOfMemory
                }
                RunnerError::TooManyThreads { .. } | RunnerError::Thread { .. } => FaultCode::BadRequest,
                RunnerError::ExecutableMemory { .. } => FaultCode::RunFailed,
                _ => FaultCode::ArtifactRefused,
            },
        }
    }

    fn reason(&self) -> Reason<'_> {
        match self {
            MachineFault::Refused(refusal) => refusal.reason(),
            MachineFault::UploadsForbidden { bytes, crc } => {
                Reason::of(reasons::UPLOADS_FORBIDDEN, [u64::from(*bytes), u64::from(*crc), 0, 0])
            }
            MachineFault::NoMemory { bytes } => Reason::of(reasons::NO_MEMORY, [u64::from(*bytes), 0, 0, 0]),
            MachineFault::HostLeft => Reason::text("the host left in the middle of the measurement"),
            MachineFault::Runner(_, sentence) | MachineFault::Clock(_, sentence) | MachineFault::System(sentence) => {
                Reason::text(sentence)
            }
        }
    }
}
