//! Damaged and forged files: always an error or a file whose every reference holds, never a panic.

mod sample;

use lathe_artifact::*;

#[test]
fn every_truncation_is_an_error() {
    let bytes = sample::contents().to_bytes().expect("writes");
    for length in 0..bytes.len() {
        assert!(Artifact::parse(&bytes[..length]).is_err(), "{length} of {} bytes were accepted", bytes.len());
    }
    let mut longer = bytes.clone();
    longer.push(0);
    let size = ArtifactError::SizeMismatch { declared: bytes.len() as u32, actual: bytes.len() + 1 };
    assert_eq!(Artifact::parse(&longer).err(), Some(size));
}

#[test]
fn every_single_bit_flip_is_an_error() {
    let mut bytes = sample::contents().to_bytes().expect("writes");
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Artifact::parse(&bytes).is_err(), "with bit {} of byte {} flipped", bit % 8, bit / 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(Artifact::parse(&bytes).is_ok());
}

#[test]
fn errors_come_in_the_documented_order() {
    let bytes = sample::contents().to_bytes().expect("writes");
    let host = Host { target: "x86_64-linux", features: &["avx2", "fma", "sse2"] };
    assert!(Artifact::parse_for(&bytes, &host).is_ok());
    let number = |change: &dyn Fn(&mut Vec<u8>), host: &Host<'_>| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        Artifact::parse_for(&bytes, host).err().map(|error| error.number())
    };
    let other = Host { target: "aarch64-linux", features: &[] };
    let bare = Host { target: "x86_64-linux", features: &["avx2"] };
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1);
    let break_content = |bytes: &mut Vec<u8>| *bytes.last_mut().expect("not empty") ^= 1;
    assert_eq!(
        number(
            &|b| {
                b[0] = 0;
                b[8] = 9;
            },
            &other
        ),
        Some(1)
    );
    assert_eq!(number(&|b| b[8] = 9, &other), Some(2));
    assert_eq!(number(&cut, &other), Some(4));
    assert_eq!(number(&cut, &bare), Some(5));
    assert_eq!(
        number(
            &|b| {
                break_content(b);
                cut(b);
            },
            &host
        ),
        Some(6)
    );
    assert_eq!(number(&break_content, &host), Some(7));
}

#[test]
fn errors_say_what_is_wrong_and_what_to_do() {
    let bytes = sample::contents().to_bytes().expect("writes");
    let say = |host: Host<'_>| Artifact::parse_for(&bytes, &host).err().map(|error| error.to_string());
    assert_eq!(
        say(Host { target: "aarch64-linux", features: &[] }).as_deref(),
        Some(
            "the artifact is for x86_64-linux, this device is aarch64-linux: compile the model with --target aarch64-linux"
        )
    );
    assert_eq!(
        say(Host { target: "x86_64-linux", features: &["avx2"] }).as_deref(),
        Some(
            "the artifact is for the CPU x86-64-v3 and needs its feature fma, which this CPU lacks: compile the model with an --mcpu this CPU implements"
        )
    );
}

/// Puts a right checksum into `bytes`, as a forger would.
fn forge_checksum(bytes: &mut [u8]) {
    let sum = checksum(bytes).to_le_bytes();
    if let Some(slot) = bytes.get_mut(layout::CHECKSUM_AT..layout::CHECKSUM_AT + 4) {
        slot.copy_from_slice(&sum);
    }
}

/// Of every table with reserved bytes: its section, where in it the table starts, how many records of how many bytes
/// the sample has there, and which bytes of a record are reserved.
const RESERVED: [(u16, usize, usize, usize, std::ops::Range<usize>); 7] = [
    (layout::kind::IO, layout::IO_HEADER_BYTES, 2, layout::TENSOR_BYTES, 23..24),
    (layout::kind::PLAN, layout::PLAN_HEADER_BYTES, 2, layout::STEP_BYTES, 15..16),
    (layout::kind::PLAN, layout::PLAN_HEADER_BYTES + 2 * layout::STEP_BYTES, 5, layout::ARGUMENT_BYTES, 11..12),
    (layout::kind::KERNELS, 0, 2, layout::KERNEL_BYTES, 17..20),
    (layout::kind::PROCESSORS, 0, 1, layout::PROCESSOR_BYTES, 1..4),
    (
        layout::kind::GOLDEN,
        layout::GOLDEN_HEADER_BYTES + layout::GOLDEN_INPUT_BYTES,
        1,
        layout::GOLDEN_SAMPLE_BYTES,
        18..20,
    ),
    (layout::kind::TRIAL, layout::TRIAL_HEADER_BYTES, 1, layout::CHECK_BYTES, 31..32),
];

