//! Which requests are served: those of the open session, each once, in the order of their numbers.

#[cfg(feature = "key")]
use rpc_protocol::FaultCode;
use rpc_protocol::frame::{Frame, SessionKey};
#[cfg(feature = "key")]
use rpc_protocol::key::{Challenge, Key, Proof, Side};

/// The open session, and with a key what opens it.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Option<Open>,
    #[cfg(feature = "key")]
    pub lock: Option<Lock>,
}

/// A session.
struct Open {
    id: u64,
    /// The number of the request that was served last.
    served: u32,
    /// What seals its frames, and the number of the proof, which was not.
    seal: Option<(SessionKey, u32)>,
}

/// What is to be done about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the session's next.
    Next,
    /// It was served last: its answer was lost, or it came twice.
    Again,
    /// It was served before others, and its answer came.
    Past,
    /// It carries another key's code.
    Forged,
    /// It is of the open session and carries no code.
    Unsealed,
    /// It is not of the open session.
    OtherSession,
}

impl Sessions {
    /// The open session's id.
    pub fn id(&self) -> Option<u64> {
        self.open.as_ref().map(|open| open.id)
    }

    /// What seals the open session's frames.
    pub fn key(&self) -> Option<&SessionKey> {
        self.open.as_ref()?.seal.as_ref().map(|(key, _)| key)
    }

    /// How the request in `frame` stands to the open session. The next one counts as served from now on.
    pub fn standing(&mut self, frame: &Frame<'_>) -> Standing {
        let sequence = frame.header.sequence;
        let Some(open) = self.open.as_mut().filter(|open| open.id == frame.header.session) else {
            return Standing::OtherSession;
        };
        let unsealed = match &open.seal {
            Some((key, _)) if frame.is_sealed() && !frame.is_sealed_with(key) => return Standing::Forged,
            Some((_, proof)) => !frame.is_sealed() && sequence != *proof,
            None if frame.is_sealed() => return Standing::Forged,
            None => false,
        };
        match sequence.cmp(&open.served) {
            core::cmp::Ordering::Less => Standing::Past,
            _ if unsealed => Standing::Unsealed,
            core::cmp::Ordering::Equal => Standing::Again,
            core::cmp::Ordering::Greater => {
                open.served = sequence;
                Standing::Next
            }
        }
    }

    /// Opens the session `id`, whose request number `served` is this one.
    pub fn open(&mut self, id: u64, served: u32) {
        self.open = Some(Open { id, served, seal: None });
    }
}

/// What the proof of a key opens.
#[cfg(feature = "key")]
pub(crate) struct Lock {
    key: Key,
    random: fn() -> Option<Challenge>,
    /// The session that was asked for, and its challenge.
    asked: Option<(u64, Challenge)>,
    /// Whether a proof was wrong.
    pub refused: bool,
}

#[cfg(feature = "key")]
impl Sessions {
    /// Sessions that `key` opens; `random` gives challenges that were never used.
    pub fn locked(key: Key, random: fn() -> Option<Challenge>) -> Sessions {
        Sessions { open: None, lock: Some(Lock { key, random, asked: None, refused: false }) }
    }

    /// The challenge for the session `id`, which is asked for; the same as long as no other is.
    pub fn challenge(&mut self, id: u64) -> Option<Challenge> {
        let lock = self.lock.as_mut()?;
        if lock.asked.is_none_or(|(asked, _)| asked != id) {
            lock.asked = (lock.random)().map(|challenge| (id, challenge));
        }
        lock.asked.map(|(_, challenge)| challenge)
    }

    /// Opens the session `id` if `proof` is that of its challenge, and gives the device's own; a challenge serves once.
    pub fn prove(&mut self, id: u64, served: u32, proof: &Proof) -> Result<Proof, FaultCode> {
        let lock = self.lock.as_mut().ok_or(FaultCode::NoSession)?;
        let (_, challenge) = lock.asked.take_if(|(asked, _)| *asked == id).ok_or(FaultCode::KeyRequired)?;
        if !lock.key.is_proved_by(proof, Side::Host, id, &challenge) {
            lock.refused = true;
            return Err(FaultCode::WrongKey);
        }
        self.open = Some(Open { id, served, seal: Some((lock.key.session(id, &challenge), served)) });
        Ok(lock.key.proof(Side::Device, id, &challenge))
    }
}
