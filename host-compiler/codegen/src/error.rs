//! What can go wrong in code generation, and whose fault it is.

/// Why no code came out.
#[derive(Debug, thiserror::Error)]
pub enum CodegenError {
    /// `--target` names no target
    #[error("unknown target `{name}`; {hint}")]
    UnknownTarget {
        /// what was asked for
        name: String,
        /// near matches, or the whole list
        hint: String,
    },
    /// `--mcpu` names no processor of the target
    #[error("target {target} has no processor `{cpu}`; {hint}")]
    UnknownCpu {
        /// the target
        target: String,
        /// what was asked for
        cpu: String,
        /// near matches, or the whole list
        hint: String,
    },
    /// `--mcpu native` for another architecture, or on a machine that lacks what kernels need
    #[error("`--mcpu native` cannot be used: {0}")]
    Native(String),
    /// two kernels of one name
    #[error("two kernels are named `{0}`; this is a bug, please report it")]
    DuplicateKernel(String),
    /// a loop nest that breaks the rules of `lathe_tensor::loops`
    #[error("kernel {kernel}: {what}; this is a bug, please report it")]
    BadKernel {
        /// the kernel
        kernel: String,
        /// which rule
        what: String,
    },
    /// an expression with no meaning, for example `Sqrt` of an integer
    #[error("kernel {kernel}: {what} is not supported")]
    Unsupported {
        /// the kernel
        kernel: String,
        /// what
        what: String,
    },
    /// LLVM refused
    #[error("LLVM: {what} (kernel {kernel}); this is a bug, please report it")]
    Llvm {
        /// the kernel, or the target
        kernel: String,
        /// LLVM's words
        what: String,
    },
    /// no linker on this machine
    #[error("ld.lld-19 was not found; install it with `apt-get install lld-19`")]
    NoLinker,
    /// the linker refused
    #[error("linking the kernels failed: {0}")]
    Link(String),
    /// kernels that call functions nobody provides
    #[error("kernels need functions that the blob does not have: {}", .0.join(", "))]
    UndefinedSymbols(Vec<String>),
    /// a target whose builtins this compiler was built without
    #[error(
        "this host-compiler was built without the builtins of {target}, which its kernels call for what the processor \
         has no instructions for; run `cargo xtask setup` in the project, then build host-compiler again"
    )]
    NoBuiltins {
        /// the target
        target: String,
    },
    /// a builtin that holds an address
    #[error("a builtin of the kernels for {0} is not position independent; this is a bug, please report it")]
    PositionDependent(String),
    /// a relocation that would need an address at load time
    #[error("kernel {kernel} needs a load-time relocation ({what}); a blob may have none")]
    Relocation {
        /// the kernel
        kernel: String,
        /// kind and symbol
        what: String,
    },
    /// files of the linker's working folder
    #[error("working folder of the linker: {0}")]
    Io(#[from] std::io::Error),
}
