//! Power the board takes.
//!
//! * `class/hwmon/hwmon*/power*_input`, in microwatts, of drivers that measure power (Linux, hwmon sysfs-interface).
//! * `class/hwmon/hwmon*` named `ina3221`: `in[1-3]_input` millivolts and `curr[1-3]_input` milliamperes, with
//!   `in[1-3]_label` (Linux, hwmon/ina3221); Jetson Orin and JetPack 5.
//! * `bus/i2c/drivers/ina3221x/*/iio:device*/in_power[0-2]_input`, in milliwatts, with `rail_name_[0-2]`: JetPack 4.
//!
//! A rail that feeds the whole board (its name ends in `_IN`) is the answer; without one the rails are added.

use std::path::Path;

use super::Sysfs;

/// One measured rail.
struct Rail {
    name: String,
    milliwatts: u32,
}

impl Sysfs {
    /// Milliwatts the board takes now; `None` where nothing measures them.
    pub fn milliwatts(&self) -> Option<u32> {
        let monitors = self.entries("class/hwmon", "hwmon");
        let mut rails: Vec<Rail> = monitors.iter().flat_map(|monitor| self.monitor(monitor)).collect();
        for device in self.entries("bus/i2c/drivers/ina3221x", "") {
            let channels = self.entries(&device.to_string_lossy(), "iio:device");
            rails.extend(channels.iter().flat_map(|channels| self.jetpack_4(channels)));
        }
        let whole = rails.iter().find(|rail| rail.name.ends_with("_IN")).map(|rail| rail.milliwatts);
        whole.or_else(|| (!rails.is_empty()).then(|| rails.iter().map(|rail| rail.milliwatts).sum()))
    }

    fn monitor(&self, monitor: &Path) -> Vec<Rail> {
        let ina = self.text(monitor.join("name")).is_some_and(|name| name == "ina3221");
        let rails = (1..=3).filter_map(|k| {
            let label = |of: &str| self.text(monitor.join(format!("{of}{k}_label"))).unwrap_or_default();
            let read = |of: &str| self.number::<u64>(monitor.join(format!("{of}{k}_input")));
            let (name, milliwatts) = match ina {
                true => (label("in"), read("in")? * read("curr")? / 1000),
                false => (label("power"), read("power")? / 1000),
            };
            Some(Rail { name, milliwatts: u32::try_from(milliwatts).ok()? })
        });
        rails.collect()
    }

    fn jetpack_4(&self, channels: &Path) -> Vec<Rail> {
        let rails = (0..=2).filter_map(|k| {
            let milliwatts = self.number(channels.join(format!("in_power{k}_input")))?;
            Some(Rail { name: self.text(channels.join(format!("rail_name_{k}"))).unwrap_or_default(), milliwatts })
        });
        rails.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;

    #[test]
    fn rails_of_boards() {
        let orin = [
            ("class/hwmon/hwmon3/name", "ina3221\n"),
            ("class/hwmon/hwmon3/in1_label", "VDD_IN\n"),
            ("class/hwmon/hwmon3/in1_input", "5000\n"),
            ("class/hwmon/hwmon3/curr1_input", "1200\n"),
            ("class/hwmon/hwmon3/in2_label", "VDD_CPU_GPU_CV\n"),
            ("class/hwmon/hwmon3/in2_input", "5000\n"),
            ("class/hwmon/hwmon3/curr2_input", "400\n"),
        ];
        assert_eq!(tree(&orin).1.milliwatts(), Some(6000));
        let xavier = [
            ("bus/i2c/drivers/ina3221x/1-0040/iio:device0/rail_name_0", "GPU\n"),
            ("bus/i2c/drivers/ina3221x/1-0040/iio:device0/in_power0_input", "700\n"),
            ("bus/i2c/drivers/ina3221x/1-0041/iio:device1/rail_name_1", "CPU\n"),
            ("bus/i2c/drivers/ina3221x/1-0041/iio:device1/in_power1_input", "900\n"),
        ];
        assert_eq!(tree(&xavier).1.milliwatts(), Some(1600));
        let meter = [("class/hwmon/hwmon0/power1_input", "2500000\n"), ("class/hwmon/hwmon0/name", "ina226\n")];
        assert_eq!(tree(&meter).1.milliwatts(), Some(2500));
        assert_eq!(tree(&[("class/hwmon/hwmon0/temp1_input", "40000")]).1.milliwatts(), None);
    }
}
