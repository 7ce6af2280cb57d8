//! What an artifact takes of a board's flash and RAM, known before anything is flashed.

use std::collections::BTreeMap;

use lathe_artifact::cortex_m::ARENA_ALIGN;
use lathe_artifact::{Artifact, PlannedTensor, Space};
use serde::Serialize;

use crate::boards::{Board, Firmware};

/// How many tensors and constants are named when a model does not fit.
const NAMED: usize = 5;

/// Flash and RAM of one model on one board, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Footprint {
    /// the board's name
    pub board: String,
    /// whether everything has room
    pub fits: bool,
    /// flash
    pub flash: Flash,
    /// RAM
    pub ram: Ram,
    /// the step with the most live bytes, and what it computes
    pub peak_step: Option<PeakStep>,
    /// the largest tensors that are live at the peak step
    pub largest_tensors: Vec<Named>,
    /// the largest constants
    pub largest_constants: Vec<Named>,
}

/// Flash: the firmware at its start, then the artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flash {
    /// bytes there are
    pub bytes: u64,
    /// bytes taken: what is reserved for the firmware, and the artifact
    pub needed: u64,
    /// bytes reserved for the firmware
    pub firmware_reserved: u64,
    /// bytes of the firmware; `None`: its image was not found
    pub firmware: Option<u64>,
    /// machine code of the kernels
    pub code: u64,
    /// weights and other constants
    pub constants: u64,
    /// the rest of the artifact: header, inputs and outputs, plan, names, self-test, what lies between sections
    pub tables: u64,
}

/// RAM: static data at its start, then the arena with the workspace behind it, the stack at its top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ram {
    /// bytes there are
    pub bytes: u64,
    /// bytes taken by all of it
    pub needed: u64,
    /// the firmware's static data up to where the arena starts; `None`: its image was not found
    pub static_data: Option<u64>,
    /// tensors
    pub arena: u64,
    /// one worker's workspace
    pub workspace: u64,
    /// bytes reserved for the stack
    pub stack_reserved: u64,
    /// stack bytes that running the model needs of them
    pub stack: u64,
    /// stack bytes that the firmware needs of them, below which the model runs
    pub firmware_stack: u64,
}

/// The step at which the most bytes are live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeakStep {
    /// its number
    pub step: u64,
    /// the nodes it computes
    pub label: String,
}

/// A tensor or constant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// its name; a constant's is that of the step that reads it
    pub name: String,
    /// its size
    pub bytes: u64,
}

/// Why a model does not fit a board.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MisfitError {
    /// Too little flash.
    #[error(
        "the model does not fit {board}: it needs {needed} bytes of flash ({firmware} for the firmware, {artifact} for \
         the artifact) and there are {there}; largest constants: {largest}"
    )]
    Flash {
        /// the board
        board: String,
        /// bytes needed
        needed: u64,
        /// bytes of flash
        there: u64,
        /// bytes reserved for the firmware
        firmware: u64,
        /// bytes of the artifact
        artifact: u64,
        /// the largest constants
        largest: String,
    },
    /// The firmware is larger than what is reserved for it.
    #[error(
        "the firmware of {board} has {firmware} bytes and its board.toml reserves {reserved} (firmware.flash_bytes): \
         the artifact cannot lie behind it"
    )]
    Firmware {
        /// the board
        board: String,
        /// bytes of the firmware
        firmware: u64,
        /// bytes reserved
        reserved: u64,
    },
    /// Too little RAM.
    #[error(
        "the model does not fit {board}: it needs {needed} bytes of RAM ({statics} of static data, {arena} of arena, \
         {workspace} of workspace, {stack} of stack) and there are {there}; largest tensors {at}: {largest}"
    )]
    Ram {
        /// the board
        board: String,
        /// bytes needed
        needed: u64,
        /// bytes of RAM
        there: u64,
        /// the firmware's static data, as far as it is known
        statics: u64,
        /// bytes of tensors
        arena: u64,
        /// bytes of workspace
        workspace: u64,
        /// bytes reserved for the stack
        stack: u64,
        /// when the most bytes are live
        at: String,
        /// the largest tensors then
        largest: String,
    },
    /// Too little stack.
    #[error(
        "the model does not fit {board}: it needs {needed} bytes of stack and the firmware itself {firmware}, and \
         board.toml reserves {there} (firmware.stack_bytes)"
    )]
    Stack {
        /// the board
        board: String,
        /// bytes needed
        needed: u64,
        /// bytes the firmware needs
        firmware: u64,
        /// bytes reserved
        there: u64,
    },
}

