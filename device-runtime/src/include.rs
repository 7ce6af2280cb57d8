//! Artifacts and arenas as part of a program, with the alignment they need.

/// Memory for an arena, aligned for every artifact whose arena asks for 64 bytes or less, which is what the compiler
/// makes.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct ArenaMemory<const BYTES: usize>(pub [u8; BYTES]);

/// The bytes of an artifact file as part of the program, `&'static [u8]`, at an alignment that lets code and constants
/// be used in place.
///
/// `include_artifact!("model.lathe")` aligns to 64 bytes. `include_artifact!("model.lathe", align = 4096)` is for code
/// that asks for more; loading says so. The path is relative to the file it stands in, as for `include_bytes!`.
#[macro_export]
macro_rules! include_artifact {
    ($path:expr) => {
        $crate::include_artifact!($path, align = 64)
    };
    ($path:expr, align = $align:tt) => {{
        #[repr(C, align($align))]
        struct Aligned<Bytes: ?Sized>(Bytes);
        static ALIGNED: &Aligned<[u8]> = &Aligned(*include_bytes!($path));
        &ALIGNED.0
    }};
}
