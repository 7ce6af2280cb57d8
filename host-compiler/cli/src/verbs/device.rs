//! `devices show`: what one device says of itself.

use lathe_runtime_std::{host_features, host_target};
use rpc_protocol::client::DeviceInfo;
use serde_json::json;

use crate::arguments::{DeviceArgs, ShowDeviceArgs};
use crate::console;
use crate::devices::{self, Clock};
use crate::failure::Outcome;

pub fn show(args: &ShowDeviceArgs) -> Outcome {
    let (device, key_file) = (args.device.clone(), args.key_file.clone());
    let info = match device.as_str() {
        "local" => here(),
        _ => devices::info(&DeviceArgs { device, key_file, timeout: args.timeout })?,
    };
    let clock = Clock::of(&info, 0);
    let document = json!({
        "device": args.device, "target": info.target, "cpu": info.cpu, "features": info.features,
        "workers": info.workers, "memory": info.memory,
        "counter": { "name": clock.name(), "hz": clock.hz, "tick_ns": clock.tick_ns() },
    });
    console::report(document, || text(&args.device, &info, clock))
}

fn text(device: &str, info: &DeviceInfo, clock: Clock) -> String {
    let memory = match info.memory {
        0 => "as the system has".to_string(),
        bytes => format!("{bytes} bytes for arena and uploads"),
    };
    format!(
        "{device}\n  target     {}\n  processor  {} ({})\n  workers    {}\n  memory     {memory}\n  counter    {}, {} ticks \
         a second: {:.2} ns each\n",
        info.target,
        info.cpu,
        info.features.join(" "),
        info.workers,
        clock.name(),
        clock.hz,
        clock.tick_ns(),
    )
}

/// This machine.
fn here() -> DeviceInfo {
    DeviceInfo {
        target: host_target().to_string(),
        cpu: std::env::consts::ARCH.to_string(),
        features: host_features().iter().map(|feature| (*feature).to_string()).collect(),
        workers: std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
        memory: 0,
        clock_hz: Clock::HERE.hz,
        counter: Clock::HERE.counter,
    }
}