impl Footprint {
    /// What `artifact` takes on `board`, beside `firmware` when its image was found.
    pub fn new(artifact: &Artifact<'_>, board: &Board, firmware: Option<&Firmware>) -> Footprint {
        let header = artifact.header();
        let (total, code) = (u64::from(header.total_bytes), artifact.code(0).len() as u64);
        let constants = artifact.constants().len() as u64;
        let flash = Flash {
            bytes: board.memory.flash.bytes,
            needed: board.firmware.flash_bytes + total,
            firmware_reserved: board.firmware.flash_bytes,
            firmware: firmware.map(|f| f.flash_bytes),
            code,
            constants,
            tables: total - code - constants,
        };
        let arena = u64::from(header.arena_bytes);
        let workspace = header.arena_bytes_for(1).map_or(u64::MAX, |bytes| bytes as u64) - arena;
        let static_data = firmware.map(|f| f.static_bytes.next_multiple_of(ARENA_ALIGN as u64));
        let stack_reserved = board.firmware.stack_bytes;
        let ram = Ram {
            bytes: board.memory.ram.bytes,
            needed: static_data.unwrap_or(0).saturating_add(arena + stack_reserved).saturating_add(workspace),
            static_data,
            arena,
            workspace,
            stack_reserved,
            stack: header.stack_bytes.into(),
            firmware_stack: board.firmware.own_stack_bytes,
        };
        let (peak_step, largest_tensors) = at_the_peak(artifact);
        let mut footprint = Footprint {
            board: board.name.clone(),
            fits: true,
            flash,
            ram,
            peak_step,
            largest_tensors,
            largest_constants: largest_constants(artifact),
        };
        footprint.fits = footprint.check().is_ok();
        footprint
    }

    /// An error that names both figures when something has no room.
    pub fn check(&self) -> Result<(), MisfitError> {
        let (flash, ram, board) = (&self.flash, &self.ram, self.board.clone());
        if let Some(firmware) = flash.firmware.filter(|&bytes| bytes > flash.firmware_reserved) {
            return Err(MisfitError::Firmware { board, firmware, reserved: flash.firmware_reserved });
        }
        if flash.needed > flash.bytes {
            return Err(MisfitError::Flash {
                board,
                needed: flash.needed,
                there: flash.bytes,
                firmware: flash.firmware_reserved,
                artifact: flash.code + flash.constants + flash.tables,
                largest: listed(&self.largest_constants),
            });
        }
        if ram.needed > ram.bytes {
            let at = self.peak_step.as_ref().map(|p| format!("at step {} ({})", p.step, p.label));
            return Err(MisfitError::Ram {
                board,
                needed: ram.needed,
                there: ram.bytes,
                statics: ram.static_data.unwrap_or(0),
                arena: ram.arena,
                workspace: ram.workspace,
                stack: ram.stack_reserved,
                at: at.unwrap_or_default(),
                largest: listed(&self.largest_tensors),
            });
        }
        if ram.stack.saturating_add(ram.firmware_stack) > ram.stack_reserved {
            let (needed, firmware) = (ram.stack, ram.firmware_stack);
            return Err(MisfitError::Stack { board, needed, firmware, there: ram.stack_reserved });
        }
        Ok(())
    }
}

fn listed(items: &[Named]) -> String {
    let one = |item: &Named| format!("{} {}", item.name, item.bytes);
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The step with the most live bytes, and the largest tensors then.
fn at_the_peak(artifact: &Artifact<'_>) -> (Option<PeakStep>, Vec<Named>) {
    let live = |step: u32| {
        artifact.memory_plan().filter(move |t: &PlannedTensor<'_>| (t.first_step..=t.last_step).contains(&step))
    };
    let bytes = |step: &u32| live(*step).map(|t| u64::from(t.bytes)).sum::<u64>();
    let steps = 0..artifact.step_count() as u32;
    // The first of equals.
    let Some(peak) = steps.rev().max_by_key(bytes) else { return (None, Vec::new()) };
    let label = artifact.step_info(peak as usize).map_or(String::new(), |info| info.label.to_string());
    let named = live(peak).map(|t| Named { name: t.name.to_string(), bytes: t.bytes.into() });
    (Some(PeakStep { step: peak.into(), label }), largest(named))
}

/// The largest constants, each once, by the first step that reads it.
fn largest_constants(artifact: &Artifact<'_>) -> Vec<Named> {
    let mut by_offset = BTreeMap::new();
    for (number, step) in artifact.steps().enumerate() {
        let label = artifact.step_info(number).map_or("", |info| info.label);
        for argument in step.arguments().filter(|a| a.space == Space::Constants) {
            let named = Named { name: format!("of {label}"), bytes: argument.bytes.into() };
            by_offset.entry(argument.offset).or_insert(named);
        }
    }
    largest(by_offset.into_values())
}

fn largest(items: impl Iterator<Item = Named>) -> Vec<Named> {
    let mut items: Vec<Named> = items.collect();
    items.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    items.truncate(NAMED);
    items
}
