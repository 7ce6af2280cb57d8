//! The build attributes of an Arm object: what a linker compares before it joins objects.
//!
//! Source: Addenda to, and Errata in, the ABI for the Arm Architecture (ABI addenda), section 3.

/// What an object for one target says about itself.
struct Attributes {
    target: &'static str,
    /// Tag_CPU_arch
    architecture: u8,
    /// Tag_THUMB_ISA_use
    thumb: u8,
    /// Tag_FP_arch, when floating-point arguments are in floating-point registers
    hard_float: Option<u8>,
}

const CPU_ARCH: u8 = 6;
const CPU_ARCH_PROFILE: u8 = 7;
const THUMB_ISA_USE: u8 = 9;
const FP_ARCH: u8 = 10;
const ABI_VFP_ARGS: u8 = 28;

/// Tag_THUMB_ISA_use: 16-bit instructions; Thumb-2; what the profile allows.
const THUMB_1: u8 = 1;
const THUMB_2: u8 = 2;
const AS_PROFILE: u8 = 3;
/// Tag_FP_arch: VFPv4-D16; FPv5-D16.
const VFP_V4: u8 = 6;
const FP_V5: u8 = 8;

const TARGETS: [Attributes; 5] = [
    Attributes { target: "thumbv6m-none-eabi", architecture: 11, thumb: THUMB_1, hard_float: None },
    Attributes { target: "thumbv7m-none-eabi", architecture: 10, thumb: THUMB_2, hard_float: None },
    Attributes { target: "thumbv7em-none-eabihf", architecture: 13, thumb: THUMB_2, hard_float: Some(VFP_V4) },
    Attributes { target: "thumbv8m.main-none-eabihf", architecture: 17, thumb: AS_PROFILE, hard_float: Some(FP_V5) },
    Attributes { target: "thumbv8.1m.main-none-eabihf", architecture: 21, thumb: AS_PROFILE, hard_float: Some(FP_V5) },
];

/// The section `.ARM.attributes` for `target`; `None` when it is no microcontroller.
pub fn arm_attributes(target: &str) -> Option<Vec<u8>> {
    let attributes = TARGETS.iter().find(|attributes| attributes.target == target)?;
    let mut pairs = vec![CPU_ARCH, attributes.architecture, CPU_ARCH_PROFILE, b'M', THUMB_ISA_USE, attributes.thumb];
    if let Some(architecture) = attributes.hard_float {
        pairs.extend([FP_ARCH, architecture, ABI_VFP_ARGS, 1]);
    }
    // Of the whole file (1), then all of the vendor's, each with its length, itself counted.
    let file = [&[1], &length(1 + 4 + pairs.len())[..], &pairs].concat();
    let vendor = b"aeabi\0";
    Some([b"A", &length(4 + vendor.len() + file.len())[..], vendor, &file].concat())
}

/// These are a few dozen bytes.
fn length(bytes: usize) -> [u8; 4] {
    (bytes as u32).to_le_bytes()
}
