//! Exit codes, and which failure ends with which.

use std::fmt;
use std::process::ExitCode;

use lathe_driver::boards::{BoardError, FirmwareError};
use lathe_driver::c_export::{ObjectError, StaticLibraryError};
use lathe_driver::footprint::MisfitError;
use lathe_driver::{Blame, CompileError};
use lathe_runtime_std::{LoadError, RunnerError};
use rpc_protocol::FaultCode;
use rpc_protocol::client::ClientError;

/// How the program ends. These numbers are documented; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// what was asked for is done
    Done = 0,
    /// it failed
    Failure = 1,
    /// it was asked for wrongly
    Usage = 2,
    /// the model uses what is not supported, or more memory than the board has
    Unsupported = 3,
    /// the numbers are wrong
    WrongNumbers = 4,
    /// the device cannot be reached
    Unreachable = 5,
    /// the device did not answer in time
    Timeout = 6,
    /// the artifact is damaged, or for another processor
    Refused = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// A failure with the exit code it leads to.
#[derive(Debug)]
pub struct Failure {
    /// the exit code
    pub exit: Exit,
    /// what happened, for people
    pub message: String,
}

/// What a verb gives.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure of this kind.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Failure {
        Failure { exit, message: message.to_string() }
    }

    /// A wrong request.
    pub fn usage(message: impl fmt::Display) -> Failure {
        Failure::new(Exit::Usage, message)
    }

    /// A file that cannot be read or written.
    pub fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
        Failure::new(Exit::Failure, format!("cannot {doing} {}: {error}", path.display()))
    }
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Failure {
        let exit = match error.blame() {
            Blame::Request => Exit::Usage,
            Blame::Unsupported => Exit::Unsupported,
            Blame::Failure => Exit::Failure,
        };
        Failure::new(exit, error)
    }
}

impl From<BoardError> for Failure {
    fn from(error: BoardError) -> Failure {
        Failure::new(Exit::Usage, error)
    }
}

impl From<FirmwareError> for Failure {
    fn from(error: FirmwareError) -> Failure {
        Failure::new(Exit::Failure, error)
    }
}

impl From<ObjectError> for Failure {
    fn from(error: ObjectError) -> Failure {
        let exit = match &error {
            ObjectError::Target(_) => Exit::Usage,
            ObjectError::Write(_) => Exit::Failure,
        };
        Failure::new(exit, error)
    }
}

impl From<StaticLibraryError> for Failure {
    fn from(error: StaticLibraryError) -> Failure {
        let exit = match &error {
            StaticLibraryError::Hosted(_) => Exit::Usage,
            _ => Exit::Failure,
        };
        Failure::new(exit, error)
    }
}

impl From<MisfitError> for Failure {
    fn from(error: MisfitError) -> Failure {
        let exit = match &error {
            MisfitError::Firmware { .. } => Exit::Failure,
            _ => Exit::Unsupported,
        };
        Failure::new(exit, error)
    }
}

impl From<RunnerError> for Failure {
    fn from(error: RunnerError) -> Failure {
        let exit = match &error {
            RunnerError::Load(LoadError::ArenaTooSmall { .. }) => Exit::Failure,
            RunnerError::Load(_) => Exit::Refused,
            RunnerError::UnknownName { .. }
            | RunnerError::WrongType { .. }
            | RunnerError::WrongShape { .. }
            | RunnerError::WrongSize { .. }
            | RunnerError::TooManyThreads { .. } => Exit::Usage,
            _ => Exit::Failure,
        };
        Failure::new(exit, error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        let exit = match &error {
            ClientError::Timeout { .. } => Exit::Timeout,
            ClientError::Device { code: FaultCode::ArtifactRefused, .. } => Exit::Refused,
            ClientError::Device { .. } => Exit::Failure,
            _ => Exit::Unreachable,
        };
        Failure::new(exit, error)
    }
}