/// Where the reserved bytes and the padding of the sample's file are.
fn zero_bytes(bytes: &[u8]) -> Vec<usize> {
    let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let size_at = |at: usize| usize::from(u16_at(at));
    let text_end = layout::HEADER_BYTES + size_at(34) + size_at(36) + size_at(38);
    let table = text_end.next_multiple_of(4);
    let mut zeros: Vec<usize> = [33].into_iter().chain(40..48).chain(text_end..table).collect();
    let mut end = table + size_at(10) * layout::SECTION_ENTRY_BYTES;
    for entry in (table..end).step_by(layout::SECTION_ENTRY_BYTES) {
        // The sample is far below 64 KiB.
        let (start, length) = (size_at(entry + 4), size_at(entry + 8));
        zeros.extend(end..start);
        end = start + length;
        for (_, first, count, size, reserved) in RESERVED.iter().filter(|table| table.0 == u16_at(entry)) {
            let records = (0..*count).map(|record| start + first + record * size);
            zeros.extend(records.flat_map(|at| at + reserved.start..at + reserved.end));
        }
    }
    zeros
}

#[test]
fn reserved_bytes_and_padding_are_zero() {
    let original = sample::contents().to_bytes().expect("writes");
    let zeros = zero_bytes(&original);
    assert!(zeros.len() > 60, "{zeros:?}");
    for at in zeros {
        let mut bytes = original.clone();
        assert_eq!(bytes[at], 0);
        bytes[at] = 1;
        forge_checksum(&mut bytes);
        let error = Artifact::parse(&bytes).err();
        assert!(matches!(error, Some(ArtifactError::BadValue { .. })), "byte {at}: {error:?}");
    }
}

/// Visits everything a parsed artifact offers and checks what the executor relies on.
fn walk(artifact: &Artifact<'_>) {
    let header = artifact.header();
    let arena = u64::from(header.arena_bytes);
    let mut seen = header.features().map(str::len).sum::<usize>();
    for tensor in artifact.inputs().chain(artifact.outputs()) {
        assert!(u64::from(tensor.arena_offset) + u64::from(tensor.bytes) <= arena);
        assert_eq!(tensor.shape.elements().map(|n| n * tensor.dtype.size() as u64), Some(u64::from(tensor.bytes)));
        seen += tensor.name.len() + tensor.attributes().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    }
    assert_eq!(artifact.steps().count(), artifact.step_count());
    for step in artifact.steps() {
        let kernel = artifact.kernel(step.kernel).expect("kernels exist");
        assert!((kernel.entry as usize) < artifact.code(kernel.processor).len());
        assert_eq!(matches!(step.launch, Launch::Grid(_)), kernel.processor != 0);
        assert!(step.arguments().len() <= MAX_ARGUMENTS);
        for argument in step.arguments() {
            let limit = match argument.space {
                Space::Arena => arena,
                Space::Constants => artifact.constants().len() as u64,
                Space::Noise => u64::from(artifact.trial().expect("only bundles have noise").noise_bytes),
            };
            assert!(u64::from(argument.offset) + u64::from(argument.bytes) <= limit);
            assert!(argument.access != Access::Write || argument.space == Space::Arena);
        }
    }
    for index in 0..artifact.step_count() {
        seen += artifact.step_info(index).map_or(0, |info| info.label.len());
    }
    seen += artifact.memory_plan().map(|tensor| tensor.name.len()).sum::<usize>();
    seen += artifact.provenance().map(|note| note.key.len() + note.value.len()).sum::<usize>();
    for (_, check) in artifact.trial().iter().flat_map(Trial::checks) {
        let step = artifact.step(check.step.into()).expect("checks are of steps");
        let argument = step.arguments().nth(check.argument.into()).expect("checks are of arguments");
        let end = (u64::from(check.first) + u64::from(check.count)) * check.dtype.size() as u64;
        assert!(argument.access.writes() && end <= u64::from(argument.bytes));
        seen += check.sum(1, &[0; 64]).count_ones() as usize;
    }
    seen += artifact.golden().map_or(0, |golden| golden.samples().len() + golden.inputs().len());
    assert!(seen > 0);
}

/// SplitMix64, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) % limit as u64) as usize
    }
}

#[test]
fn forged_files_are_refused_or_hold_together() {
    let original = sample::contents().to_bytes().expect("writes");
    let mut random = Random(1);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..200_000 {
        let mut bytes = original.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            let value = [0, 1, 0x7f, 0x80, 0xff, random.below(256) as u8][random.below(6)];
            // Four bytes at once reach the sums that overflow.
            let count = [1, 1, 4][random.below(3)];
            bytes.iter_mut().skip(at).take(count).for_each(|byte| *byte = value);
        }
        forge_checksum(&mut bytes);
        match Artifact::parse(&bytes) {
            Ok(artifact) => {
                walk(&artifact);
                accepted += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(
        accepted > 1000 && refused > 1000,
        "{accepted} accepted, {refused} refused: the mutations test one side only"
    );
}

#[test]
fn forged_header_bytes_are_refused_or_hold_together() {
    let original = sample::contents().to_bytes().expect("writes");
    let table_end = 1024.min(original.len());
    for at in 0..table_end {
        for value in [0u8, 1, 3, 0x40, 0x80, 0xff] {
            let mut bytes = original.clone();
            bytes[at] = value;
            forge_checksum(&mut bytes);
            if let Ok(artifact) = Artifact::parse(&bytes) {
                walk(&artifact);
            }
        }
    }
}
