//! The memory map for the linker and the constants for `main.rs`, from `board.toml`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    lathe_memory_map::build()
}
