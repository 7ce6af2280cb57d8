//! The server as a child process, over its standard input and output.

mod support;

use std::process::Command;
use std::time::Duration;

use lathe_artifact::{GoldenEntry, GoldenInput, GoldenSample};
use rpc_protocol::client::{ChildLink, Client, ClientError};
use rpc_protocol::{FaultCode, Request};

const PATIENCE: Duration = Duration::from_secs(20);

fn open(session: u64) -> Client<ChildLink> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_device-server"));
    command.arg("--stdio");
    Client::open(ChildLink::start(command).unwrap(), session, PATIENCE).unwrap()
}

/// A model whose output is its input: the one kernel only returns.
fn identity(golden_value: f64) -> Vec<u8> {
    let mut contents = support::small_model(support::returns());
    contents.golden = Some(GoldenEntry {
        seed: 1,
        inputs: vec![GoldenInput { low: 7.0, high: 7.0 }],
        samples: vec![GoldenSample { output: 0, element: 99_999, value: golden_value, tolerance: 0.0 }],
    });
    contents.to_bytes().unwrap()
}

fn code(error: ClientError) -> FaultCode {
    match error {
        ClientError::Device { code, .. } => code,
        other => panic!("{other}"),
    }
}

#[test]
fn an_artifact_is_uploaded_run_and_timed() {
    let mut client = open(1);
    assert_eq!(client.info().unwrap().target, lathe_runtime_std::host_target());
    client.upload(&identity(7.0), |_| {}).unwrap();
    assert!(client.load(1, PATIENCE).unwrap().arena >= 100_000);
    assert_eq!(code(client.run(PATIENCE).unwrap_err()), FaultCode::MissingInput);
    let input: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    client.set_input(0, &input).unwrap();
    client.run(PATIENCE).unwrap();
    assert_eq!(client.output(0, input.len()).unwrap(), input);
    let request = Request::Time { number: 3, repeat: 20_000, min_repeat_ms: 0, cooldown_ms: 0, flush_cache: false };
    let samples = client.time(&request, PATIENCE).unwrap();
    assert_eq!((samples.number, samples.ticks.len()), (3, 20_000));
    // One step, and putting its input in place.
    let profile = client.time(&Request::Profile { number: 2 }, PATIENCE).unwrap();
    assert_eq!((profile.number, profile.ticks.len()), (2, 2));
    assert_eq!(client.self_test(PATIENCE).unwrap(), None);
    // The self-test left the input as it was.
    client.run(PATIENCE).unwrap();
    assert_eq!(client.output(0, input.len()).unwrap(), input);
    client.bye().unwrap();
}

#[test]
fn faults_are_named_and_the_session_goes_on() {
    let mut client = open(2);
    assert_eq!(code(client.load(1, PATIENCE).unwrap_err()), FaultCode::NoModel);
    assert_eq!(code(client.run(PATIENCE).unwrap_err()), FaultCode::NoModel);
    let mut artifact = identity(8.0);
    *artifact.last_mut().unwrap() ^= 1;
    client.upload(&artifact, |_| {}).unwrap();
    assert_eq!(code(client.load(1, PATIENCE).unwrap_err()), FaultCode::ArtifactRefused);
    client.upload(&identity(8.0), |_| {}).unwrap();
    client.load(1, PATIENCE).unwrap();
    assert_eq!(code(client.set_input(1, &[0]).unwrap_err()), FaultCode::OutOfRange);
    assert_eq!(code(client.set_input(0, &vec![0; 100_001]).unwrap_err()), FaultCode::OutOfRange);
    assert_eq!(code(client.output(3, 1).unwrap_err()), FaultCode::OutOfRange);
    let wrong = client.self_test(PATIENCE).unwrap().unwrap();
    assert_eq!((wrong.output, wrong.element, wrong.expected, wrong.found), (0, 99_999, 8.0, 7.0));
    assert_eq!(code(client.memory_use().unwrap_err()), FaultCode::Unsupported);
}

#[test]
fn a_server_that_is_gone_is_noticed() {
    let mut command = Command::new("true");
    command.env_clear();
    let error = Client::open(ChildLink::start(command).unwrap(), 1, PATIENCE).unwrap_err();
    assert!(matches!(error, ClientError::Closed { .. }), "{error}");
    let mut silent = Command::new("sleep");
    silent.arg("60");
    let error = Client::open(ChildLink::start(silent).unwrap(), 1, Duration::from_millis(200)).unwrap_err();
    assert!(matches!(error, ClientError::Timeout { request: "hello", .. }), "{error}");
}
