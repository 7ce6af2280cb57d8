//! Whether the system slows the processor down.
//!
//! * x86 counts it: `devices/system/cpu/cpu*/thermal_throttle/*_throttle_count` (Linux, sysfs-devices-system-cpu).
//! * A cooling device that caps the clock is above state 0: `class/thermal/cooling_device*/{type,cur_state}` (Linux,
//!   sysfs-class-thermal); its type is `cpufreq-…`, `thermal-cpufreq-…` or `Processor`.
//! * A Raspberry Pi's firmware tells in the low four bits of `get_throttled`: under-voltage, clock capped, throttled,
//!   soft temperature limit.

use super::Sysfs;

const PI: &str = "devices/platform/soc/soc:firmware/get_throttled";
const PI_NOW: u32 = 0b1111;

/// What the system tells at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// how often it happened so far
    events: u64,
    /// whether it is so now
    now: bool,
}

impl Throttle {
    /// At this moment.
    pub fn now(files: &Sysfs) -> Throttle {
        let counts = files.entries("devices/system/cpu", "cpu").into_iter().flat_map(|cpu| {
            ["core_throttle_count", "package_throttle_count"].map(|file| cpu.join("thermal_throttle").join(file))
        });
        let cooled = files.entries("class/thermal", "cooling_device").into_iter().any(|device| {
            let kind = files.text(device.join("type")).unwrap_or_default();
            let caps = kind.starts_with("cpufreq") || kind.starts_with("thermal-cpufreq") || kind == "Processor";
            caps && files.number::<u32>(device.join("cur_state")).is_some_and(|state| state > 0)
        });
        let pi = files.text(PI).and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok());
        Throttle {
            events: counts.filter_map(|file| files.number::<u64>(file)).sum(),
            now: cooled || pi.is_some_and(|bits| bits & PI_NOW != 0),
        }
    }

    /// Whether it was so between the moment `before` and this one.
    pub fn slowed_since(&self, before: &Throttle) -> bool {
        self.now || before.now || self.events != before.events
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn cooling_devices_of_the_processor_count() {
        let fan =
            [("class/thermal/cooling_device0/type", "pwm-fan\n"), ("class/thermal/cooling_device0/cur_state", "3")];
        assert!(!Throttle::now(&tree(&fan).1).now);
        let capped = [
            ("class/thermal/cooling_device1/type", "thermal-cpufreq-0\n"),
            ("class/thermal/cooling_device1/cur_state", "1"),
        ];
        assert!(Throttle::now(&tree(&capped).1).now);
        assert!(!Throttle::now(&tree(&[(PI, "0x50000\n")]).1).now, "what happened long ago");
        assert!(Throttle::now(&tree(&[(PI, "0x50005\n")]).1).now);
    }
}
