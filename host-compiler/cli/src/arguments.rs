//! What a person types.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::failure::Exit;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failure, 2 wrong usage, 3 unsupported model (or one too large for the board), 4 wrong numbers, 5 device unreachable, 6 timeout,
7 artifact refused.
Environment: RUST_LOG=debug shows what happens (or a list like lathe_driver=debug), NO_COLOR=1 leaves colours out.";

const TOP_EXAMPLES: &str = "\
Examples:
  host-compiler check model.onnx                                        is everything in it supported?
  host-compiler --target x86_64-linux --mcpu native model.onnx -o model.lathe
  host-compiler run model.lathe -i image=cat.png --top 5 --labels labels.txt
  host-compiler time model.lathe --number 10 --repeat 20 --threads 2
  host-compiler compile model.onnx --target aarch64-linux -o arm.lathe
  host-compiler run arm.lathe --device qemu:aarch64-linux -i image=cat.png";

/// Lathe: compiles a trained ONNX model into one compact artifact for a device, runs and times it.
#[derive(Debug, Parser)]
#[command(name = "host-compiler", version, arg_required_else_help = true)]
#[command(override_usage = "host-compiler [compile] MODEL --target TARGET -o OUT.lathe\n       host-compiler VERB …")]
#[command(after_help = format!("{TOP_EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

impl Cli {
    /// Reads the arguments; without a verb they are those of `compile`.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let mut arguments: Vec<OsString> = arguments.into_iter().collect();
        if arguments.get(1).is_some_and(|first| begins_compile(first)) {
            arguments.insert(1, "compile".into());
        }
        Cli::try_parse_from(arguments)
    }
}

/// Whether the first argument is one of `compile`'s and no verb: a flag, or something that looks like a file. A word that
/// is neither is left to be reported as an unknown verb.
fn begins_compile(first: &OsStr) -> bool {
    let first = first.to_string_lossy();
    let own = ["-h", "--help", "-V", "--version"].contains(&first.as_ref());
    !own && (first.starts_with('-') || first.contains(['.', '/']))
}

/// What every verb takes.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Common {
    /// Print one JSON document to standard output (with a `schema` number); logs and progress go to standard error
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Compile a model into an artifact (the default without a verb)
    Compile(CompileArgs),
    /// Run an artifact on inputs from files
    Run(RunArgs),
    /// Time an artifact: 1 + number x repeat runs, every sample printed
    Time(TimeArgs),
    /// Try and time every kernel of a model alone, where it can do no harm
    Trial(TrialArgs),
    /// Show what is in an artifact: sections, plan, memory plan, sizes, kernels, provenance
    Inspect(InspectArgs),
    /// Say which operators of a model are supported, and why others are not, before anything is built
    Check(CheckArgs),
    /// List the targets, or show one
    Targets(TargetsArgs),
    /// List the boards, or show one
    Boards(BoardsArgs),
    /// Put the runtime, and a model, on a board, or start an emulated one
    Flash(FlashArgs),
    /// List serial ports and running emulators as --device takes them, or show a device
    Devices(DevicesArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

impl Verb {
    /// The arguments every verb has.
    pub fn common(&self) -> Common {
        match self {
            Verb::Compile(a) => a.common,
            Verb::Run(a) => a.common,
            Verb::Time(a) => a.common,
            Verb::Trial(a) => a.common,
            Verb::Inspect(a) => a.common,
            Verb::Check(a) => a.common,
            Verb::Targets(a) => a.common,
            Verb::Boards(a) => a.common,
            Verb::Flash(a) => a.common,
            Verb::Devices(a) => a.common,
            Verb::Completions(_) => Common::default(),
        }
    }
}

/// What says how a model becomes a graph.
#[derive(Args, Clone, Debug, Default)]
pub struct ModelArgs {
    /// Fix the shape of an input whose dimensions the model leaves open: --input-shape NAME=1,3,224,224 (repeatable)
    #[arg(long = "input-shape", value_name = "NAME=DIMS")]
    pub input_shapes: Vec<String>,
    /// Take pictures as this input: fold their preparation into the artifact, y = (x * scale - mean) / std, for example
    /// --input image=u8,nhwc,scale=1/255,mean=0.485,0.456,0.406,std=0.229,0.224,0.225,rgb (or bgr; repeatable)
    #[arg(long = "input", value_name = "NAME=u8,nhwc,…")]
    pub pictures: Vec<String>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
Examples:
  host-compiler compile model.onnx --target x86_64-linux -o model.lathe
  host-compiler compile bert.onnx --target x86_64-linux --mcpu native --input-shape input_ids=1,128 -o bert.lathe
  host-compiler compile net.onnx --target aarch64-linux --mcpu cortex-a76 \\
      --input image=u8,nhwc,scale=1/255,mean=0.485,0.456,0.406,std=0.229,0.224,0.225 -o net.lathe
  host-compiler compile keyword.onnx --board mps2-an386 -o keyword.lathe
  host-compiler compile net.onnx --target x86_64-linux --emit loops='conv*'     look at loop nests
  host-compiler compile keyword.onnx --board mps2-an386 --emit staticlib -o libkeyword.a      firmware in C links it

{EXIT_CODES}"))]
pub struct CompileArgs {
    /// The ONNX model
    pub model: PathBuf,
    /// Whom the artifact is for; `host-compiler targets list` shows all
    #[arg(long, required_unless_present = "board")]
    pub target: Option<String>,
    /// The board it is for, by name (`host-compiler boards list` shows all) or by the path of a board.toml: sets target
    /// and processor, shows what the model takes of flash and RAM, and refuses one that does not fit
    #[arg(long)]
    pub board: Option<String>,
    /// Processor of the target; `native` is this machine (default: x86-64-v3, cortex-a57, or the board's)
    #[arg(long)]
    pub mcpu: Option<String>,
    /// Where to write the artifact (with --emit: the text or object; standard output without it)
    #[arg(short, long, value_name = "OUT.lathe")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub graph: ModelArgs,
    /// 0: each operator by itself in plain loops, 1: graph passes and fusion in plain loops, 2: recipes' schedules
    #[arg(short = 'O', value_name = "LEVEL", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub level: u8,
    /// Print an intermediate form instead of writing an artifact: FORM or FORM=GLOB for kernels or nodes that match
    #[arg(
        long,
        value_name = "FORM[=GLOB]",
        help = "Print an intermediate form instead of writing an artifact: graph, \
        program, schedule, loops, llvm-ir, asm or obj; FORM=GLOB only for kernels or nodes that match. Or write the \
        artifact for firmware in C, with a header beside it: c-object (an object file) or staticlib (with the runtime)"
    )]
    pub emit: Option<String>,
    /// Threads to compile with (0: one per processor); the artifact is the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Leave out the golden self-test, whose answers the slow reference interpreter computes
    #[arg(long)]
    pub no_self_test: bool,
    #[command(flatten)]
    pub common: Common,
}

