//! `cargo xtask bench instructions`: instructions per inference on AArch64, counted under qemu-aarch64.
//!
//! The emulator's log (`QEMU_LOG`) tells each block of instructions once as it is translated, and a line each time a
//! block is entered; the sum of their lengths is the count. The log is kept to addresses above the device server's own
//! program, where only kernels lie. These are instructions, not cycles: they compare schedules and engines repeatably,
//! and say little about time.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use super::Subject;
use crate::{build, process, workspace};

/// Runs of `time --number 1 --repeat 1`: one to warm up, one timed.
const RUNS: u64 = 2;
/// Addresses that are logged: the server is linked below, what it maps lies above.
const KERNELS: &str = "0x1000000+0xffffffff000000";

/// Instructions of one inference.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    all: u64,
    /// Multiply-adds of whole vectors among them.
    vector_fma: u64,
}

/// Counts every subject's instructions and prints a line for each.
pub fn run(subjects: &[Subject], cpu: &str) -> Result<()> {
    let compiler = build::host_compiler()?;
    build::device_server_aarch64()?;
    println!("{:<24}{:>14}{:>14}{:>8}   ({cpu}, one thread)", "model", "instructions", "vector FMAs", "share");
    for subject in subjects {
        let count = measure(&compiler, subject, cpu).with_context(|| subject.name.clone())?;
        let share = 100.0 * count.vector_fma as f64 / count.all as f64;
        let millions = |number: u64| number as f64 / 1e6;
        println!(
            "{:<24}{:>12.3} M{:>12.3} M{share:>6.1} %",
            subject.name,
            millions(count.all),
            millions(count.vector_fma)
        );
    }
    Ok(())
}

fn measure(compiler: &Path, subject: &Subject, cpu: &str) -> Result<Count> {
    let folder = workspace::cache().join("bench");
    fs::create_dir_all(&folder)?;
    let artifact = folder.join(format!("{}.{cpu}.lathe", subject.name));
    let mut compile = Command::new(compiler);
    compile.arg("compile").arg(&subject.path).args(["--target", "aarch64-linux", "--mcpu", cpu]).args(&subject.shapes);
    process::capture(compile.arg("-o").arg(&artifact))?;
    // A log of gigabytes goes through a pipe, not to the disk.
    let pipe = folder.join(format!("{}.log", std::process::id()));
    process::run_silently_named(Command::new("mkfifo").arg(&pipe))?;
    let counted = count_through(&pipe, compiler, &artifact);
    fs::remove_file(&pipe)?;
    fs::remove_file(&artifact)?;
    counted
}

fn count_through(pipe: &Path, compiler: &Path, artifact: &Path) -> Result<Count> {
    // Open for reading and writing: neither end waits for the other, and the reader is told when to stop.
    let keep = File::options().read(true).write(true).open(pipe)?;
    let log = File::open(pipe)?;
    let reader = thread::spawn(move || count(BufReader::with_capacity(1 << 20, log)));
    let mut time = Command::new(compiler);
    time.arg("time").arg(artifact).args(["--device", "qemu:aarch64-linux", "--threads", "1", "--timeout", "36000"]);
    time.args(["--number", "1", "--repeat", "1", "--min-repeat-ms", "0", "--cooldown-ms", "0"]);
    time.env("QEMU_LOG", "in_asm,exec,nochain").env("QEMU_DFILTER", KERNELS).env("QEMU_LOG_FILENAME", pipe);
    let timed = process::capture(&mut time);
    drop(keep);
    let counted = reader.join().map_err(|_| anyhow::anyhow!("the log's reader stopped"))?;
    timed?;
    counted
}

/// A block of instructions, and how often it was entered.
#[derive(Default)]
struct Block {
    length: u64,
    vector_fma: u64,
    entered: u64,
}

/// Reads a log to its end.
fn count(log: impl BufRead) -> Result<Count> {
    let mut blocks: HashMap<u64, Block> = HashMap::new();
    let mut translated: Option<u64> = None;
    for line in log.split(b'\n') {
        let line = line?;
        if line.starts_with(b"IN:") {
            translated = None;
        } else if line.starts_with(b"0x") {
            let line = String::from_utf8_lossy(&line);
            let (address, word) = instruction(&line).with_context(|| format!("not understood: {line}"))?;
            let start = *translated.get_or_insert_with(|| {
                blocks.insert(address, Block { entered: entered(&blocks, address), ..Block::default() });
                address
            });
            let block = blocks.entry(start).or_default();
            block.length += 1;
            block.vector_fma += u64::from(is_vector_fma(word));
        } else if line.starts_with(b"Trace ") {
            let line = String::from_utf8_lossy(&line);
            let address = entry(&line).with_context(|| format!("not understood: {line}"))?;
            blocks.get_mut(&address).with_context(|| format!("no block at {address:#x}"))?.entered += 1;
        }
    }
    let mut total = Count::default();
    for block in blocks.values() {
        if block.entered % RUNS != 0 {
            bail!("a block ran {} times in {RUNS} runs: the log holds more than kernels", block.entered);
        }
        total.all += block.entered / RUNS * block.length;
        total.vector_fma += block.entered / RUNS * block.vector_fma;
    }
    ensure!(total.all > 0, "the emulator logged no instruction of a kernel");
    Ok(total)
}

