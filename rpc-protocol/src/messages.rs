//! The one table of messages. SPEC.md gives their order of use; the order of variants and fields here is the wire's.

use lathe_artifact::Reason;

use crate::wire::{Reader, Wire, Writer};

/// Version of the protocol, compared in the hello before anything else.
pub type ProtocolVersion = u16;

/// This protocol's version.
pub const VERSION: ProtocolVersion = 2;

/// What a device says behind its processor's name where it has an operating system that candidates can call.
pub const CALLS_NOT_STOPPED: &str = " (no seccomp: system calls of candidates are not stopped)";

/// An enum on the wire: the number of its variant, then the fields.
macro_rules! message {
    (enum $name:ident { $( $variant:ident $({ $( $field:ident ),* })? ),* }) => {
        message!(impl '_ $name {} { $( $variant $({ $( $field ),* })? ),* });
    };
    (enum $name:ident <$life:lifetime> { $( $variant:ident $({ $( $field:ident ),* })? ),* }) => {
        message!(impl $life $name {<$life>} { $( $variant $({ $( $field ),* })? ),* });
    };
    (impl $wire:lifetime $name:ident { $(<$life:lifetime>)? } {
        $( $variant:ident $({ $( $field:ident ),* })? ),*
    }) => {
        impl $(<$life>)? Wire<$wire> for $name $(<$life>)? {
            fn put(&self, to: &mut Writer<'_>) {
                enum Number { $( $variant ),* }
                match self {
                    $( $name::$variant $({ $( $field ),* })? => {
                        to.varint(Number::$variant as u64);
                        $( $( $field.put(to); )* )?
                    } )*
                }
            }

            fn take(from: &mut Reader<$wire>) -> Self {
                enum Number { $( $variant ),* }
                let mut number = from.varint(u32::BITS) as u32;
                loop {
                    $( if number == Number::$variant as u32 {
                        $( $( let $field = Wire::take(from); )* )?
                        return $name::$variant $({ $( $field ),* })?;
                    } )*
                    from.fail();
                    number = 0;
                }
            }
        }
    };
}

/// Declares structs and enums whose names, fields and types make up the schema hash.
macro_rules! messages {
    (
        $(
            $(#[$smeta:meta])*
            struct $sname:ident { $( $(#[$sfmeta:meta])* $sfield:ident : $sty:ty ),* $(,)? }
        )*
        enums:
        $(
            $(#[$meta:meta])*
            enum $name:ident $(<$life:lifetime>)? {
                $(
                    $(#[$vmeta:meta])*
                    $variant:ident $({ $( $(#[$fmeta:meta])* $field:ident : $ty:ty ),* $(,)? })?
                ),* $(,)?
            }
        )*
    ) => {
        $(
            $(#[$smeta])*
            #[cfg_attr(test, derive(serde::Serialize))]
            pub struct $sname {
                $( $(#[$sfmeta])* pub $sfield : $sty ),*
            }
        )*

        $(
            $(#[$meta])*
            #[cfg_attr(test, derive(serde::Serialize))]
            pub enum $name $(<$life>)? {
                $(
                    $(#[$vmeta])*
                    $variant $({ $( $(#[$fmeta])* $field : $ty ),* })?
                ),*
            }
        )*

        $(
            impl Wire<'_> for $sname {
                fn put(&self, to: &mut Writer<'_>) {
                    $( self.$sfield.put(to); )*
                }

                fn take(from: &mut Reader<'_>) -> Self {
                    $( let $sfield = Wire::take(from); )*
                    $sname { $( $sfield ),* }
                }
            }
        )*

        $( message!(enum $name $(<$life>)? { $( $variant $({ $( $field ),* })? ),* }); )*

        /// Hash of the table: of every message's name, its fields and their types, in order.
        pub const SCHEMA_HASH: u32 = crate::schema::hash(concat!(
            $( "struct ", stringify!($sname), "{", $( stringify!($sfield), ":", stringify!($sty), "," ,)* "}", )*
            $( "enum ", stringify!($name), "{",
                $( stringify!($variant), "{", $($( stringify!($field), ":", stringify!($ty), "," ,)*)? "}" ,)*
            "}", )*
        ));
    };
}

messages! {
    /// An output element that the self-test found wrong.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct WrongElement {
        /// number of the output
        output: u16,
        /// number of the element, in memory order
        element: u32,
        /// the value it must have
        expected: f64,
        /// the value it has
        found: f64,
        /// the largest allowed difference
        tolerance: f32,
    }

    /// What was true when a sample was taken; nothing where the device does not know.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    struct Condition {
        /// clock of the processor in kHz, right after the sample
        khz: Option<u32>,
        /// power the board takes in milliwatts, right after the sample
        milliwatts: Option<u32>,
        /// whether heat or a weak supply slowed the processor down during the sample
        throttled: bool,
    }

    /// What runs used of stack and arena.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct MemoryUse {
        /// most bytes of stack that a run since the load took, kernels and executor together
        run_stack: u32,
        /// most bytes of stack taken since the device started, by everything
        stack: u32,
        /// bytes of stack there are
        stack_bytes: u32,
        /// bytes of arena the artifact planned
        arena: u64,
        /// up to which byte beyond the arena's planned end memory was written; 0 when none was
        beyond_arena: u64,
    }

    enums:

    /// What the host asks. Each is answered by exactly one [`Response`] of the same sequence number.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Request<'a> {
        /// Opens a session: forgets what an earlier one loaded. The frame's session id becomes the session's. Where a key
        /// must be proved it opens none, and the answer's challenge is what to prove it on.
        Hello {
            /// [`VERSION`] of the host
            version: u16,
            /// [`SCHEMA_HASH`] of the host
            schema: u32,
        },
        /// Proves the key on the challenge of the hello, and so opens the session.
        Prove {
            /// what only a holder of the key can compute; see SPEC.md
            proof: [u8; 16],
        },
        /// Asks what the device is.
        Info,
        /// Announces an artifact. Bytes already held for the same size and checksum are kept (a resumed upload).
        UploadBegin {
            /// size of the artifact
            bytes: u32,
            /// CRC-32C of the whole artifact
            crc: u32,
        },
        /// One piece of the artifact. Sending a piece twice does no harm; a gap is refused.
        UploadChunk {
            /// position of the first byte
            offset: u32,
            /// the bytes
            data: &'a [u8],
        },
        /// Checks and loads the uploaded artifact.
        Load {
            /// workers to run kernels with; 0 lets the device choose
            threads: u32,
        },
        /// Writes a piece of an input.
        SetInput {
            /// position of the input in the artifact's I/O table
            index: u32,
            /// position of the first byte
            offset: u32,
            /// the bytes
            data: &'a [u8],
        },
        /// Runs inference once.
        Run,
        /// Reads a piece of an output.
        GetOutput {
            /// position of the output in the artifact's I/O table
            index: u32,
            /// position of the first byte
            offset: u32,
            /// at most so many bytes; the device may send fewer
            limit: u32,
        },
        /// Times inference: one warm-up run, then `repeat` samples of `number` runs each.
        Time {
            /// runs in one sample
            number: u32,
            /// samples
            repeat: u32,
            /// `number` grows until a sample takes at least this
            min_repeat_ms: u32,
            /// rest after each sample
            cooldown_ms: u32,
            /// evict the caches before each sample, which is then one run whatever `number` and `min_repeat_ms` are
            flush_cache: bool,
        },
        /// Reads samples of the last `Time`, `Profile` or `Trial`.
        GetSamples {
            /// position of the first sample
            first: u32,
        },
        /// Asks what a sample of the last `Time` was taken under.
        GetCondition {
            /// position of the sample
            sample: u32,
        },
        /// Holds the clock of the processor until the session ends.
        HoldClock {
            /// at so many kHz; 0 lets it go
            khz: u32,
        },
        /// Times each step of the plan, after one warm-up run: the samples are one per step, the sum of all runs. A device
        /// whose runs put inputs in place adds one for that.
        Profile {
            /// runs
            number: u32,
        },
        /// Runs the artifact's golden self-test.
        SelfTest,
        /// Asks what runs since `Load` used of stack and arena.
        MemoryUse,
        /// The host is done: the device forgets the model.
        Bye,
        /// Tries a candidate of the loaded bundle: one checked run on noise, and if it was right, `repeat` samples of
        /// `number` runs each.
        Trial {
            /// number of the candidate: a step of the bundle
            candidate: u32,
            /// runs in one sample
            number: u32,
            /// samples
            repeat: u32,
            /// `number` grows until a sample takes at least this
            min_repeat_ms: u32,
            /// rest after each sample
            cooldown_ms: u32,
            /// the candidate is abandoned when the trial has taken so long
            limit_ms: u32,
        },
    }

    /// What the device answers.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Response<'a> {
        /// To `Hello`.
        Hello {
            /// [`VERSION`] of the device
            version: u16,
            /// [`SCHEMA_HASH`] of the device
            schema: u32,
            /// largest frame body, in bytes before stuffing, that the device takes
            max_body: u32,
            /// what the key is to be proved on; none where no key is asked for, and then the session is open
            challenge: Option<[u8; 16]>,
        },
        /// To `Prove`: the session is open.
        Proved {
            /// the same of the device, which holds the key too
            proof: [u8; 16],
        },
        /// To `Info`.
        Info {
            /// target family as in `--target`
            target: &'a str,
            /// processor, for reading
            cpu: &'a str,
            /// processor features separated by blanks, by their names in artifacts
            features: &'a str,
            /// processors that can run workers
            workers: u32,
            /// memory for artifact and arena; 0 when the device does not know
            memory: u64,
            /// ticks a second of the counter that `Ran` and `Samples` are counted in: no time is told finer
            clock_hz: u64,
            /// which counter that is
            counter: CounterKind,
        },
        /// To `UploadBegin` and `UploadChunk`: bytes held from the artifact's start.
        Uploaded {
            /// the next offset to send
            have: u32,
        },
        /// To `Load`.
        Loaded {
            /// bytes of arena taken, workspaces included
            arena: u64,
            /// workers that will run kernels
            threads: u32,
            /// whether the noise that a bundle reads lies where the device keeps a model's weights, as a board's flash
            /// or a computer's memory; else it is in a board's RAM
            noise_as_weights: bool,
        },
        /// To `SetInput`, `HoldClock`, `Bye`.
        Done,
        /// To `Run`.
        Ran {
            /// how long it took
            ticks: u64,
        },
        /// To `GetOutput`.
        Output {
            /// the bytes from the asked-for offset; empty at the end
            data: &'a [u8],
        },
        /// To `Time` and `Profile`: what `GetSamples` will give.
        Timed {
            /// runs in one sample, as grown
            number: u32,
            /// samples held
            samples: u32,
            /// ticks that reading the counter takes, measured before the first sample and taken off every run, or every
            /// step of a profile
            overhead: u64,
        },
        /// To `GetSamples`.
        Samples {
            /// ticks of consecutive samples, each a little-endian u64 for the sample's `number` runs together
            ticks: &'a [u8],
        },
        /// To `GetCondition`.
        SampleCondition {
            /// nothing where the device does not look, or behind the last sample
            condition: Option<Condition>,
        },
        /// To `SelfTest`.
        SelfTested {
            /// the first recorded element that was wrong, if one was
            wrong: Option<WrongElement>,
        },
        /// To `MemoryUse`.
        MemoryUsed {
            /// what they used
            memory: MemoryUse,
        },
        /// To anything that could not be done; the session goes on unless the code says otherwise. With sequence 0 it
        /// answers no request and tells of a frame that was dropped, or of a restart.
        Failed {
            /// what kind of failure
            code: FaultCode,
            /// which reason, by the tables of `reasons` and of `lathe_artifact::reason`; 0 is none of them
            number: u16,
            /// its figures; what it has no more of is 0
            figures: [u64; 4],
            /// its words; what it has no more of is empty
            words: [&'a str; 2],
        },
        /// To `Trial`: what became of the candidate, and what `GetSamples` will give if it was right.
        Tried {
            /// what became of it
            outcome: TrialOutcome,
            /// runs in one sample, as grown
            number: u32,
            /// samples held
            samples: u32,
            /// address of the arena, for addresses of faults
            arena: u64,
            /// ticks that calling nothing in the same way takes, measured before and taken off every run
            overhead: u64,
        },
    }

    /// What a device takes times with.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum CounterKind {
        /// SysTick, the Cortex-M core's own timer, which counts the core's clock
        SysTick,
        /// what the firmware gave: a timer beside the core, or the core's count of cycles
        Timer,
        /// the operating system's monotonic clock
        Monotonic,
    }

    /// What became of a candidate. A `pc` is counted from the start of the bundle's code, and the greatest number when
    /// it is outside or not known.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum TrialOutcome {
        /// every check was met
        Right,
        /// the processor stopped it
        Faulted {
            /// why
            kind: TrialFault,
            /// the instruction
            pc: u64,
            /// the address it was about; 0 when there is none
            address: u64,
        },
        /// it took longer than the limit
        Abandoned {
            /// the instruction it was at
            pc: u64,
        },
        /// it wrote to the arena outside the arguments it writes
        WroteOutside {
            /// the first changed byte, counted from the arena's start
            offset: u64,
        },
        /// it left its stack
        StackOverflow {
            /// the instruction
            pc: u64,
            /// the address it was about
            address: u64,
        },
        /// an output's sum is not what the check asks for
        WrongNumbers {
            /// number of the check in the bundle
            check: u32,
            /// the sum, in the check's unit
            found: i64,
        },
    }

    /// Why a processor stops a program.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum TrialFault {
        /// it may not read or write there
        Memory,
        /// nothing answers there, or not at that alignment
        Bus,
        /// there is no such instruction, or none may be executed there
        Instruction,
        /// arithmetic: a division by zero
        Arithmetic,
        /// something else
        Other,
        /// it called the operating system, by the call whose number is the address; 0 when it ended by that
        SystemCall,
    }

    /// Kinds of failure.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum FaultCode {
        /// the session is not open, or not this one (the device restarted): say hello again
        NoSession,
        /// the device speaks another version or schema
        Incompatible,
        /// the message could not be read, or makes no sense now
        BadRequest,
        /// an offset or index outside what there is
        OutOfRange,
        /// nothing is loaded
        NoModel,
        /// not all inputs were given before a run
        MissingInput,
        /// the artifact is damaged, or for another processor
        ArtifactRefused,
        /// not enough memory
        OutOfMemory,
        /// running failed
        RunFailed,
        /// this device cannot do that, whatever is loaded
        Unsupported,
        /// a frame was damaged or longer than the device takes
        FrameDropped,
        /// nothing but the proof of a key is served before it
        KeyRequired,
        /// the proof was of another key, or on another challenge
        WrongKey,
    }
}

impl<'a> Response<'a> {
    /// A failure of this kind, for this reason.
    pub fn failed(code: FaultCode, reason: Reason<'a>) -> Response<'a> {
        let Reason { number, figures, words } = reason;
        Response::Failed { code, number, figures, words }
    }
}
