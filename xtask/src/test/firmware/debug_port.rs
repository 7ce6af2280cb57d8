//! A host at the debug port of a robot that works: it times, profiles and runs the network in the robot's flash, sends
//! garbage, and control keeps its period all the while.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::BOARD;
use super::emulator::{self, Running};
use crate::numpy::{self, Array};
use crate::{process, workspace};

/// Periods over which the host comes again and again.
const PERIODS: u64 = 10_000;
/// Profiles in that time at the least, however slow this machine is: then it takes longer.
const LEAST_PROFILES: u32 = 4;
/// How far the sum of the steps may be from the whole run, besides a tick of the clock for each.
const SUM: f64 = 0.03;
/// What coming to an interrupt's work and going back takes at the most.
const INTERRUPT_NS: u64 = 500;
/// A tick of the robots' clock.
const TICK_MS: f64 = 1e3 / 25e6;
/// Bytes of garbage.
const GARBAGE: usize = 16 << 10;

/// A robot's firmware, and what a host knows of it.
pub struct Robot<'a> {
    pub image: &'a Path,
    /// The artifact in its flash.
    pub artifact: &'a Path,
    /// The network's input: its name, and its values in each round.
    pub input: &'a str,
    pub values: fn(u32) -> Array,
    /// Whether these are the outputs on the input of that round.
    pub is_right: fn(u32, &[f64]) -> bool,
}

/// What the robot reports.
struct Reported {
    periods: u64,
    missed: u64,
    runs: u64,
    /// Milliseconds of a period, and the most that control takes of one.
    period_ms: f64,
    control_ms: f64,
}

/// No period is missed and no answer wrong, the robot's own and those for the host, whatever the host does. Gives the
/// figures and the robot's last report.
pub fn check(compiler: &Path, robot: &Robot<'_>) -> Result<(String, Vec<String>)> {
    let mut running = Running::start(BOARD, robot.image)?;
    let host = Host { compiler, robot, device: running.device() };
    let before = reported(&running.report()?)?;
    let steps = host.steps()?;
    let (mut rounds, mut now) = (0, 0);
    while rounds < LEAST_PROFILES || now < before.periods + PERIODS {
        host.profile(steps)?;
        host.run(rounds)?;
        rounds += 1;
        if let Some(report) = running.newest()? {
            now = reported(&report)?.periods;
        }
    }
    let told = running.disturb(&garbage())?;
    ensure!(told > 0, "the robot tells of no damaged frame");
    host.run(rounds)?;
    let longer = host.compare_times(&before)?;
    running.newest()?;
    let last = running.report()?;
    let after = reported(&last)?;
    let (periods, runs) = (after.periods - before.periods, after.runs - before.runs);
    ensure!(after.missed == 0, "{} of {} periods missed while a host was there", after.missed, after.periods);
    ensure!(runs > 0, "the robot's own network stood still");
    let told = format!(
        "0 of {periods} periods missed in {rounds} profiles of {steps} steps and {GARBAGE} bytes of garbage{longer}"
    );
    Ok((told, last))
}

/// The figures of a report, all of whose answers are right.
fn reported(lines: &[String]) -> Result<Reported> {
    let [periods, period_ns, missed] = emulator::figures(lines, "control:", "missed")?[..] else {
        bail!("the line on missed periods has other figures")
    };
    let [_, longest_work_ns] = emulator::figures(lines, "control:", "longest work")?[..] else {
        bail!("the line on control's work has other figures")
    };
    let [runs, right, judged] = emulator::figures(lines, "inference:", "judged")?[..] else {
        bail!("the line on inferences has other figures")
    };
    ensure!(right == judged, "{} of {judged} answers of the robot's own are wrong", judged - right);
    let ms = |ns: u64| ns as f64 / 1e6;
    let (period_ms, control_ms) = (ms(period_ns), ms(longest_work_ns + INTERRUPT_NS));
    Ok(Reported { periods, missed, runs, period_ms, control_ms })
}

/// The compiler at the robot's debug port.
struct Host<'a> {
    compiler: &'a Path,
    robot: &'a Robot<'a>,
    device: String,
}

