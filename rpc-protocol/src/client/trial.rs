//! Trying the candidates of a bundle that is loaded.

use std::time::Duration;

use super::session::{Answer, Client, Samples};
use super::{ClientError, Link};
use crate::messages::{Request, Response, TrialOutcome};

/// What became of a candidate.
#[derive(Clone, Debug)]
pub struct Tried {
    /// what became of it
    pub outcome: TrialOutcome,
    /// its times; none unless it was right
    pub samples: Samples,
    /// address of the arena, for addresses of faults
    pub arena: u64,
}

impl<L: Link> Client<L> {
    /// Tries a candidate by a [`Request::Trial`] and fetches every sample.
    pub fn trial(&mut self, request: &Request<'_>, deadline: Duration) -> Answer<Tried> {
        let (outcome, count, tried) = self.call("trial", request, deadline, |r| match r {
            Response::Tried { outcome, number, samples, arena, overhead } => {
                let none = Samples { number, ticks: Vec::new(), overhead };
                Some((outcome, samples as usize, Tried { outcome, samples: none, arena }))
            }
            _ => None,
        })?;
        let right = matches!(outcome, TrialOutcome::Right);
        if count > 0 && !right {
            return Err(ClientError::Unexpected { request: "trial" });
        }
        Ok(Tried { samples: Samples { ticks: self.samples(count)?, ..tried.samples }, ..tried })
    }
}
