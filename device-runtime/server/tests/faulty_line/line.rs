//! A line that loses, damages, repeats, reorders and cuts frames, in time that only pretends to pass. A device that the
//! real request loop serves is at its other end.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use device_server::{Server, buffer_bytes};
use rpc_protocol::client::Link;
use rpc_protocol::key::{Challenge, Key};

use super::device::Recorder;

/// Longest frame body of the device.
pub const BODY: usize = 512;
/// What a byte takes on the line, at 115,200 baud.
const BYTE: Duration = Duration::from_nanos(86_806);

/// xorshift: reproducible without a dependency.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// What the line did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub frames: u64,
    pub dropped: u64,
    pub damaged: u64,
    pub repeated: u64,
    pub reordered: u64,
    pub cut: u64,
}

impl Tally {
    pub fn faults(&self) -> u64 {
        self.dropped + self.damaged + self.repeated + self.reordered + self.cut
    }
}

/// One direction.
#[derive(Default)]
struct Wire {
    /// What arrived.
    arrived: Vec<u8>,
    /// Frames held back, and how many others go first.
    held: Vec<(u32, Vec<u8>)>,
}

impl Wire {
    fn arrive(&mut self, bytes: &[u8]) {
        self.arrived.extend(bytes);
        for (wait, _) in &mut self.held {
            *wait = wait.saturating_sub(1);
        }
        self.release(0);
    }

    /// Lets what waits for at most `longest` others arrive.
    fn release(&mut self, longest: u32) {
        let (due, held) = std::mem::take(&mut self.held).into_iter().partition(|(wait, _)| *wait <= longest);
        self.held = held;
        let due: Vec<(u32, Vec<u8>)> = due;
        due.iter().for_each(|(_, bytes)| self.arrived.extend(bytes));
    }
}

/// The line, and the device at its other end.
pub struct World {
    now: Instant,
    random: Random,
    pub tally: Tally,
    to_device: Wire,
    to_host: Wire,
    /// After which frame nothing passes, and for how long; and until when then.
    silence: Option<(u64, Duration)>,
    outage: Option<Instant>,
    server: Server<'static>,
    key: Option<Key>,
    pub device: Recorder,
}

thread_local! {
    static CHALLENGES: RefCell<u64> = const { RefCell::new(0) };
}

/// Challenges that differ, which is all that these tests need of them.
fn challenge() -> Option<Challenge> {
    CHALLENGES.with_borrow_mut(|count| {
        *count += 1;
        Some(std::array::from_fn(|i| (*count >> (8 * (i % 8))) as u8))
    })
}

impl World {
    pub fn new(seed: u64, key: Option<Key>) -> World {
        World {
            now: Instant::now(),
            random: Random(seed),
            tally: Tally::default(),
            to_device: Wire::default(),
            to_host: Wire::default(),
            silence: None,
            outage: None,
            server: server(key.clone()),
            key,
            device: Recorder::default(),
        }
    }

    pub fn now(&self) -> Instant {
        self.now
    }

    /// Switches the device off and on.
    pub fn restart(&mut self) {
        self.server = server(self.key.clone());
        self.device = Recorder::default();
    }

    /// After so many more frames nothing passes for so long.
    pub fn go_silent_after(&mut self, frames: u64, silence: Duration) {
        self.silence = Some((self.tally.frames + frames, silence));
    }

    /// Lets everything that is on the line arrive, and throws away what the host no longer waits for.
    pub fn settle(&mut self) {
        self.to_device.release(u32::MAX);
        self.serve();
        self.to_host.release(u32::MAX);
        self.to_host.arrived.clear();
    }

    fn carry(&mut self, frame: &[u8], to_device: bool) {
        self.tally.frames += 1;
        self.now += BYTE * frame.len() as u32;
        if let Some((_, silence)) = self.silence.take_if(|(frame, _)| *frame <= self.tally.frames) {
            self.outage = Some(self.now + silence);
        }
        if self.outage.is_some_and(|end| self.now < end) {
            return;
        }
        let wire = if to_device { &mut self.to_device } else { &mut self.to_host };
        let random = &mut self.random;
        match random.below(100) {
            0..3 => self.tally.dropped += 1,
            3..6 => {
                self.tally.damaged += 1;
                let mut damaged = frame.to_vec();
                for _ in 0..1 + random.below(3) {
                    let at = random.below(damaged.len());
                    damaged[at] ^= 1 + random.below(255) as u8;
                }
                wire.arrive(&damaged);
            }
            6..9 => {
                self.tally.repeated += 1;
                wire.arrive(frame);
                wire.arrive(frame);
            }
            9..12 => {
                self.tally.reordered += 1;
                wire.held.push((1 + random.below(4) as u32, frame.to_vec()));
            }
            12..15 => {
                self.tally.cut += 1;
                let at = random.below(frame.len());
                wire.arrive(if random.below(2) == 0 { &frame[..at] } else { &frame[at..] });
            }
            _ => wire.arrive(frame),
        }
    }

    /// Has the device act on what arrived there.
    fn serve(&mut self) {
        let bytes = std::mem::take(&mut self.to_device.arrived);
        let mut answers = Answers(Vec::new());
        for piece in bytes.chunks(64) {
            let Ok(()) = self.server.receive(piece, &mut answers, &mut self.device);
        }
        for answer in answers.0 {
            self.carry(&answer, false);
        }
    }
}

fn server(key: Option<Key>) -> Server<'static> {
    let memory = Box::leak(vec![0; buffer_bytes(BODY)].into_boxed_slice());
    match key {
        Some(key) => Server::locked(memory, key, challenge),
        None => Server::new(memory),
    }
}

/// The frames a device sent.
struct Answers(Vec<Vec<u8>>);

impl device_server::Link for Answers {
    type Error = std::convert::Infallible;

    fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.push(bytes.to_vec());
        Ok(())
    }
}

/// The host's end.
#[derive(Clone)]
pub struct Line(pub Rc<RefCell<World>>);

impl Link for Line {
    fn send(&mut self, bytes: &[u8], _: Instant) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.carry(bytes, true);
        world.serve();
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        let mut world = self.0.borrow_mut();
        if world.to_host.arrived.is_empty() {
            // In silence everything that was held back arrives.
            world.to_device.release(u32::MAX);
            world.serve();
            world.to_host.release(u32::MAX);
        }
        let arrived = std::mem::take(&mut world.to_host.arrived);
        if arrived.is_empty() {
            world.now = world.now.max(deadline);
            return Ok(None);
        }
        Ok(Some(arrived))
    }

    fn closed_reason(&mut self) -> String {
        String::new()
    }

    fn now(&self) -> Instant {
        self.0.borrow().now
    }
}
