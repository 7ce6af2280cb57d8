//! What is written is what is read.

mod sample;

use lathe_artifact::*;

#[test]
fn every_field_comes_back() {
    let contents = sample::contents();
    let bytes = contents.to_bytes().expect("writes");
    let artifact = Artifact::parse(&bytes).expect("parses");
    let header = artifact.header();
    assert_eq!((header.target, header.cpu), ("x86_64-linux", "x86-64-v3"));
    assert_eq!(header.features().collect::<Vec<_>>(), ["avx2", "fma"]);
    assert_eq!((header.arena_bytes, header.workspace_bytes, header.stack_bytes), (192, 32, 256));
    assert_eq!((header.arena_bytes_for(1), header.arena_bytes_for(3)), (Some(256), Some(384)));
    assert_eq!(header.total_bytes as usize, bytes.len());

    let x = artifact.input(0).expect("one input");
    assert_eq!((x.name, x.dtype, x.arena_offset, x.bytes), ("x", DType::F32, 0, 64));
    assert!(x.shape.is(&[1, 4, 4]) && !x.shape.is(&[4, 4]) && x.quantization.is_none());
    assert_eq!((x.shape.to_string().as_str(), x.attribute("layout")), ("[1, 4, 4]", Some("nhwc")));
    let y = artifact.output(0).expect("one output");
    assert_eq!((y.name, y.dtype, y.attribute("note")), ("y", DType::I8, Some("cat\ndög")));
    assert_eq!(y.quantization, Some(Quantization { scale: 0.5, zero_point: -3 }));
    assert!(artifact.input(1).is_none() && artifact.output(1).is_none() && y.attribute("layout").is_none());

    for (index, (step, entry)) in artifact.steps().zip(&contents.steps).enumerate() {
        assert_eq!((step.kernel, step.launch), (entry.kernel, entry.launch));
        let arguments: Vec<_> = step
            .arguments()
            .map(|a| ArgumentEntry {
                space: a.space,
                access: a.access,
                offset: a.offset,
                bytes: a.bytes,
                align_log2: a.align_log2,
            })
            .collect();
        assert_eq!(arguments, entry.arguments);
        let info = artifact.step_info(index).expect("step info");
        assert_eq!((info.label, info.operations), (entry.label.as_str(), entry.operations));
    }
    assert_eq!((artifact.step_count(), artifact.step(2).is_none()), (2, true));
    let kernels: Vec<_> = artifact.kernels().map(|k| (k.name, k.entry, k.stack_bytes, k.processor)).collect();
    assert_eq!(kernels, [("double", 0, 16, 0), ("halve", 0, 0, 1)]);
    let processors: Vec<_> = artifact.processors().map(|p| (p.kind, p.name)).collect();
    assert_eq!(processors, [(ProcessorKind::Cuda, "sm_53")]);
    assert_eq!((artifact.code(0), artifact.code(1)), (&contents.code[..], &b".version 6.4"[..]));
    assert_eq!(artifact.constants(), contents.constants);
    let planned: Vec<_> =
        artifact.memory_plan().map(|t| (t.name, t.offset, t.bytes, t.first_step, t.last_step)).collect();
    assert_eq!(planned, [("x", 0, 64, 0, 1)]);
    let notes: Vec<_> = artifact.provenance().map(|note| (note.key, note.value)).collect();
    assert_eq!(notes, [("compiler", "test"), ("model.sha256", "00")]);
    let (trial, entry) = (artifact.trial().expect("trial"), contents.trial.clone().expect("trial"));
    assert_eq!((trial.seed, trial.noise_seed, trial.noise_bytes), (11, 12, 84));
    assert_eq!(trial.checks().map(|(_, check)| check).collect::<Vec<_>>(), entry.checks);
    let golden = artifact.golden().expect("golden");
    let entry = contents.golden.expect("golden");
    assert_eq!(golden.seed, 7);
    assert_eq!(golden.inputs().collect::<Vec<_>>(), entry.inputs);
    assert_eq!(golden.samples().collect::<Vec<_>>(), entry.samples);
}