impl Host<'_> {
    /// Steps of the artifact's plan.
    fn steps(&self) -> Result<usize> {
        let told = self.told(Command::new(self.compiler).arg("inspect").arg(self.robot.artifact))?;
        told["steps"].as_array().map(Vec::len).filter(|steps| *steps > 0).context("the artifact has no steps")
    }

    /// Every step is timed, and together they are the whole.
    fn profile(&self, steps: usize) -> Result<()> {
        let told = self.time(&self.device, &["--profile", "--repeat", "30", "--number", "30"])?;
        let times = told["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        let timed = times.iter().filter(|step| step["median_ms"].as_f64().is_some_and(|ms| ms > 0.0)).count();
        ensure!(timed == steps, "{timed} of {steps} steps are timed");
        let ms = |what: &str| told[what].as_f64().with_context(|| format!("no {what}"));
        let (sum, whole) = (ms("total_ms")?, ms("whole_run_ms")?);
        let most = SUM * whole + steps as f64 * TICK_MS;
        ensure!((sum - whole).abs() <= most, "the steps together take {sum} ms, a whole run {whole} ms");
        Ok(())
    }

    /// A run for the host gives the right outputs.
    fn run(&self, round: u32) -> Result<()> {
        let folder = workspace::target().join("firmware-test");
        fs::create_dir_all(&folder)?;
        let (input, output) = (folder.join("input.npy"), folder.join("output.npz"));
        fs::write(&input, (self.robot.values)(round).to_npy())?;
        let mut run = Command::new(self.compiler);
        run.arg("run").arg(self.robot.artifact).args(["--device", &self.device]);
        run.arg("-i").arg(format!("{}={}", self.robot.input, input.display())).arg("-o").arg(&output);
        self.told(&mut run)?;
        let outputs = numpy::read_npz(&output)?;
        let values = outputs.first().and_then(|(_, array)| array.floats()).context("no output came")?;
        ensure!((self.robot.is_right)(round, &values), "round {round}: the robot answers {values:?}");
        Ok(())
    }

    /// A run takes longer in the robot than on the same board without one: by the interrupts that fall into it, at least a
    /// tick of the clock in each whole period, and by no more. Says by how much, if a run is longer than a period.
    fn compare_times(&self, reported: &Reported) -> Result<String> {
        let options = ["--repeat", "10", "--number", "30"];
        let median = |device: &str| {
            let told = self.time(device, &options)?;
            told["median_ms"].as_f64().context("no time came")
        };
        let (robot, alone) = (median(&self.device)?, median(&format!("qemu:{BOARD}"))?);
        let periods = (alone / reported.period_ms).floor();
        // Both are whole ticks in each run.
        let (least, most) = ((periods - 1.0) * TICK_MS, (periods + 1.0) * reported.control_ms + TICK_MS);
        let longer = robot - alone;
        ensure!(
            (least..=most).contains(&longer),
            "a run takes {robot} ms in the robot and {alone} ms without it: {least} to {most} ms more are its interrupts"
        );
        let told = format!(", a run takes {:.2} % longer than without the robot", 100.0 * longer / alone);
        Ok(if periods >= 1.0 { told } else { String::new() })
    }

    fn time(&self, device: &str, options: &[&str]) -> Result<Value> {
        let mut time = Command::new(self.compiler);
        self.told(time.arg("time").arg(self.robot.artifact).args(["--device", device]).args(options))
    }

    fn told(&self, command: &mut Command) -> Result<Value> {
        eprintln!("$ {}", process::shown(command.arg("--json")));
        serde_json::from_str(&process::capture(command)?).context("the compiler printed no JSON")
    }
}

/// Bytes of every value, the longest piece without a frame's end longer than any frame.
fn garbage() -> Vec<u8> {
    let mut state = 1u32;
    let mut bytes: Vec<u8> = (0..GARBAGE)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    bytes[..GARBAGE / 4].iter_mut().for_each(|byte| *byte |= 1);
    // The end of the last frame, so that the next one is whole.
    bytes.push(0);
    bytes
}
