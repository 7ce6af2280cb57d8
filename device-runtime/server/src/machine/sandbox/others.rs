//! The process's memory that is none of a trial's: a child has a copy of it, and takes its own right to write there away
//! before the candidate runs. So a write to anywhere is a fault, as it is on a microcontroller.
#![allow(unsafe_code)]

use std::ops::Range;

use super::guarded::page_bytes;

/// The kernel's list of what is mapped.
const LIST: &str = "/proc/self/maps";

/// Writable mappings, or what of them is not kept.
#[derive(Debug)]
pub struct Others(Vec<Range<usize>>);

impl Others {
    /// Than the pages with the addresses `kept`. None where the system has no list: guards are what is left.
    pub fn than(kept: &[Range<usize>]) -> Others {
        let list = std::fs::read_to_string(LIST).unwrap_or_default();
        Others(without(list.lines().filter_map(writable).collect(), kept, page_bytes()))
    }

    /// Allows this process only to read there from now on. Allocates nothing.
    pub fn protect(&self) {
        for mapping in &self.0 {
            let (start, bytes) = (mapping.start as *mut libc::c_void, mapping.len());
            // SAFETY: in a child, which writes there no more. Where it cannot be done the mapping stays as it is.
            unsafe { libc::mprotect(start, bytes, libc::PROT_READ) };
        }
    }
}

/// What is left of `mappings` without the pages with the addresses `kept`.
fn without(mut mappings: Vec<Range<usize>>, kept: &[Range<usize>], page: usize) -> Vec<Range<usize>> {
    for Range { start, end } in kept {
        let (start, end) = (start / page * page, end.next_multiple_of(page));
        let apart = |other: Range<usize>| [other.start..other.end.min(start), other.start.max(end)..other.end];
        mappings = mappings.into_iter().flat_map(apart).filter(|piece| !piece.is_empty()).collect();
    }
    mappings
}

/// The addresses in a line of the list, if they are writable and no code: `5581…-5582… rw-p 00000000 00:00 0 [heap]`.
fn writable(line: &str) -> Option<Range<usize>> {
    let (addresses, rest) = line.split_once(' ')?;
    let (start, end) = addresses.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    rest.starts_with("rw-").then_some(number(start)?..number(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_is_found_but_for_what_is_kept() {
        assert_eq!(writable("1000-3000 rw-p 00000000 00:00 0 [heap]"), Some(0x1000..0x3000));
        assert_eq!(writable("1000-3000 r--p 00000000 00:00 0"), None);
        assert_eq!(writable("1000-3000 rwxp 00000000 00:00 0"), None);
        let heap = Box::new(7u8);
        let at = (&raw const *heap).addr();
        let found = |others: &Others| others.0.iter().any(|piece| piece.contains(&at));
        let kept = at..at + 1;
        assert!(found(&Others::than(&[])) && !found(&Others::than(std::slice::from_ref(&kept))));
        let mappings = vec![0x1000..0x5000, 0x8000..0x9000, 0xA000..0xB000, 0xC000..0xD000];
        let left = without(mappings, &[0x2345..0x2346, 0x1FFF..0x2000, 0x8800..0xA001], 0x1000);
        assert_eq!(left, [0x3000..0x5000, 0xC000..0xD000]);
    }
}
