//! Loading: what fits loads, what does not is refused with its figures, and a forged artifact never makes the executor
//! reach outside the memory it was given. No kernel runs here; those of `lathe-runtime-std`'s tests do.

#[path = "../../artifact/tests/sample/mod.rs"]
mod sample;

use lathe_artifact::{Artifact, ArtifactContents, ArtifactError, Host, checksum, layout};
use lathe_executor::{Bundle, LoadError, Model, Placement, Progress};

const HOST: Host<'static> = Host { target: "x86_64-linux", features: &["avx2", "fma"] };

#[repr(align(4096))]
struct Memory([u8; 8192]);

/// A bundle whose one candidate runs on the CPU.
fn bundle() -> ArtifactContents {
    let mut contents = sample::contents();
    contents.steps.truncate(1);
    contents
}

/// A model whose steps all run on the CPU.
fn contents() -> ArtifactContents {
    let mut contents = on_two_processors();
    contents.steps.truncate(1);
    contents
}

/// A model whose second step runs on a GPU.
fn on_two_processors() -> ArtifactContents {
    let mut contents = sample::contents();
    contents.trial = None;
    contents.steps[0].arguments.truncate(2);
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
    let bytes = on_two_processors().to_bytes().expect("writes");
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

/// Loads `bytes` as a bundle with `arena` bytes of arena and `noise` of noise, and hands it over.
fn in_bundle<T>(
    bytes: &[u8],
    (arena, noise): (usize, &[u8]),
    look: impl FnOnce(&mut Bundle<'_>) -> T,
) -> Result<T, LoadError> {
    let (mut file, mut memory) = (Memory([0; 8192]), Memory([0; 8192]));
    file.0[..bytes.len()].copy_from_slice(bytes);
    let artifact = Artifact::parse_for(&file.0[..bytes.len()], &HOST)?;
    let placement = Placement::in_place(&artifact).with_noise(noise);
    Bundle::load(artifact, placement, &mut memory.0[..arena]).map(|mut bundle| look(&mut bundle))
}

#[test]
fn a_bundle_is_no_model_and_a_model_no_bundle() {
    let noise = Memory([0; 8192]);
    let (bundle, model) = (bundle().to_bytes().expect("writes"), contents().to_bytes().expect("writes"));
    assert_eq!(load(&bundle, 256), Err(LoadError::IsBundle));
    assert_eq!(in_bundle(&model, (256, &noise.0), |_| ()), Err(LoadError::NotABundle));
}

#[test]
fn a_bundle_hands_out_its_calls() {
    let bytes = bundle().to_bytes().expect("writes");
    let noise = Memory([0; 8192]);
    let seen = in_bundle(&bytes, (300, &noise.0[..84]), |bundle| {
        assert_eq!(bundle.arena_mut().len(), 256);
        assert!(bundle.call(1).is_none());
        let call = bundle.call(0).expect("one candidate");
        let arena = bundle.arena().as_ptr().addr();
        let table = [0, 1, 2, 3, 4].map(|at: usize| call.table[at].addr());
        let (constants, noise) = (bundle.constants().start, bundle.noise().start);
        assert_eq!(table, [arena, constants + 64, noise + 64, arena + 64, 0]);
        assert_eq!((call.workspace.addr(), call.entry.addr()), (arena + 192, bundle.code().start));
        assert_eq!(bundle.noise().len(), 84);
        (call.arguments, call.extent, call.stack_bytes)
    });
    assert_eq!(seen, Ok((4, 4, 16)));
}

#[test]
fn a_bundle_needs_noise_and_arena() {
    let bytes = bundle().to_bytes().expect("writes");
    let noise = Memory([0; 8192]);
    let load = |arena, noise: &[u8]| in_bundle(&bytes, (arena, noise), |_| ());
    assert_eq!(load(255, &noise.0), Err(LoadError::ArenaTooSmall { needed: 256, given: 255, workers: 1 }));
    assert_eq!(load(256, &noise.0[..83]), Err(LoadError::NoNoise { needed: 84, given: 83 }));
    assert_eq!(load(256, &noise.0[4..100]), Err(LoadError::NoNoise { needed: 84, given: 96 }));
}
