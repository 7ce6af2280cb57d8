//! The real client and the real request loop over a line on which 15 % of the frames meet with a fault: no wrong answer is
//! believed, nothing is done twice, every request ends in its answer or a named error within its deadline, and uploads
//! go on where they stopped.

mod device;
mod line;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;
use std::time::{Duration, Instant};

use device::{Recorder, SIZE, output, samples};
use line::{Line, Random, Tally, World};
use rpc_protocol::client::{Client, ClientError};
use rpc_protocol::frame::crc32c;
use rpc_protocol::key::Key;
use rpc_protocol::{FaultCode, Request};

const PATIENCE: Duration = Duration::from_secs(20);
/// A request's deadline may pass while frames are on the line.
const ON_THE_LINE: Duration = Duration::from_millis(500);

/// How the requests ended.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    answered: u64,
    timeouts: u64,
    lost_sessions: u64,
    sessions: u64,
    restarts: u64,
    resumed: u64,
}

/// A host at work, and what it knows of the device.
struct Host {
    world: Rc<RefCell<World>>,
    key: Option<Key>,
    client: Option<Client<Line>>,
    session: u64,
    random: Random,
    artifact: Vec<u8>,
    /// What was held of an upload that was broken off.
    held: Option<usize>,
    ends: Ends,
}

/// What a request's failure means to the host: it is one of those that the line explains.
fn explained(error: &ClientError) -> bool {
    matches!(error, ClientError::Timeout { .. } | ClientError::SessionLost { .. })
}

impl Host {
    fn new(seed: u64, key: Option<Key>) -> Host {
        Host {
            world: Rc::new(RefCell::new(World::new(seed, key.clone()))),
            key,
            client: None,
            session: 0,
            random: Random(seed ^ 0x5555),
            artifact: Vec::new(),
            held: None,
            ends: Ends::default(),
        }
    }

