//! `include_artifact!` gives the file's bytes, aligned.

use device_runtime::{ArenaMemory, include_artifact};

#[test]
fn included_bytes_are_the_file_and_aligned() {
    let here: &'static [u8] = include_artifact!("include.rs");
    assert!(here.starts_with(b"//! `include_artifact!` gives"));
    assert_eq!(here.as_ptr().addr() % 64, 0);
    let page: &'static [u8] = include_artifact!("include.rs", align = 4096);
    assert_eq!((page.as_ptr().addr() % 4096, page), (0, here));
}

#[test]
fn arena_memory_is_aligned() {
    let arena = ArenaMemory([0u8; 100]);
    assert_eq!((arena.0.as_ptr().addr() % 64, arena.0.len()), (0, 100));
}
