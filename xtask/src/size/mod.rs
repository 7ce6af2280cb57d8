//! `cargo xtask size`: what each part of the runtime takes of a microcontroller's flash, against a committed budget.
//!
//! The first table is the whole firmware of a board, by the sources of its bytes. The second holds executor and loader
//! alone, as a program gets them that links nothing else, and the server as a robot's firmware gets it: differences of linked
//! images (`boards/footprint`), which do not link if loading, running or serving a model could panic.

mod parts;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::arguments::Arguments;
use crate::board::{self, Board};
use crate::process;
use crate::toolchain::{Toolchain, firmware_target};

/// The board whose firmware is measured.
const BOARD: &str = "mps2-an386";
/// From the package `llvm-19`.
const SIZE_TOOL: &str = "llvm-size-19";
/// Most bytes of each part.
const BUDGET: &str = include_str!("../../size-budget.toml");

/// A part, and its bytes of flash.
type Part = (&'static str, u64);

/// The verb: two tables; what is over its budget is an error.
pub fn run(arguments: Arguments) -> Result<()> {
    arguments.nothing_more()?;
    let board = board::find(BOARD)?;
    board::build(&board)?;
    let budget = budget(BUDGET)?;
    let whole = whole(&board::firmware(&board))?;
    show(&format!("firmware of {BOARD}"), &whole, &budget);
    let alone = alone(&board)?;
    show("in a program of yours", &alone, &budget);
    within(&[whole, alone].concat(), &budget)
}

fn show(title: &str, parts: &[Part], budget: &BTreeMap<String, u64>) {
    println!("\n{title:<24} {:>8} {:>8}", "bytes", "budget");
    for (name, bytes) in parts {
        let most = budget.get(*name).map_or(String::new(), u64::to_string);
        println!("{name:<24} {bytes:>8} {most:>8}");
    }
}

/// Most bytes of a part, by the part's name.
fn budget(text: &str) -> Result<BTreeMap<String, u64>> {
    let table: toml::Table = text.parse().context("xtask/size-budget.toml")?;
    let bytes = |value: &toml::Value| u64::try_from(value.as_integer()?).ok();
    let entry = |(name, value): (&String, &toml::Value)| {
        let bytes = bytes(value).with_context(|| format!("size-budget.toml: `{name}` is no number of bytes"))?;
        Ok((name.clone(), bytes))
    };
    table.iter().map(entry).collect()
}

/// The parts of a board's firmware, and all of it.
fn whole(image: &Path) -> Result<Vec<Part>> {
    let mut parts = parts::of(image)?;
    let (sum, bytes) = (parts.iter().map(|(_, bytes)| bytes).sum::<u64>(), measure(image)?);
    // Sections are aligned, and what lies between them is flash too.
    ensure!(sum.abs_diff(bytes) <= 64, "the parts are {sum} bytes and the image {bytes}: a section is not counted");
    parts.push(("whole firmware", bytes));
    Ok(parts)
}

/// Loader, executor and server by themselves: differences of images.
fn alone(board: &Board) -> Result<Vec<Part>> {
    let toolchain = Toolchain::for_target(firmware_target(&board.target)?)?;
    board::build_package(&toolchain, "lathe-footprint")?;
    let image = |name: &str| measure(&toolchain.output_in(&board::cargo_folder()).join(name));
    let [startup, loader, executor, serving] =
        [image("startup")?, image("loader")?, image("executor")?, image("serving")?];
    let less = |a: u64, b: u64| a.checked_sub(b).context("an image is smaller than one it contains");
    Ok(vec![
        ("loader alone", less(loader, startup)?),
        ("executor beside it", less(executor, loader)?),
        ("loader + executor", less(executor, startup)?),
        ("server beside them", less(serving, executor)?),
    ])
}

/// Fails when a part is over its budget, or the budget names a part that there is not.
fn within(parts: &[Part], budget: &BTreeMap<String, u64>) -> Result<()> {
    for (name, most) in budget {
        let part = parts.iter().find(|(part, _)| part == name);
        let (_, bytes) = part.with_context(|| format!("size-budget.toml: there is no part `{name}`"))?;
        ensure!(bytes <= most, "{name} takes {bytes} bytes of flash, {} over its budget of {most}", bytes - most);
    }
    Ok(())
}

/// Bytes of flash of a linked image: code, constants and initial values.
fn measure(image: &Path) -> Result<u64> {
    let told = process::capture(Command::new(SIZE_TOOL).arg("--format=berkeley").arg(image))?;
    parse(&told).with_context(|| format!("{SIZE_TOOL} on {}", image.display()))
}

/// The first two numbers of the tool's second line, added.
fn parse(told: &str) -> Option<u64> {
    let mut numbers = told.lines().nth(1)?.split_whitespace().map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_table_is_read() {
        let told =
            "   text\t   data\t    bss\t    dec\t    hex\tfilename\n    120\t      4\t     16\t    140\t     8c\ta.o\n";
        assert_eq!(parse(told), Some(124));
        assert_eq!(parse("nothing"), None);
    }

    #[test]
    fn a_byte_over_the_budget_is_one_too_many() {
        let budget = budget("a = 10\n'b + c' = 5").unwrap();
        assert!(within(&[("a", 10), ("b + c", 5), ("d", 99)], &budget).is_ok());
        let over = within(&[("a", 10), ("b + c", 6)], &budget).unwrap_err().to_string();
        assert_eq!(over, "b + c takes 6 bytes of flash, 1 over its budget of 5");
        assert!(within(&[("a", 10)], &budget).unwrap_err().to_string().contains("no part `b + c`"));
    }

    #[test]
    fn the_committed_budget_holds_the_limits() {
        let limits = budget(BUDGET).unwrap();
        assert_eq!((limits["loader + executor"], limits["whole firmware"]), (12 * 1024, 32 * 1024));
        assert!(budget("a = 'much'").is_err());
    }
}
