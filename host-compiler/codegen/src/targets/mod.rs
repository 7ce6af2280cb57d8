//! The processors kernels can be compiled for: one file per architecture, and the look-up by `--target` and `--mcpu`.

mod aarch64;
mod cortex_m;
mod x86_64;

use lathe_tensor::Target;

use crate::error::CodegenError;

/// One line of `targets list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetInfo {
    /// name as in `--target`
    pub name: &'static str,
    /// one sentence
    pub about: &'static str,
    /// names as in `--mcpu`; the first is the default
    pub cpus: Vec<&'static str>,
}

/// An architecture family: names, processors and how to describe one.
struct Family {
    name: &'static str,
    about: &'static str,
    default_cpu: &'static str,
    cpus: fn(name: &str) -> Vec<&'static str>,
    describe: fn(name: &str, cpu: &str) -> Result<Option<Target>, CodegenError>,
}

const JETSON_ABOUT: &str = "NVIDIA Jetson: the NEON side";

/// Every family, in the order of `targets list`.
const FAMILIES: &[Family] = &[
    Family {
        name: "x86_64-linux",
        about: "64-bit Intel and AMD, AVX2 or AVX-512",
        default_cpu: "x86-64-v3",
        cpus: x86_64::cpus,
        describe: x86_64::describe,
    },
    aarch64_family("aarch64-linux", "64-bit ARM with NEON", "cortex-a57"),
    aarch64_family("aarch64-jetson", JETSON_ABOUT, "cortex-a57"),
    aarch64_family("aarch64-jetson-nano", JETSON_ABOUT, "cortex-a57"),
    aarch64_family("aarch64-jetson-tx2", JETSON_ABOUT, "cortex-a57"),
    aarch64_family("aarch64-jetson-xavier", JETSON_ABOUT, "carmel"),
    aarch64_family("aarch64-jetson-orin", JETSON_ABOUT, "cortex-a78ae"),
    cortex_m_family("thumbv6m-none-eabi", "Cortex-M without floating-point unit, Armv6-M", "cortex-m0plus"),
    cortex_m_family("thumbv7m-none-eabi", "Cortex-M without floating-point unit, Armv7-M", "cortex-m3"),
    cortex_m_family("thumbv7em-none-eabihf", "Cortex-M with floating-point unit, Armv7E-M", "cortex-m4"),
    cortex_m_family("thumbv8m.main-none-eabihf", "Cortex-M with floating-point unit, Armv8-M", "cortex-m33"),
    cortex_m_family("thumbv8.1m.main-none-eabihf", "Cortex-M with Helium vectors, Armv8.1-M", "cortex-m55"),
];

const fn aarch64_family(name: &'static str, about: &'static str, default_cpu: &'static str) -> Family {
    Family { name, about, default_cpu, cpus: aarch64::cpus, describe: aarch64::describe }
}

const fn cortex_m_family(name: &'static str, about: &'static str, default_cpu: &'static str) -> Family {
    Family { name, about, default_cpu, cpus: cortex_m::cpus, describe: cortex_m::describe }
}

/// All targets with their processors.
pub fn list() -> Vec<TargetInfo> {
    FAMILIES
        .iter()
        .map(|family| {
            let mut cpus = vec![family.default_cpu];
            cpus.extend((family.cpus)(family.name).into_iter().filter(|c| *c != family.default_cpu));
            TargetInfo { name: family.name, about: family.about, cpus }
        })
        .collect()
}

/// The target named `name` with the processor `cpu` (the family's default when `None`, this machine's for `native`).
pub fn find(name: &str, cpu: Option<&str>) -> Result<Target, CodegenError> {
    let family = FAMILIES.iter().find(|f| f.name == name).ok_or_else(|| CodegenError::UnknownTarget {
        name: name.to_string(),
        hint: hint(name, FAMILIES.iter().map(|f| f.name).collect()),
    })?;
    let cpu = cpu.unwrap_or(family.default_cpu);
    (family.describe)(name, cpu)?.ok_or_else(|| CodegenError::UnknownCpu {
        target: name.to_string(),
        cpu: cpu.to_string(),
        hint: hint(cpu, (family.cpus)(family.name)),
    })
}

/// `did you mean …?` with the nearest names, or the whole list when none is near.
fn hint(name: &str, known: Vec<&str>) -> String {
    let lower = name.to_lowercase();
    let near: Vec<&str> = known
        .iter()
        .copied()
        .filter(|k| distance(&lower, k) <= 3 || (lower.len() >= 3 && (k.contains(&lower) || lower.contains(k))))
        .collect();
    if near.is_empty() {
        format!("known: {}", known.join(", "))
    } else {
        format!("did you mean {}?", near.join(" or "))
    }
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_processor_is_found() {
        for info in list() {
            for cpu in info.cpus.iter().filter(|c| **c != "native") {
                let target = find(info.name, Some(cpu)).unwrap();
                assert_eq!(target.name, info.name);
                assert!(info.name.starts_with("thumb") || (target.vector_bits >= 128 && target.vector_registers >= 16));
                assert!(target.vector_bits == 0 || target.float_unit());
            }
            assert_eq!(find(info.name, None).unwrap(), find(info.name, Some(info.cpus[0])).unwrap());
        }
    }

    #[test]
    fn cortex_may_be_left_out() {
        let long = find("aarch64-linux", Some("cortex-a76")).unwrap();
        assert_eq!(find("aarch64-linux", Some("a76")).unwrap(), long);
    }

    #[test]
    fn errors_name_near_matches() {
        let message = find("x86-64-linux", None).unwrap_err().to_string();
        assert!(message.contains("did you mean x86_64-linux?"), "{message}");
        let message = find("aarch64-linux", Some("cortex-a56")).unwrap_err().to_string();
        assert!(message.contains("cortex-a57"), "{message}");
        let message = find("mips", None).unwrap_err().to_string();
        assert!(message.contains("known: x86_64-linux, aarch64-linux"), "{message}");
        let message = find("thumbv7m-none-eabi", Some("cortex-m4")).unwrap_err().to_string();
        assert!(message.contains("did you mean cortex-m3?"), "{message}");
    }
}
