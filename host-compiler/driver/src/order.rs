//! The order in which fusion groups run: the model's own, unless another needs less memory.

use std::collections::HashSet;

/// One group as the order sees it: the buffers it reads and writes (indices into the sizes).
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// buffers read
    pub reads: Vec<usize>,
    /// buffers written, each by this task alone
    pub writes: Vec<usize>,
    /// bytes it needs for itself while it runs
    pub own: usize,
    /// bytes of what it writes that take the memory of what it reads last
    pub in_place: usize,
}

/// What is to be ordered.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// the tasks in the model's order
    pub tasks: Vec<Task>,
    /// bytes of each buffer
    pub sizes: Vec<usize>,
    /// buffers that keep their bytes from before the first step to after the last
    pub always: Vec<usize>,
    /// buffers that must keep their bytes after the last step
    pub kept: Vec<usize>,
}

impl Tasks {
    /// Whether each task runs after those that write what it reads.
    pub fn is_valid(&self, order: &[usize]) -> bool {
        let mut missing = vec![0usize; self.sizes.len()];
        self.tasks.iter().flat_map(|t| &t.writes).for_each(|&b| missing[b] += 1);
        order.iter().all(|&t| {
            let ready = self.tasks[t].reads.iter().all(|&b| missing[b] == 0);
            self.tasks[t].writes.iter().for_each(|&b| missing[b] = 0);
            ready
        })
    }
}

/// Orders worth considering: the model's own first (unless it is none), and the one with the lowest peak that a beam
/// search finds. None at all when tasks wait for each other in a circle.
pub fn candidate_orders(tasks: &Tasks) -> Vec<Vec<usize>> {
    let model: Vec<usize> = (0..tasks.tasks.len()).collect();
    let width = if tasks.tasks.len() <= 300 { 32 } else { 6 };
    let own = tasks.is_valid(&model).then_some(model);
    own.into_iter().chain(beam_search(tasks, width)).collect()
}

/// A partial order: what ran, and what it cost.
#[derive(Clone)]
struct Partial {
    order: Vec<usize>,
    done: Vec<u64>,
    waiting: Vec<u32>,
    readers_left: Vec<u32>,
    ready: Vec<usize>,
    live: usize,
    peak: usize,
}

/// Grows `width` partial orders task by task, keeping those with the lowest (peak, live bytes).
fn beam_search(tasks: &Tasks, width: usize) -> Option<Vec<usize>> {
    let graph = Edges::new(tasks);
    let mut beam = vec![graph.start(tasks)];
    for _ in 0..tasks.tasks.len() {
        let mut next: Vec<(usize, usize, usize, usize)> = Vec::new();
        for (i, partial) in beam.iter().enumerate() {
            for &t in &partial.ready {
                let (peak, live) = graph.cost(tasks, partial, t);
                next.push((peak, live, i, t));
            }
        }
        next.sort_unstable();
        let mut seen = HashSet::new();
        let mut grown = Vec::new();
        for (peak, live, i, t) in next {
            let mut done = beam[i].done.clone();
            done[t / 64] |= 1 << (t % 64);
            if !seen.insert(done.clone()) {
                continue;
            }
            grown.push(graph.run(tasks, &beam[i], t, done, peak, live));
            if grown.len() == width {
                break;
            }
        }
        beam = grown;
    }
    beam.into_iter().next().map(|p| p.order)
}

/// Who writes and who reads each buffer.
struct Edges {
    readers: Vec<Vec<usize>>,
    pinned: Vec<bool>,
}

impl Edges {
    fn new(tasks: &Tasks) -> Edges {
        let mut readers = vec![Vec::new(); tasks.sizes.len()];
        for (t, task) in tasks.tasks.iter().enumerate() {
            for &b in &task.reads {
                if readers[b].last() != Some(&t) {
                    readers[b].push(t);
                }
            }
        }
        let mut pinned = vec![false; tasks.sizes.len()];
        tasks.kept.iter().chain(&tasks.always).for_each(|&b| pinned[b] = true);
        Edges { readers, pinned }
    }

    fn start(&self, tasks: &Tasks) -> Partial {
        let mut written = vec![false; tasks.sizes.len()];
        tasks.tasks.iter().flat_map(|t| &t.writes).for_each(|&b| written[b] = true);
        let waits = |t: &Task| {
            let inputs: HashSet<usize> = t.reads.iter().copied().filter(|&b| written[b]).collect();
            inputs.len() as u32
        };
        let waiting: Vec<u32> = tasks.tasks.iter().map(waits).collect();
        let live = tasks.always.iter().map(|&b| tasks.sizes[b]).sum();
        Partial {
            order: Vec::new(),
            done: vec![0; tasks.tasks.len().div_ceil(64)],
            ready: (0..waiting.len()).filter(|&t| waiting[t] == 0).collect(),
            waiting,
            readers_left: self.readers.iter().map(|r| r.len() as u32).collect(),
            live,
            peak: live,
        }
    }