/// How often a block was entered before it was translated once more.
fn entered(blocks: &HashMap<u64, Block>, address: u64) -> u64 {
    blocks.get(&address).map_or(0, |block| block.entered)
}

/// Address and encoding of `0x55008df000:  6b03005f  cmp …`.
fn instruction(line: &str) -> Option<(u64, u32)> {
    let (address, rest) = line.strip_prefix("0x")?.split_once(':')?;
    let word = rest.split_whitespace().next()?;
    Some((u64::from_str_radix(address, 16).ok()?, u32::from_str_radix(word, 16).ok()?))
}

/// The guest's address in `Trace 0: 0x7fc6c0000100 [0000000000001001/0000000000405d00/00000001/00000200] name`.
fn entry(line: &str) -> Option<u64> {
    let inside = line.split_once('[')?.1.split('/').nth(1)?;
    u64::from_str_radix(inside, 16).ok()
}

/// FMLA and FMLS of vectors, by the Arm architecture's encoding of "three registers of the same type" (single, double
/// and half precision) and "vector by element".
fn is_vector_fma(word: u32) -> bool {
    let same_type = word & 0xbf20_fc00 == 0x0e20_cc00 || word & 0xbf60_fc00 == 0x0e40_0c00;
    let by_element = word & 0xbf00_b400 == 0x0f00_1000 && word >> 22 & 3 != 1;
    same_type || by_element
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two blocks: one of a vector FMLA and a branch entered four times, one of a single instruction entered twice.
    const LOG: &str = "IN: \n0x5500001000:  4f8210a6  fmla v6.4s, v5.4s, v2.s[0]\n0x5500001004:  54ffffe1  b.ne #0x5500001000\n\n\
        Trace 0: 0x7f00 [0000000000001001/0000005500001000/00000001/00000200] \n\
        Trace 0: 0x7f00 [0000000000001001/0000005500001000/00000001/00000200] \n\
        ----------------\nIN: \n0x5500001008:  d65f03c0  ret\n\n\
        Trace 0: 0x7f80 [0000000000001001/0000005500001008/00000001/00000200] \n\
        Trace 0: 0x7f00 [0000000000001001/0000005500001000/00000001/00000200] \n\
        Trace 0: 0x7f00 [0000000000001001/0000005500001000/00000001/00000200] \n\
        Trace 0: 0x7f80 [0000000000001001/0000005500001008/00000001/00000200] \n";

    #[test]
    fn entries_are_weighted_with_lengths() {
        assert_eq!(count(LOG.as_bytes()).unwrap(), Count { all: 5, vector_fma: 2 });
    }

    #[test]
    fn a_log_of_more_than_kernels_is_refused() {
        let (head, _) = LOG.trim_end().rsplit_once('\n').unwrap();
        assert!(count(head.as_bytes()).unwrap_err().to_string().contains("more than kernels"));
        assert!(count("".as_bytes()).is_err());
        assert!(count("Trace 0: 0x7f00 [0/10/0/0] \n".as_bytes()).is_err());
    }

    #[test]
    fn vector_multiply_adds_are_told_by_their_encoding() {
        // fmla v0.4s, v1.4s, v2.4s; fmls v0.2d, v1.2d, v2.2d; fmla v0.4s, v1.4s, v2.s[1]; fmla v0.8h, v1.8h, v2.8h
        for word in [0x4e22_cc20, 0x4ee2_cc20, 0x4fa2_1020, 0x4e42_0c20] {
            assert!(is_vector_fma(word), "{word:#x}");
        }
        // fmadd s0, s1, s2, s3; fadd v0.4s, v1.4s, v2.4s; fmul v0.4s, v1.4s, v2.s[0]; ret
        for word in [0x1f02_0c20, 0x4e22_d420, 0x4f82_9020, 0xd65f_03c0] {
            assert!(!is_vector_fma(word), "{word:#x}");
        }
    }
}