/// A device, and the way to it.
#[derive(Args, Clone, Debug)]
pub struct DeviceArgs {
    /// local (this machine), tcp://HOST[:PORT] (a device-server there), serial:PATH[@BAUD] (a board at a serial line),
    /// qemu:aarch64-linux (an emulated 64-bit ARM) or qemu:BOARD (an emulated microcontroller, whose times are counts
    /// of instructions)
    #[arg(long, default_value = "local")]
    pub device: String,
    /// The file with the device's key (default: LATHE_KEY_FILE, or ~/.config/lathe/key); a device that asks for none is
    /// then refused
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Seconds to wait for one answer of a device
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub timeout: u64,
}

/// What an artifact is given to run on.
#[derive(Args, Clone, Debug)]
pub struct LoadArgs {
    /// Threads to run kernels on (0: one per processor)
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: u32,
    /// Give the model an arena of this many bytes, to try what a smaller machine has (local only)
    #[arg(long, value_name = "BYTES")]
    pub arena: Option<usize>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
Examples:
  host-compiler run model.lathe -i input=x.npy -o y.npz
  host-compiler run model.lathe -i image=cat.jpg --top 5 --labels labels.txt --print-time
  host-compiler run model.lathe -i inputs.npz --device qemu:aarch64-linux
  host-compiler run model.lathe -i inputs.npz --device tcp://jetson.local --key-file jetson.key
  host-compiler run tiny.lathe -i x.npy --device serial:/dev/ttyACM0@115200
  host-compiler run tiny.lathe -i x.npy --device qemu:mps2-an386 --print-time
  host-compiler run model.lathe -i input=x.npy --compare model.onnx      find the first step that computes wrong numbers

{EXIT_CODES}"))]
pub struct RunArgs {
    /// The artifact
    pub artifact: PathBuf,
    #[command(flatten)]
    pub device: DeviceArgs,
    #[command(flatten)]
    pub load: LoadArgs,
    /// An input: NAME=FILE with a .npy, .npz, .png or .jpg file; an .npz alone gives every input it names; a file alone
    /// is the only input (repeatable)
    #[arg(short, long = "input", value_name = "NAME=FILE")]
    pub inputs: Vec<String>,
    /// Write every output under its ONNX name to this .npz
    #[arg(short, long, value_name = "OUT.npz")]
    pub output: Option<PathBuf>,
    /// Print the K largest elements of the first output
    #[arg(long, value_name = "K")]
    pub top: Option<usize>,
    /// A text file with one label per line for --top
    #[arg(long, value_name = "FILE", requires = "top")]
    pub labels: Option<PathBuf>,
    /// Print how long each run took
    #[arg(long)]
    pub print_time: bool,
    /// Run so many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Compile MODEL.onnx again, compare every step with the reference interpreter and name the first that differs
    #[arg(long, value_name = "MODEL.onnx", conflicts_with_all = ["output", "top", "print_time", "repeat", "self_test"])]
    pub compare: Option<PathBuf>,
    /// Run the artifact's golden self-test first
    #[arg(long)]
    pub self_test: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
Examples:
  host-compiler time model.lathe --number 10 --repeat 20
  host-compiler time model.lathe --min-repeat-ms 100 --cooldown-ms 50 --threads 2 --json
  host-compiler time model.lathe --profile
  host-compiler time model.lathe --cpus 1,2,4 --freq 600,1500     latency and energy over processors and clocks
  host-compiler time tiny.lathe --device qemu:mps2-an386 --profile       instructions of every step

{EXIT_CODES}"))]
pub struct TimeArgs {
    /// The artifact
    pub artifact: PathBuf,
    #[command(flatten)]
    pub device: DeviceArgs,
    #[command(flatten)]
    pub load: LoadArgs,
    /// Runs in one sample
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub number: u32,
    /// Samples
    #[arg(long, value_name = "R", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Let `number` grow until a sample takes so long
    #[arg(long, value_name = "M", default_value_t = 0)]
    pub min_repeat_ms: u32,
    /// Rest after each sample
    #[arg(long, value_name = "C", default_value_t = 0)]
    pub cooldown_ms: u32,
    /// Push the model out of the caches before each sample, which is then one run
    #[arg(long)]
    pub flush_cache: bool,
    /// Repeat over these numbers of active processors and print a table: --cpus 1,2,4
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "profile", value_parser = clap::value_parser!(u32).range(1..))]
    pub cpus: Vec<u32>,
    /// Repeat with the clock held at these MHz (Linux boards, as root): --freq 600,1000,1500
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "profile", value_parser = clap::value_parser!(u32).range(1..))]
    pub freq: Vec<u32>,
    /// Time every step: time, share, GFLOP/s; on an emulated board instructions, and stack and arena used. Where there is
    /// an operating system, --repeat is the least number of comparisons with whole runs, which go on until they are certain
    /// or for 15 s; --number, --min-repeat-ms and --flush-cache do not count
    #[arg(long)]
    pub profile: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
