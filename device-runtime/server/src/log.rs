//! What is logged, with the feature `defmt`: requests, refusals, dropped frames. Without it nothing is.

use rpc_protocol::{FaultCode, FrameError, Request};

/// A request came.
pub(crate) fn request(sequence: u32, request: &Request<'_>) {
    #[cfg(feature = "defmt")]
    defmt::debug!("request {=u32}: {=str}", sequence, name(request));
    #[cfg(not(feature = "defmt"))]
    let _ = (sequence, request);
}

/// A request could not be done.
pub(crate) fn refused(sequence: u32, code: FaultCode) {
    #[cfg(feature = "defmt")]
    defmt::warn!("request {=u32} refused: code {=u8}", sequence, code as u8);
    #[cfg(not(feature = "defmt"))]
    let _ = (sequence, code);
}

/// A frame was dropped.
pub(crate) fn dropped(error: FrameError) {
    #[cfg(feature = "defmt")]
    defmt::warn!("frame dropped: code {=u8}", error as u8);
    #[cfg(not(feature = "defmt"))]
    let _ = error;
}

#[cfg(feature = "defmt")]
fn name(request: &Request<'_>) -> &'static str {
    match request {
        Request::Hello { .. } => "hello",
        Request::Prove { .. } => "prove",
        Request::Info => "info",
        Request::UploadBegin { .. } => "upload begin",
        Request::UploadChunk { .. } => "upload chunk",
        Request::Load { .. } => "load",
        Request::SetInput { .. } => "set input",
        Request::Run => "run",
        Request::GetOutput { .. } => "get output",
        Request::Time { .. } => "time",
        Request::GetSamples { .. } => "get samples",
        Request::GetCondition { .. } => "get condition",
        Request::HoldClock { .. } => "hold clock",
        Request::Profile { .. } => "profile",
        Request::SelfTest => "self-test",
        Request::MemoryUse => "memory use",
        Request::Bye => "bye",
        Request::Trial { .. } => "trial",
    }
}
