//! The file: header, section table, sections, checksum.

use std::borrow::Cow;
use std::vec::Vec;

use super::WriteError;
use super::contents::{ArtifactContents, TargetEntry};
use super::encode::{self, Encoder};
use super::limits::{count, limited};
use super::strings::Strings;
use crate::artifact::Artifact;
use crate::checksum::checksum;
use crate::layout::{CHECKSUM_AT, HEADER_BYTES, MAGIC, SECTION_ENTRY_BYTES, VERSION, kind};

/// Tables are read in place by nobody; four bytes keep a hex dump readable.
const TABLE_ALIGN_LOG2: u8 = 2;

struct Section<'c> {
    kind: u16,
    processor: u8,
    align_log2: u8,
    bytes: Cow<'c, [u8]>,
}

impl ArtifactContents {
    /// The bytes of the artifact, which have been parsed back.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let bytes = write(self)?;
        Artifact::parse(&bytes)?;
        Ok(bytes)
    }
}

/// The bytes of `contents`, not yet checked.
fn write(contents: &ArtifactContents) -> Result<Vec<u8>, WriteError> {
    let sections = sections(contents)?;
    let target = &contents.target;
    let features = features(target)?;
    let text_bytes = target.target.len() + target.cpu.len() + features.len();
    let table_at = (HEADER_BYTES + text_bytes).next_multiple_of(4);
    let mut offsets = Vec::with_capacity(sections.len());
    let mut end = table_at + sections.len() * SECTION_ENTRY_BYTES;
    for section in &sections {
        let align = 1usize.checked_shl(u32::from(section.align_log2)).unwrap_or(usize::MAX / 2);
        let offset = end.next_multiple_of(align);
        offsets.push(count("artifact", offset)?);
        end = offset + section.bytes.len();
    }
    let total = count("artifact", end)?;
    let mut out = Encoder::default();
    out.bytes.reserve_exact(end);
    header(&mut out, contents, sections.len(), total, features.len())?;
    for text in [&target.target, &target.cpu, &features] {
        out.u8s(text.as_bytes());
    }
    out.bytes.resize(table_at, 0);
    for (section, offset) in sections.iter().zip(&offsets) {
        out.u16(section.kind);
        out.u8s(&[section.processor, section.align_log2]);
        out.u32(*offset);
        out.u32(count("section", section.bytes.len())?);
    }
    for (section, offset) in sections.iter().zip(&offsets) {
        out.bytes.resize(*offset as usize, 0);
        out.u8s(&section.bytes);
    }
    let sum = checksum(&out.bytes);
    for (slot, byte) in out.bytes.iter_mut().skip(CHECKSUM_AT).zip(sum.to_le_bytes()) {
        *slot = byte;
    }
    Ok(out.bytes)
}

fn header(
    out: &mut Encoder,
    contents: &ArtifactContents,
    section_count: usize,
    total: u32,
    features: usize,
) -> Result<(), WriteError> {
    let short = |what, size: usize| limited(what, size as u64, u64::from(u16::MAX)).map(|size| size as u16);
    out.u8s(&MAGIC);
    out.u16(VERSION);
    out.u16(short("section table", section_count)?);
    out.u32(0);
    out.u32(total);
    out.u32(contents.arena_bytes);
    out.u32(contents.workspace_bytes);
    out.u32(contents.stack_bytes);
    out.u8s(&[contents.arena_align_log2, 0]);
    out.u16(short("target name", contents.target.target.len())?);
    out.u16(short("CPU name", contents.target.cpu.len())?);
    out.u16(short("CPU features", features)?);
    out.u64(0);
    Ok(())
}

fn features(target: &TargetEntry) -> Result<std::string::String, WriteError> {
    match target.features.iter().find(|feature| feature.is_empty() || feature.contains(',')) {
        Some(feature) => Err(WriteError::BadFeature { feature: feature.clone() }),
        None => Ok(target.features.join(",")),
    }
}

/// The sections in file order: small tables first, then code, then constants, which are the bulk.
fn sections(contents: &ArtifactContents) -> Result<Vec<Section<'_>>, WriteError> {
    let mut strings = Strings::default();
    let mut tables = Vec::new();
    let mut table = |kind: u16, bytes: Vec<u8>| {
        tables.push(Section { kind, processor: 0, align_log2: TABLE_ALIGN_LOG2, bytes: Cow::Owned(bytes) });
    };
    table(kind::IO, encode::io(contents, &mut strings)?);
    table(kind::PLAN, encode::plan(&contents.steps)?);
    table(kind::KERNELS, encode::kernels(contents, &mut strings)?);
    if !contents.processors.is_empty() {
        table(kind::PROCESSORS, encode::processors(contents, &mut strings)?);
    }
    if let Some(golden) = &contents.golden {
        table(kind::GOLDEN, encode::golden(golden)?);
    }
    if let Some(trial) = &contents.trial {
        table(kind::TRIAL, encode::trial(trial)?);
    }
    if contents.with_step_info && !contents.steps.is_empty() {
        table(kind::STEP_INFO, encode::step_info(contents, &mut strings)?);
    }
    if !contents.memory_plan.is_empty() {
        table(kind::MEMORY_PLAN, encode::memory_plan(contents, &mut strings)?);
    }
    if !contents.provenance.is_empty() {
        table(kind::PROVENANCE, encode::provenance(contents, &mut strings)?);
    }
    let text = Cow::Owned(strings.text.into_bytes());
    tables.push(Section { kind: kind::STRINGS, processor: 0, align_log2: 0, bytes: text });
    let mut bulk = |kind, processor, align_log2, bytes| {
        tables.push(Section { kind, processor, align_log2, bytes: Cow::Borrowed(bytes) });
    };
    bulk(kind::CODE, 0, contents.code_align_log2, &contents.code);
    for (number, processor) in (1u8..).zip(&contents.processors) {
        bulk(kind::CODE, number, TABLE_ALIGN_LOG2, &processor.code);
    }
    bulk(kind::CONSTANTS, 0, contents.constants_align_log2, &contents.constants);
    Ok(tables)
}