    fn device(&self) -> RefMut<'_, Recorder> {
        RefMut::map(self.world.borrow_mut(), |world| &mut world.device)
    }

    /// What is loaded there, and how often it ran anything.
    fn state(&self) -> (Option<u32>, u64) {
        let device = self.device();
        (device.loaded, device.runs)
    }

    fn now(&self) -> Instant {
        self.world.borrow().now()
    }

    /// Runs `request` in the open session; `None` when it ended in an error that the line explains.
    fn ask<T>(
        &mut self,
        requests: u32,
        request: impl FnOnce(&mut Client<Line>) -> Result<T, ClientError>,
    ) -> Option<Result<T, FaultCode>> {
        let start = self.now();
        let mut client = self.client.take()?;
        let answer = request(&mut client);
        let took = self.now() - start;
        assert!(took <= (PATIENCE + ON_THE_LINE) * requests, "{requests} requests took {took:?}");
        match answer {
            Ok(answer) => {
                self.ends.answered += 1;
                self.client = Some(client);
                Some(Ok(answer))
            }
            Err(ClientError::Device { code, .. }) => {
                self.ends.answered += 1;
                self.client = Some(client);
                Some(Err(code))
            }
            Err(error) => {
                assert!(explained(&error), "{error}");
                // What was given up may still be done; after this it was, or never will be.
                self.world.borrow_mut().settle();
                match error {
                    // The session is still there: sometimes the host goes on in it, sometimes it opens another.
                    ClientError::Timeout { .. } => {
                        self.ends.timeouts += 1;
                        self.client = (self.random.below(2) == 0).then_some(client);
                    }
                    _ => self.ends.lost_sessions += 1,
                }
                None
            }
        }
    }

    fn open(&mut self) {
        self.session += 1;
        let start = self.now();
        match Client::open_with(Line(self.world.clone()), self.session, PATIENCE, self.key.as_ref()) {
            Ok(client) => {
                assert_eq!(client.is_proved(), self.key.is_some());
                assert_eq!(self.device().loaded, None, "a new session has nothing loaded");
                self.ends.sessions += 1;
                self.client = Some(client);
            }
            Err(error) => {
                assert!(explained(&error), "{error}");
                self.world.borrow_mut().settle();
                self.ends.timeouts += 1;
            }
        }
        assert!(self.now() - start <= (PATIENCE + ON_THE_LINE) * 2);
    }

    fn step(&mut self) {
        if self.client.is_none() {
            return self.open();
        }
        match self.random.below(1000) {
            0 => {
                self.world.borrow_mut().restart();
                (self.held, self.ends.restarts) = (None, self.ends.restarts + 1);
            }
            1 => {
                let silence = Duration::from_secs(1 + self.random.below(60) as u64);
                self.world.borrow_mut().go_silent_after(0, silence);
            }
            2..200 => self.info(),
            200..240 => self.upload(),
            240..300 => self.load(),
            300..450 => self.set_input(),
            450..700 => self.run(),
            700..850 => self.output(),
            _ => self.time(),
        }
    }

    fn info(&mut self) {
        let runs = self.device().runs;
        if let Some(answer) = self.ask(1, Client::info) {
            let info = answer.unwrap();
            assert_eq!((info.target.as_str(), info.memory, info.features.len()), ("recorder", runs, 2));
        }
    }

    fn upload(&mut self) {
        if self.held.is_none() {
            let length = 1 + self.random.below(20_000);
            let random = &mut self.random;
            self.artifact = (0..length).map(|_| random.next() as u8).collect();
        }
        let (artifact, broken_off) = (self.artifact.clone(), self.held.take());
        if self.random.below(20) == 0 {
            let silence = Duration::from_secs(30 + self.random.below(30) as u64);
            self.world.borrow_mut().go_silent_after(self.random.below(60) as u64, silence);
        }
        let (mut first, crc) = (None, crc32c(&artifact));
        let requests = 2 + artifact.len() as u32 / 256;
        match self.ask(requests, |client| client.upload(&artifact, |have| first = first.or(Some(have)))) {
            Some(answer) => {
                answer.unwrap();
                assert!(self.device().artifact == artifact);
            }
            None => {
                let upload = self.device().upload;
                let begun = upload.filter(|upload| upload.is(artifact.len() as u32, crc));
                self.held = Some(begun.map_or(0, |upload| upload.held() as usize));
            }
        }
        // Nothing that was held is sent again.
        if let (Some(held), Some(first)) = (broken_off, first) {
            assert!(first > held && first <= held + line::BODY, "went on to {first} from {held}");
            self.ends.resumed += u64::from(held > 0);
        }
    }

    fn load(&mut self) {
        let (complete, expected) = {
            let device = self.device();
            let complete = device.upload.is_some_and(|upload| upload.check(&device.artifact).is_ok());
            (complete, crc32c(&device.artifact).into())
        };
        if let Some(answer) = self.ask(1, |client| client.load(1, PATIENCE)) {
            match complete {
                true => assert_eq!(answer.unwrap().arena, expected),
                false => assert_eq!(answer.unwrap_err(), FaultCode::NoModel),
            }
        }
    }

    fn set_input(&mut self) {
        let random = &mut self.random;
        let value: Vec<u8> = (0..SIZE).map(|_| random.next() as u8).collect();
        let there = !self.device().input.is_empty();
        match self.ask(2, |client| client.set_input(0, &value)) {
            Some(Ok(())) => assert!(there && self.device().input == value),
            Some(Err(_)) => assert!(!there),
            None => {}
        }
    }

    fn run(&mut self) {
        let (loaded, runs) = self.state();
        match self.ask(1, |client| client.run(PATIENCE)) {
            Some(Ok(ticks)) => assert_eq!((ticks, self.device().runs), (runs + 1, runs + 1)),
            Some(Err(code)) => assert_eq!((code, loaded), (FaultCode::NoModel, None)),
            None => {
                let now = self.device().runs;
                assert!(now == runs || now == runs + 1, "{} runs for one request", now - runs);
            }
        }
    }

    fn output(&mut self) {
        let (loaded, runs, input) = {
            let device = self.device();
            (device.loaded, device.runs, device.input.clone())
        };
        let Some(loaded) = loaded else { return };
        // Of a fresh run: what lies there of an earlier one may be of another input.
        if let Some(Ok(ticks)) = self.ask(1, |client| client.run(PATIENCE)) {
            assert_eq!(ticks, runs + 1);
            if let Some(answer) = self.ask(2, |client| client.output(0, SIZE)) {
                assert!(answer.unwrap() == output(&input, loaded, ticks));
            }
        }
    }

    fn time(&mut self) {
        let (loaded, runs) = self.state();
        let (number, repeat) = (1 + self.random.below(5) as u32, 1 + self.random.below(100) as u32);
        let request = Request::Time { number, repeat, min_repeat_ms: 0, cooldown_ms: 0, flush_cache: false };
        let after = runs + 1 + u64::from(number * repeat);
        match self.ask(5, |client| client.time(&request, PATIENCE)) {
            Some(Ok(timed)) => {
                assert_eq!((timed.number, timed.ticks), (number, samples(runs, repeat)));
                assert_eq!(self.device().runs, after);
            }
            Some(Err(code)) => assert_eq!((code, loaded), (FaultCode::NoModel, None)),
            None => assert!([runs, after].contains(&self.device().runs)),
        }
    }
}

/// Has a host work until `frames` frames were on the line.
fn work(seed: u64, key: Option<Key>, frames: u64) -> (Tally, Ends) {
    let mut host = Host::new(seed, key);
    loop {
        host.step();
        let tally = host.world.borrow().tally;
        if tally.frames >= frames {
            return (tally, host.ends);
        }
    }
}

/// That the line was as bad as it should be, and that in spite of it nearly everything was answered.
fn check((tally, ends): (Tally, Ends)) {
    println!("{tally:?} {ends:?}");
    let share = tally.faults() as f64 / tally.frames as f64;
    assert!((0.13..0.16).contains(&share), "{share}");
    assert!(ends.answered > tally.frames / 20, "{ends:?}");
    assert!(ends.timeouts < ends.answered / 50, "{ends:?}");
    assert!(ends.lost_sessions <= ends.restarts, "{ends:?}");
    assert!(ends.timeouts > 0 && ends.restarts > 0 && ends.lost_sessions > 0 && ends.resumed > 0, "{ends:?}");
}

fn key() -> Key {
    Key::new([0x5A; 32])
}

#[test]
fn half_a_million_frames_without_a_key() {
    check(work(1, None, 500_000));
}

#[test]
fn half_a_million_frames_in_sessions_with_a_key() {
    check(work(2, Some(key()), 500_000));
}