Examples:
  host-compiler trial model.onnx                                         every kernel, on this machine
  host-compiler trial tiny.onnx --device qemu:mps2-an386 --kernel 'conv*'
  host-compiler trial tiny.onnx --device serial:/dev/ttyACM0 --board nucleo-l4r5zi --json
  host-compiler trial --suite 1000 --device tcp://jetson --target aarch64-linux      does it tell bad kernels apart?

Inputs and weights are noise made on the device; what a kernel writes is checked there.

{EXIT_CODES}"))]
pub struct TrialArgs {
    /// The ONNX model
    #[arg(required_unless_present = "suite")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Whom to compile for, where the device's name does not tell
    #[arg(long, conflicts_with = "board")]
    pub target: Option<String>,
    /// The board to compile for, where the device's name does not tell
    #[arg(long)]
    pub board: Option<String>,
    /// Processor of the target; `native` is this machine
    #[arg(long)]
    pub mcpu: Option<String>,
    /// Only kernels or nodes that match, `*` and `?` standing for anything
    #[arg(long, value_name = "GLOB")]
    pub kernel: Option<String>,
    /// Kernels in one upload
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub per_upload: usize,
    /// Runs in one sample
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub number: u32,
    /// Samples (default: 5; 1 on an emulated board, which counts the same each time)
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: Option<u32>,
    /// Let `number` grow until a sample takes so long
    #[arg(long, value_name = "M", default_value_t = 0)]
    pub min_repeat_ms: u32,
    /// Abandon a kernel whose trial takes longer
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_ms: u32,
    /// Seed of the noise
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u32,
    /// Make N trials of kernels of which half are bad, instead of a model's: each must be told for what it is
    #[arg(long, value_name = "N", conflicts_with_all = ["model", "kernel"], value_parser = clap::value_parser!(u32).range(1..))]
    pub suite: Option<u32>,
    #[command(flatten)]
    pub graph: ModelArgs,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
pub struct InspectArgs {
    /// The artifact
    pub artifact: PathBuf,
    /// Show what it takes of this board's flash and RAM, and whether it fits
    #[arg(long)]
    pub board: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// The ONNX model
    pub model: PathBuf,
    /// Check that this target is known too
    #[arg(long)]
    pub target: Option<String>,
    #[command(flatten)]
    pub graph: ModelArgs,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
pub struct TargetsArgs {
    #[command(subcommand)]
    pub action: Option<TargetsAction>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Clone, Debug, Subcommand)]
pub enum TargetsAction {
    /// All targets with their processors
    List,
    /// One target: what kernels for it may use
    Show {
        /// Name of the target
        name: String,
        /// Processor of the target
        #[arg(long)]
        mcpu: Option<String>,
    },
}

#[derive(Args, Clone, Debug)]
pub struct BoardsArgs {
    #[command(subcommand)]
    pub action: Option<BoardsAction>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Clone, Debug, Subcommand)]
