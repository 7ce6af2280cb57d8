//! What cannot run is refused with an error that says why.

mod sample;

use lathe_artifact::{Artifact, ArtifactContents, ArtifactError};
use lathe_executor::{Inline, LoadError, Model, Placement};
use lathe_runtime_std::{AlignedBytes, DType, Options, Runner, RunnerError, host_features, host_target};

fn refusal(contents: &ArtifactContents) -> String {
    let bytes = contents.to_bytes().expect("writes");
    // SAFETY: our own artifact.
    match unsafe { Runner::from_bytes(&bytes, &Options::default()) } {
        Ok(_) => panic!("must be refused"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn another_target_is_refused() {
    let mut contents = sample::contents();
    contents.target.target = "thumbv7em-none-eabihf".into();
    let here = host_target();
    assert_eq!(
        refusal(&contents),
        format!(
            "the artifact is for thumbv7em-none-eabihf, this device is {here}: compile the model with --target {here}"
        )
    );
}

#[test]
fn a_missing_feature_is_refused() {
    let mut contents = sample::contents();
    contents.target.features.push("warp-drive".into());
    assert!(refusal(&contents).contains("needs its feature warp-drive, which this CPU lacks"));
}

#[test]
fn this_cpu_has_the_features_of_its_architecture() {
    let expected = if cfg!(target_arch = "x86_64") { "sse2" } else { "neon" };
    assert!(host_features().contains(&expected), "{:?}", host_features());
}

#[test]
fn an_arena_too_small_or_misaligned_is_refused() {
    let bytes = sample::contents().to_bytes().expect("writes");
    let artifact = Artifact::parse(&bytes).expect("parses");
    let needed = artifact.header().arena_bytes_for(1).expect("small");
    let mut memory = AlignedBytes::zeroed(needed + 64, 64).expect("small");
    let code = AlignedBytes::copy_of(artifact.code(0), 64).expect("small");
    let constants = AlignedBytes::copy_of(artifact.constants(), 64).expect("small");
    let mut load = |from: usize, length: usize, shift: usize| {
        let arena = &mut memory.as_mut_slice()[from..from + length];
        // SAFETY: copies of the artifact's code and constants; the model is not run.
        unsafe {
            let placement = Placement::at(&code.as_slice()[shift..], constants.as_slice());
            Model::load_with(artifact, placement, arena, Inline).map(|_| ())
        }
    };
    assert_eq!(load(0, needed, 0), Ok(()));
    let too_small = LoadError::ArenaTooSmall { needed, given: needed - 1, workers: 1 };
    assert_eq!(load(0, needed - 1, 0), Err(too_small));
    assert!(
        too_small.to_string().contains(&needed.to_string())
            && too_small.to_string().contains(&(needed - 1).to_string())
    );
    assert!(matches!(load(4, needed, 0), Err(LoadError::ArenaMisaligned { align: 64, address }) if address % 64 == 4));
    assert!(matches!(load(0, needed, 1), Err(LoadError::CodeMisaligned { align: 64, address }) if address % 64 == 1));
}

#[test]
fn a_given_arena_is_used_if_it_is_large_enough() {
    let bytes = sample::contents().to_bytes().expect("writes");
    let needed = Artifact::parse(&bytes).expect("parses").header().arena_bytes_for(1).expect("small");
    let load = |given: usize| {
        let options = Options { arena_bytes: Some(given), ..Options::default() };
        // SAFETY: our own artifact.
        unsafe { Runner::from_bytes(&bytes, &options) }.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(load(needed), Ok(()));
    assert_eq!(load(usize::MAX), Ok(()));
    for given in [0, 1, needed - 1] {
        let too_small = LoadError::ArenaTooSmall { needed, given, workers: 1 };
        assert_eq!(load(given), Err(too_small.to_string()));
    }
}

#[test]
fn wrong_names_types_and_shapes_are_refused() {
    let bytes = sample::contents().to_bytes().expect("writes");
    // SAFETY: our own artifact.
    let mut runner = unsafe { Runner::from_bytes(&bytes, &Options::default()) }.expect("loads");
    let values = vec![0f32; sample::ELEMENTS as usize];
    let mut say = |name: &str, shape: &[usize]| runner.set(name, shape, &values).map_err(|error| error.to_string());
    assert_eq!(say("x", &[17, 59]), Ok(()));
    assert_eq!(say("z", &[17, 59]), Err(r#"the model has no input named "z"; it has "x""#.into()));
    assert_eq!(
        say("x", &[59, 17]),
        Err(r#""x" has shape [17, 59] and not [59, 17]: give values of that shape, or compile the model with --input-shape"#.into())
    );
    let integers = runner.set("x", &[17, 59], &vec![0i64; sample::ELEMENTS as usize]);
    assert_eq!(integers.map_err(|e| e.to_string()), Err(r#""x" holds f32 and not i64: convert the values"#.into()));
    let short = runner.set_input("x", DType::F32, &[17, 59], &[0; 4]);
    assert!(matches!(short, Err(RunnerError::WrongSize { expected: 4012, found: 4, .. })));
    assert!(matches!(runner.output_as::<i8>("y"), Err(RunnerError::WrongType { .. })));
    assert!(matches!(runner.output("x"), Err(RunnerError::UnknownName { what: "output", .. })));
}

#[test]
fn files_that_are_no_artifacts_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |name: &str, bytes: Option<&[u8]>| {
        let path = folder.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).expect("written");
        }
        // SAFETY: nothing else writes to this folder, and none of these files gets as far as running.
        unsafe { Runner::open(&path, &Options::default()) }.err()
    };
    let artifact = |error: Option<RunnerError>| match error {
        Some(RunnerError::Load(LoadError::Artifact(error))) => error,
        other => panic!("{:?}", other.map(|error| error.to_string())),
    };
    let whole = sample::contents().to_bytes().expect("writes");
    assert_eq!(artifact(open("empty", Some(&[]))), ArtifactError::NotAnArtifact);
    assert_eq!(artifact(open("text", Some(b"hello"))), ArtifactError::NotAnArtifact);
    let cut = artifact(open("cut", Some(&whole[..whole.len() - 1])));
    assert!(matches!(cut, ArtifactError::SizeMismatch { .. }), "{cut}");
    let absent = open("absent", None).map(|error| error.to_string()).unwrap_or_default();
    assert!(absent.contains("absent") && absent.contains("No such file"), "{absent}");
}

#[test]
fn steps_for_another_processor_are_refused() {
    use lathe_artifact::{Grid, KernelEntry, Launch, ProcessorEntry, ProcessorKind};
    let mut contents = sample::contents();
    contents.processors =
        vec![ProcessorEntry { kind: ProcessorKind::Cuda, name: "sm_53".into(), code: b"ptx".to_vec() }];
    contents.kernels.push(KernelEntry { name: "gpu".into(), entry: 0, stack_bytes: 0, processor: 1 });
    contents.steps[1].kernel = 2;
    contents.steps[1].launch = Launch::Grid(Grid { blocks: [1; 3], threads: [32, 1, 1], shared_bytes: 0 });
    assert!(refusal(&contents).starts_with("step 1 runs on processor 1"));
}

#[test]
fn absurd_thread_counts_are_refused() {
    let bytes = sample::contents().to_bytes().expect("writes");
    // SAFETY: our own artifact.
    let error = unsafe { Runner::from_bytes(&bytes, &Options { threads: 100_000, ..Options::default() }) }.err();
    assert!(matches!(error, Some(RunnerError::TooManyThreads { threads: 100_000, limit: 256 })));
}
