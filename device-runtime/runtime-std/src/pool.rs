//! A small pool of threads, pinned if wished, that wait by spinning a while, then sleep.

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};

use lathe_executor::{Job, Workers};

use crate::claims::Claims;
use crate::error::RunnerError;

/// Most threads of a pool.
const MAX_THREADS: usize = 256;

/// How often a worker looks for the next step before it sleeps: some tens of microseconds, longer than the serial
/// steps between two parallel ones, shorter than a scheduler's slice.
const SPINS: u32 = 20_000;

/// How often the caller looks for the workers' end before it lets other threads run.
const PATIENT_SPINS: u32 = 2_000;

/// One step's work, borrowed from the caller for as long as the step lasts.
type JobPointer = *const Job<'static>;

/// On a cache line of its own: what one side writes must not slow what the other reads.
#[repr(align(128))]
struct Padded<T>(T);

struct Shared {
    /// Counts jobs. A worker that sees it change takes the job.
    epoch: Padded<AtomicU32>,
    /// Workers that have not finished the job.
    running: Padded<AtomicUsize>,
    job: UnsafeCell<Option<JobPointer>>,
    /// What is left of the job.
    claims: Claims,
    /// Whether each worker sleeps or is about to; worker 1 has number 0.
    asleep: Vec<Padded<AtomicBool>>,
    /// What the job panicked with on other workers.
    panics: Mutex<Vec<Box<dyn Any + Send>>>,
    stop: AtomicBool,
}

impl Shared {
    fn panics(&self) -> MutexGuard<'_, Vec<Box<dyn Any + Send>>> {
        // A list of panics is whole after any push.
        self.panics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no worker has the job.
    fn wait(&self) {
        let mut looks = 0u32;
        while self.running.0.load(Ordering::Acquire) != 0 {
            looks = looks.saturating_add(1);
            if looks < PATIENT_SPINS { std::hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

// SAFETY: `job` is written by the caller only while no worker runs (`running` is 0) and read by workers only after the
// epoch that announces it; everything else is atomic.
unsafe impl Sync for Shared {}
// SAFETY: the job pointer is only followed while the caller waits inside `Pool::run`.
unsafe impl Send for Shared {}

/// The caller and `threads - 1` more.
pub struct Pool {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of `threads` workers, the caller counted; 0 means one per CPU that this process may use, but no more than
    /// 256. With `pin`, each other worker is pinned to a CPU of its own, not the one the caller now runs on, unless there
    /// are more workers than CPUs; the caller is left as it is.
    pub fn new(threads: usize, pin: bool) -> Result<Pool, RunnerError> {
        let cpus = allowed_cpus();
        let threads = if threads == 0 { one_per_cpu(cpus.len()) } else { threads };
        if threads > MAX_THREADS {
            return Err(RunnerError::TooManyThreads { threads, limit: MAX_THREADS });
        }
        let shared = Arc::new(Shared {
            epoch: Padded(AtomicU32::new(0)),
            running: Padded(AtomicUsize::new(0)),
            job: UnsafeCell::new(None),
            claims: Claims::new(threads),
            asleep: (1..threads).map(|_| Padded(AtomicBool::new(false))).collect(),
            panics: Mutex::default(),
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

// SAFETY: `run` is worker 0 itself and each helper works on the job once per epoch under its own number; every iteration
// is claimed once, and `run` waits for all of them. The number of threads is fixed.
unsafe impl Workers for Pool {
    fn count(&self) -> usize {
        self.helpers.len() + 1
    }

    fn run(&mut self, extent: u32, job: &Job<'_>) {
        if self.helpers.is_empty() || extent < 2 {
            return job(0, 0..extent);
        }
        self.shared.claims.share_out(extent);
        // SAFETY: only the lifetime changes. This function does not end, even by a panic, while a worker may still
        // follow the pointer.
        let pointer = unsafe { std::mem::transmute::<*const Job<'_>, JobPointer>(job) };
        // SAFETY: no worker runs between two jobs, and `&mut self` keeps other callers out.
        unsafe { *self.shared.job.get() = Some(pointer) };
        self.shared.running.0.store(self.helpers.len(), Ordering::Relaxed);
        self.announce();
        let own = catch_unwind(AssertUnwindSafe(|| self.shared.claims.work(0, job)));
        self.shared.wait();
        let others = std::mem::take(&mut *self.shared.panics());
        if let Some(panic) = own.err().or(others.into_iter().next()) {
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.announce();
        for helper in self.helpers.drain(..) {
            // It catches what its jobs panic with, so it has nothing to tell.
            let _ = helper.join();
        }
    }
}

/// As many workers as `cpus` CPUs can run at once and a pool may have.
fn one_per_cpu(cpus: usize) -> usize {
    cpus.clamp(1, MAX_THREADS)
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
        let outcome = catch_unwind(AssertUnwindSafe(|| job.map_or((), |job| shared.claims.work(worker, job))));
        if let Err(panic) = outcome {
            shared.panics().push(panic);
        }
        shared.running.0.fetch_sub(1, Ordering::Release);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_any_worker_reaches_the_caller_and_the_pool_works_on() {
        let mut pool = Pool::new(3, false).unwrap();
        for guilty in 0..30 {
            let run = || pool.run(30, &|_, slice| assert!(!slice.contains(&guilty), "the job's own"));
            let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("a panic");
            assert!(panic.downcast_ref::<&str>().is_some_and(|text| text.contains("the job's own")));
            let calls = [const { AtomicUsize::new(0) }; 30];
            pool.run(30, &|_, slice| {
                for iteration in slice {
                    calls[iteration as usize].fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(calls.map(AtomicUsize::into_inner), [1; 30]);
        }
    }

    #[test]
    fn no_two_calls_share_a_worker_at_the_same_time() {
        let mut pool = Pool::new(4, false).unwrap();
        let busy = [const { AtomicBool::new(false) }; 4];
        pool.run(400, &|worker, _| {
            assert!(!busy[worker].swap(true, Ordering::SeqCst));
            thread::yield_now();
            busy[worker].store(false, Ordering::SeqCst);
        });
    }

    #[test]
    fn as_many_threads_as_cpus_and_a_pool_may_have() {
        assert_eq!([0, 1, 64, 1024].map(one_per_cpu), [1, 1, 64, MAX_THREADS]);
        assert!(Pool::new(0, true).is_ok());
    }
}
