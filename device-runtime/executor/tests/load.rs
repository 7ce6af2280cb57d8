//! Loading: what fits loads, what does not is refused with its figures, and a forged artifact never makes the executor
//! reach outside the memory it was given. No kernel runs here; those of `lathe-runtime-std`'s tests do.

#[path = "../../artifact/tests/sample/mod.rs"]
mod sample;

use lathe_artifact::{Artifact, ArtifactContents, ArtifactError, Host, checksum, layout};
use lathe_executor::{LoadError, Model, Progress};

const HOST: Host<'static> = Host { target: "x86_64-linux", features: &["avx2", "fma"] };

#[repr(align(4096))]
struct Memory([u8; 8192]);

/// Contents whose steps all run on the CPU.
fn contents() -> ArtifactContents {
    let mut contents = sample::contents();
    contents.steps.truncate(1);
    contents
}

/// Loads a copy of `bytes` at an aligned place with an arena of `arena` bytes, and reads every input and output.
fn load(bytes: &[u8], arena: usize) -> Result<usize, LoadError> {
    let (mut file, mut memory) = (Memory([0; 8192]), Memory([0; 8192]));
    file.0[..bytes.len()].copy_from_slice(bytes);
    // SAFETY: no kernel is run.
    let mut model = unsafe { Model::load(&file.0[..bytes.len()], &HOST, &mut memory.0[..arena]) }?;
    let mut touched = 0;
    for index in 0..model.artifact().inputs().len() {
        let input = model.input(index).unwrap_or_default();
        input.fill(1);
        touched += input.len();
    }
    for index in 0..model.artifact().outputs().len() {
        touched += model.output(index).unwrap_or_default().iter().map(|byte| usize::from(*byte < 2)).sum::<usize>();
    }
    Ok(touched)
}

#[test]
fn what_fits_loads() {
    let bytes = contents().to_bytes().expect("writes");
    assert_eq!(load(&bytes, 256), Ok(64 + 16));
    assert_eq!(load(&bytes, 8192), Ok(64 + 16));
}

#[test]
fn an_arena_one_byte_short_is_refused_with_both_numbers() {
    let bytes = contents().to_bytes().expect("writes");
    for given in [0, 1, 192, 255] {
        assert_eq!(load(&bytes, given), Err(LoadError::ArenaTooSmall { needed: 256, given, workers: 1 }));
    }
}

#[test]
fn another_machine_is_refused_before_the_checksum() {
    let mut bytes = contents().to_bytes().expect("writes");
    *bytes.last_mut().expect("not empty") ^= 1;
    let mut memory = Memory([0; 8192]);
    let other = Host { target: "thumbv6m-none-eabi", features: &[] };
    // SAFETY: no kernel is run.
    let refused = unsafe { Model::load(&bytes, &other, &mut memory.0) }.map(|_| ());
    assert!(matches!(refused, Err(LoadError::Artifact(ArtifactError::WrongTarget { .. }))), "{refused:?}");
    assert_eq!(refused.map_err(|error| error.number()), Err(4));
}

#[test]
fn steps_of_another_processor_are_refused() {
    let bytes = sample::contents().to_bytes().expect("writes");
    assert_eq!(load(&bytes, 256), Err(LoadError::NoProcessor { step: 1, processor: 1 }));
}

#[test]
fn typed_access_needs_the_right_type() {
    let bytes = contents().to_bytes().expect("writes");
    let (mut file, mut memory) = (Memory([0; 8192]), Memory([0; 8192]));
    file.0[..bytes.len()].copy_from_slice(&bytes);
    // SAFETY: no kernel is run.
    let mut model = unsafe { Model::load(&file.0[..bytes.len()], &HOST, &mut memory.0) }.expect("loads");
    assert_eq!(model.input_as::<f32>(0).map(|input| input.len()), Some(16));
    assert!(model.input_as::<i32>(0).is_none() && model.input_as::<f32>(1).is_none());
    assert_eq!(model.output_as::<i8>(0).map(<[i8]>::len), Some(16));
    assert!(model.output_as::<u8>(0).is_none() && model.output(1).is_none());
}

#[test]
fn a_model_without_steps_is_done_at_once() {
    let bytes = ArtifactContents { steps: vec![], ..contents() }.to_bytes().expect("writes");
    let (mut file, mut memory) = (Memory([0; 8192]), Memory([0; 8192]));
    file.0[..bytes.len()].copy_from_slice(&bytes);
    // SAFETY: there is no kernel to run.
    let mut model = unsafe { Model::load(&file.0[..bytes.len()], &HOST, &mut memory.0) }.expect("loads");
    assert_eq!((model.step(), model.next_step()), (Progress::Done, 0));
    model.run();
}

#[test]
fn forged_artifacts_never_reach_outside_the_arena() {
    let original = contents().to_bytes().expect("writes");
    let (mut loaded, mut refused) = (0, 0);
    for at in 0..original.len() {
        for value in [0u8, 1, 0x3f, 0x80, 0xff] {
            let mut bytes = original.clone();
            // A whole field at once reaches what a single byte does not.
            let last = (at + 1 + 3 * usize::from(value == 0xff)).min(bytes.len());
            bytes[at..last].fill(value);
            let sum = checksum(&bytes).to_le_bytes();
            bytes[layout::CHECKSUM_AT..layout::CHECKSUM_AT + 4].copy_from_slice(&sum);
            let valid = Artifact::parse_for(&bytes, &HOST).is_ok();
            match load(&bytes, 4096) {
                Ok(touched) => {
                    assert!(valid && touched <= 2 * 4096);
                    loaded += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(loaded > 100 && refused > 100, "{loaded} loaded, {refused} refused");
}
