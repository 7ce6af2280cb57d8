//! What recipes and the search need to know of a processor. The list of processors lives in code generation.

/// Bytes of a cache line: of every processor described that has a second cache.
pub const CACHE_LINE: usize = 64;

/// Description of one processor as a target of kernels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// architecture family as in `--target`: `x86_64-linux`, `aarch64-linux`, …
    pub name: String,
    /// LLVM triple
    pub triple: String,
    /// LLVM processor name: `x86-64-v3`, `cortex-a57`, …
    pub cpu: String,
    /// CPU features beyond the architecture's base that kernels may use, by their names in the artifact
    pub features: Vec<String>,
    /// width of a vector register in bits (0: no vectors)
    pub vector_bits: u32,
    /// number of vector registers (of single-precision registers where there are no vectors; 0: no floating-point unit)
    pub vector_registers: u32,
    /// general registers that can hold an address, a counter or an integer
    pub address_registers: u32,
    /// whether a multiply-add can take its scalar operand from a lane of a vector register (NEON by-element)
    pub multiply_by_lane: bool,
    /// fused multiply-adds issued per cycle
    pub fma_per_cycle: u32,
    /// cycles until a fused multiply-add's result can be used
    pub fma_latency: u32,
    /// bytes of first-level data cache of a core (0: none)
    pub l1_bytes: u32,
    /// bytes of second-level cache a core can count on (0: none)
    pub l2_bytes: u32,
}

impl Target {
    /// Whether it is a microcontroller: memory counts in kilobytes, constants are used from flash.
    pub fn is_microcontroller(&self) -> bool {
        self.triple.starts_with("thumb")
    }

    /// Where buffers, constants and what lies in a workspace start: at multiples of so many bytes. A cache line; on
    /// microcontrollers a vector, or the widest element.
    pub fn buffer_alignment(&self) -> usize {
        if self.is_microcontroller() { (self.vector_bits as usize / 8).max(8) } else { CACHE_LINE }
    }

    /// Whether floating-point arithmetic is instructions, not calls of functions.
    pub fn float_unit(&self) -> bool {
        self.vector_registers > 0
    }

    /// Lanes of a vector register for elements of `bytes` bytes; at least 1.
    pub fn lanes(&self, bytes: usize) -> i64 {
        (i64::from(self.vector_bits) / 8 / bytes as i64).max(1)
    }
}
