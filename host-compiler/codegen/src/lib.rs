//! Loop nests to machine code through LLVM, and to a flat position-independent blob.
