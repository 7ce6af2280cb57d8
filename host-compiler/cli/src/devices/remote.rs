//! A device at the other end of a link that speaks the device protocol.

use std::time::Duration;

use lathe_artifact::Artifact;
use lathe_runtime_std::{GoldenError, Timing, conditions};
use rpc_protocol::client::{ClientError, Samples};
use rpc_protocol::{Condition, FaultCode, Loaded, MemoryUse, Request, WrongElement};

use super::session::Session;
use super::{Clock, Device, RunTimes, StepTime, TimeRequest, TimeUnit};
use crate::console;
use crate::failure::{Exit, Failure, Outcome};

/// A device at the other end of a link.
pub struct Remote {
    client: Session,
    clock: Clock,
    unit: TimeUnit,
    deadline: Duration,
    steps: Vec<StepTime>,
}

impl Remote {
    /// Uploads the artifact and loads it, to run on `threads` threads. `unit` is what the device's times are.
    pub fn load(
        mut client: Session,
        unit: TimeUnit,
        deadline: Duration,
        threads: u32,
        artifact: &[u8],
    ) -> Outcome<Remote> {
        let clock = Clock::of(&client.info()?, 0);
        let bar = console::progress(Some(artifact.len() as u64));
        bar.set_message("uploading");
        let uploaded = client.upload(artifact, |have| bar.set_position(have as u64));
        bar.finish_and_clear();
        uploaded?;
        let Loaded { arena, threads, .. } = client.load(threads, deadline)?;
        log::info!("loaded: arena of {arena} bytes, {threads} thread(s)");
        Ok(Remote { client, clock, unit, deadline, steps: steps(artifact) })
    }
}

/// What the artifact says of its steps, times not yet known.
fn steps(artifact: &[u8]) -> Vec<StepTime> {
    let Ok(artifact) = Artifact::parse(artifact) else { return Vec::new() };
    let step = |(i, s): (usize, lathe_artifact::Step<'_>)| {
        let info = artifact.step_info(i);
        StepTime {
            step: i,
            label: info.map(|i| i.label.to_string()).unwrap_or_default(),
            kernel: artifact.kernel(s.kernel).map(|k| k.name.to_string()).unwrap_or_default(),
            operations: info.map_or(0, |i| i.operations),
            bytes: s.arguments().map(|a| u64::from(a.bytes)).sum(),
            ms: 0.0,
        }
    };
    artifact.steps().enumerate().map(step).collect()
}

/// Ticks of a counter as milliseconds.
fn milliseconds(ticks: u64, clock_hz: u64) -> f64 {
    ticks as f64 * 1e3 / clock_hz.max(1) as f64
}

fn timing(samples: &Samples, conditions: &[Condition], clock_hz: u64) -> Timing {
    let one = |t: &u64| milliseconds(*t, clock_hz) / f64::from(samples.number.max(1));
    let seen = |c: &Condition| conditions::Condition { khz: c.khz, milliwatts: c.milliwatts, throttled: c.throttled };
    let samples_ms = samples.ticks.iter().map(one).collect();
    Timing { samples_ms, number: samples.number, conditions: conditions.iter().map(seen).collect() }
}

impl Device for Remote {
    fn unit(&self) -> TimeUnit {
        self.unit
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn set_input(&mut self, index: usize, bytes: &[u8]) -> Outcome {
        Ok(self.client.set_input(index as u32, bytes)?)
    }

    fn run(&mut self) -> Outcome<f64> {
        Ok(milliseconds(self.client.run(self.deadline)?, self.clock.hz))
    }

    fn output(&mut self, index: usize, bytes: usize) -> Outcome<Vec<u8>> {
        Ok(self.client.output(index as u32, bytes)?)
    }

    fn reload(&mut self, threads: u32) -> Outcome {
        self.client.load(threads, self.deadline)?;
        Ok(())
    }

    fn hold_clock(&mut self, khz: u32) -> Outcome {
        Ok(self.client.hold_clock(khz)?)
    }

    fn time(&mut self, r: &TimeRequest) -> Outcome<Timing> {
        let request = Request::Time {
            number: r.number,
            repeat: r.repeat,
            min_repeat_ms: r.min_repeat_ms,
            cooldown_ms: r.cooldown_ms,
            flush_cache: r.flush_cache,
        };
        let samples = self.client.time(&request, self.deadline)?;
        self.clock.overhead = samples.overhead;
        let conditions = self.client.conditions(samples.ticks.len())?;
        Ok(timing(&samples, &conditions, self.clock.hz))
    }

    fn profile(&mut self, number: u32) -> Outcome<RunTimes> {
        let samples = self.client.time(&Request::Profile { number }, self.deadline)?;
        self.clock.overhead = samples.overhead;
        let times = timing(&samples, &[], self.clock.hz).samples_ms;
        let steps = self.steps.iter().zip(&times).map(|(step, &ms)| StepTime { ms, ..step.clone() }).collect();
        Ok(RunTimes { inputs_ms: times.get(self.steps.len()).copied(), steps })
    }

    fn self_test(&mut self) -> Outcome {
        match self.client.self_test(self.deadline)? {
            None => Ok(()),
            Some(wrong) => {
                let WrongElement { output, element, expected, found, tolerance } = wrong;
                let mismatch = GoldenError::Mismatch { output, element, expected, found, tolerance };
                Err(Failure::new(Exit::WrongNumbers, format!("self-test: {mismatch}")))
            }
        }
    }

    fn memory_use(&mut self) -> Outcome<Option<MemoryUse>> {
        match self.client.memory_use() {
            Ok(used) => Ok(Some(used)),
            Err(ClientError::Device { code: FaultCode::Unsupported, .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
}
