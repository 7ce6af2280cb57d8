//! What a board's firmware gives trials: a place where code runs that may be wrong, and cannot hurt.

#![allow(unsafe_code)]

use core::ops::Range;

use rpc_protocol::TrialFault;

/// One call of a candidate, and the memory it may touch: what is not named here it may not.
#[derive(Clone, Debug)]
pub struct Contained<'a> {
    /// Where to call, with the Thumb bit; `None`: nothing is called, which shows what calling takes.
    pub entry: Option<usize>,
    /// One pointer per argument.
    pub arguments: &'a [*mut u8],
    /// The worker's own memory.
    pub workspace: *mut u8,
    /// The slice of the parallel axis is `0..extent`.
    pub extent: u32,
    /// Read and executed.
    pub code: Range<usize>,
    /// Read.
    pub noise: Range<usize>,
    /// Read and written: a block as [`Sandbox::granule`] asks for.
    pub memory: Range<usize>,
    /// Its stack, as long as a power of two and at a multiple of that.
    pub stack: Range<usize>,
    /// It is abandoned after so many ticks.
    pub limit: u64,
}

/// How a call ended. Each `pc` is an address, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It returned.
    Returned {
        /// Ticks it took, calling included.
        ticks: u64,
    },
    /// The processor stopped it.
    Faulted {
        /// Why.
        kind: TrialFault,
        /// The instruction.
        pc: Option<usize>,
        /// The address it was about; 0 when there is none.
        address: usize,
    },
    /// It left its stack.
    StackOverflow {
        /// The instruction.
        pc: Option<usize>,
        /// The address it was about.
        address: usize,
    },
    /// It did not return in time.
    Abandoned {
        /// The instruction it was at.
        pc: Option<usize>,
    },
}

/// A processor's means to run what may be wrong; as it stands here, of one that has none.
pub trait Sandbox {
    /// Whether it has any. Without them nothing about trials is linked.
    const CONTAINS: bool = false;

    /// What start and length of a block of `bytes` must be multiples of to be opened to a candidate; a power of two.
    /// `None`: this processor cannot contain anything.
    fn granule(&self, bytes: usize) -> Option<usize> {
        let _ = bytes;
        None
    }

    /// Runs a candidate. Whatever it does, this returns, and nothing but its memory and stack has changed.
    ///
    /// # Safety
    /// Its memory and its stack are nothing else's meanwhile, and [`Sandbox::granule`] gave what they are aligned to.
    unsafe fn contain(&mut self, call: &Contained<'_>) -> Ended {
        let _ = call;
        Ended::Abandoned { pc: None }
    }
}
