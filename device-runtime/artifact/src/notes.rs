//! What a person or a profiler asks about an artifact and running it does not need: step labels, the memory plan,
//! provenance. Each is a section that may be absent.

use crate::error::ArtifactError;
use crate::fields::{Fields, Records, check_range, wrong_length};
use crate::layout::{NOTE_BYTES, PLANNED_BYTES, STEP_INFO_BYTES, kind};
use crate::part::Part;
use crate::sections::Sections;

/// What a step does, for profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepInfo<'a> {
    /// The model's nodes that it computes.
    pub label: &'a str,
    /// Arithmetic operations of one run, a multiply-add counting two; 0 when unknown.
    pub operations: u64,
}

/// Where a tensor lies in the arena and when it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedTensor<'a> {
    /// Its name in the graph.
    pub name: &'a str,
    /// Its offset in the arena.
    pub offset: u32,
    /// Its size.
    pub bytes: u32,
    /// The first step it is live in.
    pub first_step: u32,
    /// The last step it is live in.
    pub last_step: u32,
}

/// One line of provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// What it is about: `compiler`, `model.sha256`, `schedule.KERNEL`, …
    pub key: &'a str,
    /// What is said.
    pub value: &'a str,
}

/// The sections of this file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notes<'a> {
    pub steps: Records<'a, STEP_INFO_BYTES>,
    pub planned: Records<'a, PLANNED_BYTES>,
    pub provenance: Records<'a, NOTE_BYTES>,
}

impl<'a> Notes<'a> {
    pub fn parse(
        sections: Sections<'a>,
        strings: &'a str,
        arena_bytes: u32,
        step_count: usize,
    ) -> Result<Notes<'a>, ArtifactError> {
        let steps = Records::whole(sections.bytes(kind::STEP_INFO), Part::StepInfoLength)?;
        if sections.find(kind::STEP_INFO, 0).is_some() && steps.len() != step_count {
            return Err(wrong_length(Part::StepInfoLength, sections.bytes(kind::STEP_INFO)));
        }
        for (index, record) in steps.numbered() {
            record.check_text(0, strings, Part::StepLabel, index)?;
        }
        let planned = Records::whole(sections.bytes(kind::MEMORY_PLAN), Part::MemoryPlanLength)?;
        for (index, record) in planned.numbered() {
            record.check_text(0, strings, Part::PlannedTensor, index)?;
            check_range(Part::PlannedTensor, index, record.u32(8), record.u32(12), arena_bytes)?;
        }
        let provenance = Records::whole(sections.bytes(kind::PROVENANCE), Part::ProvenanceLength)?;
        for (index, record) in provenance.numbered() {
            record.check_text(0, strings, Part::ProvenanceKey, index)?;
            record.check_text(8, strings, Part::ProvenanceValue, index)?;
        }
        Ok(Notes { steps, planned, provenance })
    }
}

impl<'a> StepInfo<'a> {
    pub(crate) fn read(record: Fields<'a>, strings: &'a str) -> StepInfo<'a> {
        StepInfo { label: record.text(0, strings), operations: record.u64(8) }
    }
}

impl<'a> PlannedTensor<'a> {
    pub(crate) fn read(record: Fields<'a>, strings: &'a str) -> PlannedTensor<'a> {
        PlannedTensor {
            name: record.text(0, strings),
            offset: record.u32(8),
            bytes: record.u32(12),
            first_step: record.u32(16),
            last_step: record.u32(20),
        }
    }
}

impl<'a> Note<'a> {
    pub(crate) fn read(record: Fields<'a>, strings: &'a str) -> Note<'a> {
        Note { key: record.text(0, strings), value: record.text(8, strings) }
    }
}
