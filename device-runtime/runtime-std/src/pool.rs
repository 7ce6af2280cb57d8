//! A small pool of pinned threads that wait by spinning a while, then sleep.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};

use lathe_executor::Workers;

use crate::error::RunnerError;

/// Most threads of a pool.
const MAX_THREADS: usize = 256;

/// How often a worker looks for the next step before it sleeps: some tens of microseconds, longer than the serial
/// steps between two parallel ones, shorter than a scheduler's slice.
const SPINS: u32 = 20_000;

/// How often the caller looks for the workers' end before it lets other threads run.
const PATIENT_SPINS: u32 = 2_000;

/// One step's work, borrowed from the caller for as long as the step lasts.
type Job = *const (dyn Fn(usize) + Sync);

/// On a cache line of its own: what one side writes must not slow what the other reads.
#[repr(align(128))]
struct Padded<T>(T);

struct Shared {
    /// Counts jobs. A worker that sees it change takes the job.
    epoch: Padded<AtomicU32>,
    /// Workers that have not finished the job.
    running: Padded<AtomicUsize>,
    job: UnsafeCell<Option<Job>>,
    /// Whether each worker sleeps or is about to; worker 1 has number 0.
    asleep: Vec<Padded<AtomicBool>>,
    stop: AtomicBool,
}

// SAFETY: `job` is written by the caller only while no worker runs (`running` is 0) and read by workers only after the
// epoch that announces it; everything else is atomic.
unsafe impl Sync for Shared {}
// SAFETY: the job pointer is only followed while the caller waits inside `Pool::run`.
unsafe impl Send for Shared {}

/// The caller and `threads - 1` more, each pinned to a CPU of its own.
pub struct Pool {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of `threads` workers, the caller counted; 0 means one per CPU that this process may use. With `pin`, the
    /// other workers are pinned to CPUs other than the caller's, unless there are more workers than CPUs.
    pub fn new(threads: usize, pin: bool) -> Result<Pool, RunnerError> {
        let cpus = allowed_cpus();
        let threads = if threads == 0 { cpus.len().max(1) } else { threads };
        if threads > MAX_THREADS {
            return Err(RunnerError::TooManyThreads { threads, limit: MAX_THREADS });
        }
        let shared = Arc::new(Shared {
            epoch: Padded(AtomicU32::new(0)),
            running: Padded(AtomicUsize::new(0)),
            job: UnsafeCell::new(None),
            asleep: (1..threads).map(|_| Padded(AtomicBool::new(false))).collect(),
            stop: AtomicBool::new(false),
        });
        let mut pool = Pool { shared, helpers: Vec::new() };
        for worker in 1..threads {
            let cpu = cpus.get(worker).copied().filter(|_| pin && threads <= cpus.len());
            let shared = Arc::clone(&pool.shared);
            let helper = thread::Builder::new()
                .name(format!("lathe-{worker}"))
                .spawn(move || work(&shared, worker, cpu))
                .map_err(|source| RunnerError::Thread { worker, threads, source })?;
            pool.helpers.push(helper);
        }
        Ok(pool)
    }

    fn announce(&self) {
        self.shared.epoch.0.fetch_add(1, Ordering::SeqCst);
        for (asleep, helper) in self.shared.asleep.iter().zip(&self.helpers) {
            if asleep.0.load(Ordering::SeqCst) {
                let thread: &Thread = helper.thread();
                thread.unpark();
            }
        }
    }
}

// SAFETY: `run` calls worker 0 itself and each helper calls the job once per epoch with its own number; `run` waits for
// all of them. The number of threads is fixed.
unsafe impl Workers for Pool {
    fn count(&self) -> usize {
        self.helpers.len() + 1
    }

    fn run(&mut self, job: &(dyn Fn(usize) + Sync)) {
        // SAFETY: only the lifetime changes. `Finish` keeps this function from ending, even by a panic, while a worker
        // may still follow the pointer.
        let job_pointer: Job = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Job>(job) };
        // SAFETY: no worker runs between two jobs, and `&mut self` keeps other callers out.
        unsafe { *self.shared.job.get() = Some(job_pointer) };
        self.shared.running.0.store(self.helpers.len(), Ordering::Relaxed);
        let finish = Finish(&self.shared.running.0);
        self.announce();
        job(0);
        drop(finish);
    }
}

/// Waits for the workers when it is dropped.
struct Finish<'r>(&'r AtomicUsize);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        let mut looks = 0u32;
        while self.0.load(Ordering::Acquire) != 0 {
            looks = looks.saturating_add(1);
            if looks < PATIENT_SPINS { std::hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.announce();
        for helper in self.helpers.drain(..) {
            // A worker's panic has been printed by its own thread.
            let _ = helper.join();
        }
    }
}

/// The life of a helper thread.
fn work(shared: &Shared, worker: usize, cpu: Option<usize>) {
    if let Some(cpu) = cpu {
        pin_to(cpu);
    }
    let mut seen = 0;
    while let Some(epoch) = next_epoch(shared, worker, seen) {
        seen = epoch;
        // SAFETY: the epoch announced a job, written before it, that lives until `running` reaches 0.
        let job = unsafe { (*shared.job.get()).map(|job| &*job) };
        let _done = Done(&shared.running.0);
        if let Some(job) = job {
            job(worker);
        }
    }
}

/// Counts a worker out when it is dropped.
struct Done<'r>(&'r AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Waits for an epoch other than `seen`; `None` when the pool stops.
fn next_epoch(shared: &Shared, worker: usize, seen: u32) -> Option<u32> {
    let changed = || Some(shared.epoch.0.load(Ordering::SeqCst)).filter(|epoch| *epoch != seen);
    let spun = (0..SPINS).find_map(|_| {
        std::hint::spin_loop();
        changed()
    });
    let epoch = spun.or_else(|| sleep_until(shared, worker, changed));
    if shared.stop.load(Ordering::SeqCst) { None } else { epoch }
}

fn sleep_until(shared: &Shared, worker: usize, changed: impl Fn() -> Option<u32>) -> Option<u32> {
    let asleep = &shared.asleep.get(worker - 1)?.0;
    asleep.store(true, Ordering::SeqCst);
    let epoch = loop {
        // Looked at after `asleep` is seen by the caller: either it sees us asleep or we see its epoch.
        if let Some(epoch) = changed() {
            break epoch;
        }
        thread::park();
    };
    asleep.store(false, Ordering::SeqCst);
    Some(epoch)
}

/// The CPUs this thread may run on, beginning with the one it runs on.
fn allowed_cpus() -> Vec<usize> {
    // SAFETY: a CPU set is plain bits, all zero is a value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes at most the size given.
    if unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) } != 0 {
        return Vec::new();
    }
    // SAFETY: asks a number of the kernel.
    let current = usize::try_from(unsafe { libc::sched_getcpu() }).unwrap_or(0);
    let limit = libc::CPU_SETSIZE as usize;
    // SAFETY: every number is below the size of the set.
    let mut cpus: Vec<usize> = (0..limit).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect();
    if let Some(place) = cpus.iter().position(|cpu| *cpu == current) {
        cpus.rotate_left(place);
    }
    cpus
}

/// Keeps this thread on `cpu`. A system that refuses costs speed, not correctness.
fn pin_to(cpu: usize) {
    // SAFETY: a CPU set is plain bits, all zero is a value; `cpu` was found in such a set.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set);
    }
}