#[test]
fn code_and_constants_are_aligned_in_the_file() {
    let mut contents = sample::contents();
    contents.code_align_log2 = 12;
    let bytes = contents.to_bytes().expect("writes");
    let artifact = Artifact::parse(&bytes).expect("parses");
    let place = |part: &[u8]| part.as_ptr() as usize - bytes.as_ptr() as usize;
    assert_eq!(place(artifact.code(0)) % 4096, 0);
    assert_eq!(place(artifact.constants()) % 64, 0);
    assert_eq!((artifact.code_align(0), artifact.constants_align(), artifact.in_place_align()), (4096, 64, 4096));
}

#[test]
fn the_same_contents_give_the_same_bytes() {
    assert_eq!(sample::contents().to_bytes(), sample::contents().to_bytes());
}

#[test]
fn an_empty_model_is_an_artifact() {
    let bytes = ArtifactContents::new::<String>("thumbv6m-none-eabi", "cortex-m0", []).to_bytes().expect("writes");
    let artifact = Artifact::parse(&bytes).expect("parses");
    assert_eq!((artifact.step_count(), artifact.kernels().len(), artifact.memory_plan().len()), (0, 0, 0));
    assert!(bytes.len() < 320, "an artifact with nothing in it takes {} bytes", bytes.len());
}

#[test]
fn the_writer_refuses_what_the_format_cannot_hold() {
    let refused = |change: fn(&mut ArtifactContents)| {
        let mut contents = sample::contents();
        change(&mut contents);
        contents.to_bytes().expect_err("must be refused")
    };
    let too_many = refused(|c| c.steps[0].arguments = vec![c.steps[0].arguments[0].clone(); 65]);
    assert_eq!(too_many, WriteError::TooLarge { what: "a step's arguments", size: 65, limit: 64 });
    let huge = refused(|c| c.inputs[0].shape = vec![u32::MAX, u32::MAX]);
    assert!(matches!(huge, WriteError::TooLarge { what: "tensor", .. }), "{huge}");
    let comma = refused(|c| c.target.features[0] = "a,b".into());
    assert!(matches!(comma, WriteError::BadFeature { .. }), "{comma}");
    let outside = refused(|c| c.steps[0].arguments[0].offset = 192);
    assert_eq!(
        outside,
        WriteError::Refused(ArtifactError::OutOfRange { what: Part::Argument, index: 0, end: 256, limit: 192 })
    );
    let no_noise = refused(|c| c.trial = None);
    let end = ArtifactError::OutOfRange { what: Part::Argument, index: 2, end: 84, limit: 0 };
    assert_eq!(no_noise, WriteError::Refused(end));
    let beyond = refused(|c| c.trial.iter_mut().for_each(|trial| trial.checks[0].first = 5));
    let end = ArtifactError::OutOfRange { what: Part::CheckElements, index: 0, end: 17, limit: 16 };
    assert_eq!(beyond, WriteError::Refused(end));
    for (change, what) in [
        ((|c| c.step = 1) as fn(&mut Check), Part::CheckStep),
        (|c| c.argument = 0, Part::CheckArgument),
        (|c| c.argument = 4, Part::CheckArgument),
    ] {
        let mut contents = sample::contents();
        change(&mut contents.trial.as_mut().expect("a bundle").checks[0]);
        let error = contents.to_bytes().expect_err("must be refused");
        assert!(
            matches!(error, WriteError::Refused(ArtifactError::BadValue { what: found, .. }) if found == what),
            "{error}"
        );
    }
    let written = refused(|c| c.steps[0].arguments[1].access = Access::Write);
    assert!(
        matches!(written, WriteError::Refused(ArtifactError::BadValue { what: Part::ArgumentSpace, .. })),
        "{written}"
    );
}