    /// Peak and live bytes after running `t` next.
    fn cost(&self, tasks: &Tasks, partial: &Partial, t: usize) -> (usize, usize) {
        let task = &tasks.tasks[t];
        let fresh = |b: &&usize| !tasks.always.contains(b);
        let during = partial.live + task.writes.iter().filter(fresh).map(|&b| tasks.sizes[b]).sum::<usize>();
        let dead_reads = task
            .reads
            .iter()
            .enumerate()
            .filter(|&(i, &b)| !task.reads[..i].contains(&b) && !self.pinned[b] && partial.readers_left[b] == 1);
        let dead_writes = task.writes.iter().filter(|&&b| !self.pinned[b] && self.readers[b].is_empty());
        let freed: usize = dead_reads.map(|(_, &b)| tasks.sizes[b]).sum::<usize>()
            + dead_writes.map(|&b| tasks.sizes[b]).sum::<usize>();
        let peak = (during + task.own).saturating_sub(task.in_place);
        (partial.peak.max(peak), during.saturating_sub(freed))
    }

    fn run(&self, tasks: &Tasks, from: &Partial, t: usize, done: Vec<u64>, peak: usize, live: usize) -> Partial {
        let mut partial = Partial { done, peak, live, ..from.clone() };
        partial.order.push(t);
        partial.ready.retain(|&r| r != t);
        let task = &tasks.tasks[t];
        for (i, &b) in task.reads.iter().enumerate() {
            if !task.reads[..i].contains(&b) {
                partial.readers_left[b] -= 1;
            }
        }
        for &b in &task.writes {
            for &r in &self.readers[b] {
                partial.waiting[r] -= 1;
                if partial.waiting[r] == 0 {
                    partial.ready.push(r);
                }
            }
        }
        partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_plan::{Lifetime, peak};

    /// The most bytes live at one step when the tasks run in `order`.
    fn peak_of(tasks: &Tasks, order: &[usize]) -> usize {
        let mut lives = Vec::new();
        for (b, &bytes) in tasks.sizes.iter().enumerate() {
            let touches = |&t: &usize| tasks.tasks[t].reads.contains(&b) || tasks.tasks[t].writes.contains(&b);
            let always = tasks.always.contains(&b);
            let first = if always { 0 } else { order.iter().position(touches).unwrap() };
            let kept = always || tasks.kept.contains(&b);
            let last = if kept { order.len() - 1 } else { order.iter().rposition(touches).unwrap() };
            lives.push(Lifetime { bytes, first, last });
        }
        peak(&lives, 64)
    }

    /// x -> wide1 -> thin1, x -> wide2 -> thin2, then thin1 + thin2; the model computes both wides first.
    fn two_branches() -> Tasks {
        let task = |reads: &[usize], writes: &[usize]| Task {
            reads: reads.to_vec(),
            writes: writes.to_vec(),
            ..Task::default()
        };
        Tasks {
            tasks: vec![task(&[0], &[1]), task(&[0], &[2]), task(&[1], &[3]), task(&[2], &[4]), task(&[3, 4], &[5])],
            sizes: vec![64, 6400, 6400, 64, 64, 64],
            always: vec![0],
            kept: vec![5],
        }
    }

    #[test]
    fn one_branch_is_finished_before_the_next() {
        let tasks = two_branches();
        let order = candidate_orders(&tasks).pop().unwrap();
        assert_eq!(order, [0, 2, 1, 3, 4]);
        assert_eq!((peak_of(&tasks, &order), peak_of(&tasks, &[0, 1, 2, 3, 4])), (6592, 12928));
    }

    #[test]
    fn the_models_order_comes_first_unless_it_is_none() {
        let task = |reads: &[usize], writes: &[usize]| Task {
            reads: reads.to_vec(),
            writes: writes.to_vec(),
            ..Task::default()
        };
        let tasks = Tasks {
            tasks: vec![task(&[0], &[1]), task(&[0], &[2]), task(&[1, 2, 2], &[3])],
            sizes: vec![64; 4],
            always: vec![0],
            kept: vec![3],
        };
        assert_eq!(candidate_orders(&tasks)[0], [0, 1, 2]);
        let backwards =
            Tasks { tasks: vec![tasks.tasks[2].clone(), tasks.tasks[0].clone(), tasks.tasks[1].clone()], ..tasks };
        assert_eq!(candidate_orders(&backwards), [[1, 2, 0]]);
        let circle = Tasks { tasks: vec![task(&[1], &[0]), task(&[0], &[1])], sizes: vec![64; 2], ..Tasks::default() };
        assert!(candidate_orders(&circle).is_empty());
    }
}