pub enum BoardsAction {
    /// All boards
    List,
    /// One board: processor, memory, link
    Show {
        /// Its name, or the path of a board.toml
        name: String,
    },
}

#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
Examples:
  host-compiler flash nucleo-l4r5zi keyword.lathe --dry-run        the commands, without running them
  host-compiler flash nucleo-l4r5zi keyword.lathe
  host-compiler flash nucleo-l4r5zi --runner openocd
  host-compiler flash rpi-pico2 keyword.lathe                      hold BOOTSEL while you connect it
  host-compiler flash jetson-orin --to nvidia@192.168.55.1         device-server as a service, with a key
  host-compiler flash mps2-an386 keyword.lathe                     starts the emulator and prints its --device
  host-compiler flash nucleo-l4r5zi --noise                        then: trial MODEL.onnx --device serial:… --board …

{EXIT_CODES}"))]
pub struct FlashArgs {
    /// The board; `host-compiler boards list` shows all
    pub board: String,
    /// An artifact for it, to lie ready there; without one, models are uploaded
    #[arg(value_name = "MODEL.lathe")]
    pub model: Option<PathBuf>,
    /// Noise in the place of a model, for `trial`: kernels then read their weights from flash, as they do in a product.
    /// As much as there is room for, or --noise=BYTES
    #[arg(long, value_name = "BYTES", num_args = 0..=1, require_equals = true, conflicts_with = "model")]
    pub noise: Option<Option<u32>>,
    /// Print the commands a person would type instead of running them
    #[arg(long)]
    pub dry_run: bool,
    /// How: another of the board's runners than its usual one (`boards show` tells them)
    #[arg(long, value_name = "KIND")]
    pub runner: Option<String>,
    /// Where: USER@HOST of a board with Linux, the folder of a boot loader's drive
    #[arg(long, value_name = "USER@HOST|FOLDER")]
    pub to: Option<String>,
    /// Which of several debug probes: VID:PID:SERIAL for probe-rs, the serial number for openocd
    #[arg(long)]
    pub probe: Option<String>,
    /// TCP port that the device server of a board with Linux listens on (default: the board's)
    #[arg(long)]
    pub port: Option<u16>,
    /// The key to reach a board with Linux by; made if there is none (default: LATHE_KEY_FILE or ~/.config/lathe/key)
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
Examples:
  host-compiler devices list
  host-compiler devices show serial:/dev/ttyACM0
  host-compiler time model.lathe --device serial:/dev/ttyACM0

{EXIT_CODES}"))]
pub struct DevicesArgs {
    #[command(subcommand)]
    pub action: Option<DevicesAction>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Clone, Debug, Subcommand)]
pub enum DevicesAction {
    /// Serial ports of this machine, and emulators that `flash` started
    List,
    /// One device: processor, memory, and what it takes times with
    Show(ShowDeviceArgs),
}

#[derive(Args, Clone, Debug)]
pub struct ShowDeviceArgs {
    /// The device, as --device takes it
    pub device: String,
    /// The file with the device's key (default: LATHE_KEY_FILE, or ~/.config/lathe/key)
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Seconds to wait for one answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub timeout: u64,
}

#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

/// Prints what was wrong with the arguments, or the help that was asked for; gives the exit code.
pub fn explain(error: &clap::Error) -> ExitCode {
    // A standard output or error that is closed takes nothing, and there is nobody to tell.
    let _ = error.print();
    let asked = matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
    if asked { Exit::Done.into() } else { Exit::Usage.into() }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_verb_means_compile() {
        let read = |words: &[&str]| Cli::read(["host-compiler"].iter().chain(words).map(OsString::from));
        let bare = read(&["--target", "aarch64-jetson", "m.onnx", "-o", "m.lathe"]).unwrap();
        assert!(matches!(bare.verb, Verb::Compile(c) if c.target.as_deref() == Some("aarch64-jetson")));
        let bare = read(&["m.onnx", "--target", "aarch64-linux", "--json"]).unwrap();
        assert!(bare.verb.common().json);
        assert!(matches!(read(&["inspect", "m.lathe", "--json"]).unwrap().verb, Verb::Inspect(_)));
        assert!(read(&["m.onnx"]).is_err());
        assert!(read(&["m.onnx", "--board", "desk", "-o", "m.lathe"]).is_ok());
        let unknown = read(&["complie", "m.onnx"]).unwrap_err().to_string();
        assert!(unknown.contains("compile"), "{unknown}");
    }
}
