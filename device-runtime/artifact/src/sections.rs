//! The section table: where each section lies, checked once.

use crate::error::ArtifactError;
use crate::fields::{Fields, Records, check_align, check_zero};
use crate::header::Header;
use crate::layout::{HEADER_BYTES, MAX_ALIGN_LOG2, MAX_SECTIONS, OPTIONAL_KIND, SECTION_ENTRY_BYTES, kind};
use crate::part::Part;

/// One section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a> {
    pub kind: u16,
    pub processor: u8,
    pub align_log2: u8,
    pub bytes: &'a [u8],
}

/// Every section of a file, in file order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sections<'a> {
    file: &'a [u8],
    entries: Records<'a, SECTION_ENTRY_BYTES>,
}

impl<'a> Sections<'a> {
    /// Reads the table of a file whose checksum is right. Sections follow each other without overlap, each at the
    /// first offset that its alignment allows, with zero bytes between, and the last ends the file.
    pub fn parse(file: &'a [u8], header: &Header<'a>) -> Result<Sections<'a>, ArtifactError> {
        if header.section_count > MAX_SECTIONS {
            let value = u32::from(header.section_count);
            return Err(ArtifactError::BadValue { what: Part::SectionCount, index: 0, value });
        }
        check_zero(file.get(header.text_end..header.table_at), Part::PaddingOfTheHeader, 0)?;
        let table = file.get(header.table_at..).unwrap_or(&[]);
        let (entries, _) = Records::split(table, u32::from(header.section_count), Part::SectionTableLength)?;
        let sections = Sections { file, entries };
        let mut end = header.table_at.saturating_add(entries.len().saturating_mul(SECTION_ENTRY_BYTES));
        for (index, entry) in entries.numbered() {
            end = sections.check_entry(index, entry, end)?;
        }
        if end != file.len() {
            return Err(ArtifactError::OutOfRange {
                what: Part::SectionTable,
                index: 0,
                end: u32::try_from(end).unwrap_or(u32::MAX),
                limit: header.total_bytes,
            });
        }
        Ok(sections)
    }

    fn check_entry(self, index: u32, entry: Fields<'a>, end: usize) -> Result<usize, ArtifactError> {
        let (kind, processor, align_log2) = (entry.u16(0), entry.u8(2), entry.u8(3));
        let (offset, length) = (entry.u32(4), entry.u32(8));
        if !is_known(kind) && kind & OPTIONAL_KIND == 0 {
            return Err(ArtifactError::UnknownSection { kind });
        }
        if processor != 0 && kind != kind::CODE {
            return Err(ArtifactError::BadValue { what: Part::SectionProcessor, index, value: u32::from(processor) });
        }
        let found = self.all(kind).filter(|section| section.processor == processor).count();
        if found != 1 {
            return Err(ArtifactError::SectionCount { kind, found: u32::try_from(found).unwrap_or(u32::MAX) });
        }
        check_align(Part::Section, index, offset, align_log2, MAX_ALIGN_LOG2)?;
        let misplaced = ArtifactError::SectionPlacement { kind, offset, length };
        let expected = end.checked_next_multiple_of(1 << align_log2);
        let start = usize::try_from(offset).map_err(|_| misplaced)?;
        let length = usize::try_from(length).map_err(|_| misplaced)?;
        let stop = start.checked_add(length).filter(|stop| *stop <= self.file.len()).ok_or(misplaced)?;
        if start < HEADER_BYTES || Some(start) != expected {
            return Err(misplaced);
        }
        check_zero(self.file.get(end..start), Part::PaddingBeforeSection, index)?;
        Ok(stop)
    }

    fn at(self, entry: Fields<'a>) -> Section<'a> {
        let start = entry.u32(4) as usize;
        let stop = start.saturating_add(entry.u32(8) as usize);
        Section {
            kind: entry.u16(0),
            processor: entry.u8(2),
            align_log2: entry.u8(3),
            bytes: self.file.get(start..stop).unwrap_or(&[]),
        }
    }

    /// All sections, in file order.
    pub fn iter(self) -> impl Iterator<Item = Section<'a>> {
        self.entries.iter().map(move |entry| self.at(entry))
    }

    fn all(self, kind: u16) -> impl Iterator<Item = Section<'a>> {
        self.iter().filter(move |section| section.kind == kind)
    }

    /// The section of `kind` for `processor`, when there is one.
    pub fn find(self, kind: u16, processor: u8) -> Option<Section<'a>> {
        self.all(kind).find(|section| section.processor == processor)
    }

    /// The bytes of the section of `kind`; empty when it is absent.
    pub fn bytes(self, kind: u16) -> &'a [u8] {
        self.find(kind, 0).map_or(&[], |section| section.bytes)
    }

    /// The bytes of a section that every artifact has.
    pub fn required(self, kind: u16) -> Result<&'a [u8], ArtifactError> {
        self.find(kind, 0).map(|section| section.bytes).ok_or(ArtifactError::SectionCount { kind, found: 0 })
    }
}

fn is_known(kind: u16) -> bool {
    matches!(
        kind,
        kind::STRINGS
            | kind::IO
            | kind::PLAN
            | kind::KERNELS
            | kind::CODE
            | kind::CONSTANTS
            | kind::GOLDEN
            | kind::PROCESSORS
            | kind::TRIAL
    )
}
