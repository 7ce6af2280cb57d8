//! The fixed header and the target's text, read before anything else.

use crate::error::{ArtifactError, Name};
use crate::fields::Fields;
use crate::host::Host;
use crate::layout::{HEADER_BYTES, MAGIC, MAX_ALIGN_LOG2, VERSION};
use crate::part::Part;

/// What the header says: whom the artifact is for and the memory it needs.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// Target name as `--target` takes it.
    pub target: &'a str,
    /// CPU name as `--mcpu` takes it.
    pub cpu: &'a str,
    /// CPU features the kernels need, separated by commas; see [`Header::features`].
    features: &'a str,
    /// Bytes of the whole file.
    pub total_bytes: u32,
    /// Bytes of the arena that hold tensors.
    pub arena_bytes: u32,
    /// Bytes each worker needs behind the tensors.
    pub workspace_bytes: u32,
    /// Stack bytes that running needs, kernels and executor together.
    pub stack_bytes: u32,
    /// Alignment of the arena, as a power of two.
    pub arena_align_log2: u8,
    pub(crate) stored_checksum: u32,
    pub(crate) section_count: u16,
    /// Where the section table starts.
    pub(crate) text_end: usize,
    pub(crate) table_at: usize,
}

impl<'a> Header<'a> {
    /// Reads the header of `bytes` and checks magic, version, and, with `host`, target and CPU features.
    pub fn parse(bytes: &'a [u8], host: Option<&Host<'_>>) -> Result<Header<'a>, ArtifactError> {
        let seen = bytes.get(..MAGIC.len()).unwrap_or(bytes);
        if seen.is_empty() || !MAGIC.starts_with(seen) {
            return Err(ArtifactError::NotAnArtifact);
        }
        let fixed = Fields(bytes.get(..HEADER_BYTES).ok_or_else(|| truncated(HEADER_BYTES, bytes))?);
        let found = fixed.u16(8);
        if found != VERSION {
            return Err(ArtifactError::UnsupportedVersion { found, supported: VERSION });
        }
        let header = Header::read(bytes, fixed)?;
        if let Some(host) = host {
            header.check_host(host)?;
        }
        header.check_reserved(fixed)?;
        Ok(header)
    }

    fn read(bytes: &'a [u8], fixed: Fields<'a>) -> Result<Header<'a>, ArtifactError> {
        let mut at = HEADER_BYTES;
        let mut text = |length_at: usize, index: u32| {
            let end = at.saturating_add(usize::from(fixed.u16(length_at)));
            let raw = bytes.get(at..end).ok_or_else(|| truncated(end, bytes))?;
            at = end;
            core::str::from_utf8(raw).map_err(|_| ArtifactError::BadText { what: Part::HeaderText, index })
        };
        Ok(Header {
            target: text(34, 0)?,
            cpu: text(36, 1)?,
            features: text(38, 2)?,
            stored_checksum: fixed.u32(12),
            total_bytes: fixed.u32(16),
            arena_bytes: fixed.u32(20),
            workspace_bytes: fixed.u32(24),
            stack_bytes: fixed.u32(28),
            arena_align_log2: fixed.u8(32),
            section_count: fixed.u16(10),
            text_end: at,
            table_at: at.next_multiple_of(4),
        })
    }

    fn check_host(&self, host: &Host<'_>) -> Result<(), ArtifactError> {
        if self.target != host.target {
            return Err(ArtifactError::WrongTarget { artifact: Name::new(self.target), host: host.target });
        }
        match self.features().find(|feature| !host.has(feature)) {
            None => Ok(()),
            Some(feature) => {
                Err(ArtifactError::MissingFeature { cpu: Name::new(self.cpu), feature: Name::new(feature) })
            }
        }
    }

    fn check_reserved(&self, fixed: Fields<'a>) -> Result<(), ArtifactError> {
        let reserved = u64::from(fixed.u8(33)) | fixed.u64(40);
        if reserved != 0 {
            return Err(ArtifactError::BadValue { what: Part::ReservedHeaderField, index: 0, value: reserved as u32 });
        }
        if self.arena_align_log2 > MAX_ALIGN_LOG2 {
            return Err(ArtifactError::BadValue {
                what: Part::ArenaAlignment,
                index: 0,
                value: u32::from(self.arena_align_log2),
            });
        }
        Ok(())
    }

    /// CPU features the kernels need, in the spelling of Rust's target features.
    pub fn features(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.features.split(',').filter(|feature| !feature.is_empty())
    }

    /// Alignment of the arena in bytes.
    pub fn arena_align(&self) -> usize {
        1 << self.arena_align_log2.min(MAX_ALIGN_LOG2)
    }

    /// Where the workspace of `worker` starts in the arena; `None` when that exceeds the address space.
    pub fn workspace_offset(&self, worker: usize) -> Option<usize> {
        let align = self.arena_align();
        let tensors = usize::try_from(self.arena_bytes).ok()?.checked_next_multiple_of(align)?;
        let stride = usize::try_from(self.workspace_bytes).ok()?.checked_next_multiple_of(align)?;
        tensors.checked_add(stride.checked_mul(worker)?)
    }

    /// Bytes of arena that `workers` workers need, tensors and workspaces; `None` when that exceeds the address space.
    pub fn arena_bytes_for(&self, workers: usize) -> Option<usize> {
        if self.workspace_bytes == 0 { usize::try_from(self.arena_bytes).ok() } else { self.workspace_offset(workers) }
    }
}

fn truncated(needed: usize, bytes: &[u8]) -> ArtifactError {
    ArtifactError::Truncated {
        needed: u32::try_from(needed).unwrap_or(u32::MAX),
        have: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    }
}
