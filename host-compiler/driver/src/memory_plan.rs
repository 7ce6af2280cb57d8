//! Where each buffer lies in the arena.
//!
//! Every buffer has a size and the steps between which it must keep its bytes. Two buffers may share bytes when their
//! steps do not meet. Assigning offsets so that the arena is smallest is hard in general; what is done here is
//! first-fit over several orders of the buffers, then an improvement that moves the buffers at the top of the arena
//! forward in the best order. The lower bound (the most bytes live at one step) says when to stop.

/// A buffer's size and the steps, first to last inclusive, during which its bytes are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// bytes
    pub bytes: usize,
    /// the step that first touches it
    pub first: usize,
    /// the step that last touches it
    pub last: usize,
}

impl Lifetime {
    fn meets(&self, other: &Lifetime) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Offsets of buffers in an arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// offset of each buffer, in the order they were given
    pub offsets: Vec<usize>,
    /// bytes of the arena
    pub arena: usize,
    /// the most bytes, aligned, that are live at one step: no plan can be smaller
    pub bound: usize,
}

/// The most bytes live at one step when each buffer takes a multiple of `alignment` bytes.
pub fn peak(buffers: &[Lifetime], alignment: usize) -> usize {
    peak_of_aligned(&aligned(buffers, alignment))
}

/// The same buffers, each of a multiple of `alignment` bytes.
fn aligned(buffers: &[Lifetime], alignment: usize) -> Vec<Lifetime> {
    buffers.iter().map(|b| Lifetime { bytes: b.bytes.next_multiple_of(alignment), ..*b }).collect()
}

fn peak_of_aligned(buffers: &[Lifetime]) -> usize {
    let steps = buffers.iter().map(|b| b.last + 1).max().unwrap_or(0);
    let mut change = vec![0isize; steps + 1];
    for b in buffers {
        change[b.first] += b.bytes as isize;
        change[b.last + 1] -= b.bytes as isize;
    }
    let mut live = 0;
    change.iter().fold(0, |peak, c| {
        live += c;
        peak.max(live)
    }) as usize
}

/// Assigns offsets, multiples of `alignment`. The result is the same on every machine.
pub fn assign(buffers: &[Lifetime], alignment: usize) -> MemoryPlan {
    let buffers = &aligned(buffers, alignment);
    let bound = peak_of_aligned(buffers);
    let neighbours = neighbours(buffers);
    let mut best: Option<(usize, Vec<usize>, Vec<usize>)> = None;
    for order in orders(buffers) {
        let (arena, offsets) = first_fit(buffers, &neighbours, &order);
        if best.as_ref().is_none_or(|(a, ..)| arena < *a) {
            best = Some((arena, offsets, order));
        }
    }
    let (mut arena, mut offsets, mut order) = best.unwrap_or_default();
    let mut tries = improvement_tries(&neighbours);
    let mut random = 0x9E37_79B9_7F4A_7C15u64;
    while arena > bound && tries > 0 {
        tries -= 1;
        let candidate = promoted(buffers, &offsets, arena, &order, &mut random);
        let (a, o) = first_fit(buffers, &neighbours, &candidate);
        // An equal arena is taken too: it changes which buffers are at the top.
        if a <= arena {
            (arena, offsets, order) = (a, o, candidate);
        }
    }
    MemoryPlan { offsets, arena, bound }
}

/// Fewer tries for larger plans: each looks at every pair of buffers that meet.
fn improvement_tries(neighbours: &[Vec<usize>]) -> usize {
    let pairs: usize = neighbours.iter().map(Vec::len).sum();
    (50_000_000 / (pairs + 1)).clamp(50, 20_000)
}

/// For each buffer, those whose lifetimes meet its own.
fn neighbours(buffers: &[Lifetime]) -> Vec<Vec<usize>> {
    let meets = |i: usize| (0..buffers.len()).filter(move |&j| i != j && buffers[i].meets(&buffers[j]));
    (0..buffers.len()).map(|i| meets(i).collect()).collect()
}

/// Orders worth trying: by size, by size times duration, by first use, by last use backwards, by the live bytes of
/// the busiest step each is part of.
fn orders(buffers: &[Lifetime]) -> Vec<Vec<usize>> {
    let sorted = |key: &dyn Fn(&Lifetime) -> (std::cmp::Reverse<usize>, usize)| {
        let mut order: Vec<usize> = (0..buffers.len()).collect();
        order.sort_by_key(|&i| key(&buffers[i]));
        order
    };
    use std::cmp::Reverse;
    let live = live_bytes(buffers);
    let busiest = |b: &Lifetime| live[b.first..=b.last].iter().copied().max().unwrap_or(0);
    vec![
        sorted(&|b| (Reverse(b.bytes), b.first)),
        sorted(&|b| (Reverse(b.bytes * (b.last - b.first + 1)), b.first)),
        sorted(&|b| (Reverse(b.last - b.first), b.first)),
        sorted(&|b| (Reverse(usize::MAX - b.first), usize::MAX - b.bytes)),
        sorted(&|b| (Reverse(b.last), usize::MAX - b.bytes)),
        sorted(&|b| (Reverse(busiest(b)), usize::MAX - b.bytes)),
    ]
}

fn live_bytes(buffers: &[Lifetime]) -> Vec<usize> {
    let steps = buffers.iter().map(|b| b.last + 1).max().unwrap_or(0);
    let mut live = vec![0; steps];
    for b in buffers {
        live[b.first..=b.last].iter_mut().for_each(|l| *l += b.bytes);
    }
    live
}

/// Places each buffer at the lowest offset where it overlaps none placed before that it meets.
fn first_fit(buffers: &[Lifetime], neighbours: &[Vec<usize>], order: &[usize]) -> (usize, Vec<usize>) {
    const UNPLACED: usize = usize::MAX;
    let mut offsets = vec![UNPLACED; buffers.len()];
    let mut arena = 0;
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for &i in order {
        taken.clear();
        let placed = neighbours[i].iter().filter(|&&j| offsets[j] != UNPLACED);
        taken.extend(placed.map(|&j| (offsets[j], offsets[j] + buffers[j].bytes)));
        taken.sort_unstable();
        let mut at = 0;
        for &(start, end) in &taken {
            if at + buffers[i].bytes <= start {
                break;
            }
            at = at.max(end);
        }
        offsets[i] = at;
        arena = arena.max(at + buffers[i].bytes);
    }
    (arena, offsets)
}

/// The order with one of the buffers that end at the arena's top moved some places (or all the way) forward.
fn promoted(buffers: &[Lifetime], offsets: &[usize], arena: usize, order: &[usize], random: &mut u64) -> Vec<usize> {
    let mut draw = |below: usize| {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        (*random % below.max(1) as u64) as usize
    };
    let at_top = |i: usize| offsets[i] + buffers[i].bytes == arena;
    let top: Vec<usize> = (0..order.len()).filter(|&p| at_top(order[p])).collect();
    let from = if top.is_empty() { 0 } else { top[draw(top.len())] };
    let to = draw(from + 1);
    let mut order = order.to_vec();
    let moved = order.remove(from);
    order.insert(to, moved);
    if draw(2) == 0 && order.len() > 1 {
        let (a, b) = (draw(order.len()), draw(order.len()));
        order.swap(a, b);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIGNMENT: usize = 64;

    fn check(buffers: &[Lifetime]) -> MemoryPlan {
        let plan = assign(buffers, ALIGNMENT);
        for (i, a) in buffers.iter().enumerate() {
            assert_eq!(plan.offsets[i] % ALIGNMENT, 0);
            assert!(plan.offsets[i] + a.bytes <= plan.arena);
            for (j, b) in buffers.iter().enumerate().skip(i + 1) {
                let apart =
                    plan.offsets[i] + a.bytes <= plan.offsets[j] || plan.offsets[j] + b.bytes <= plan.offsets[i];
                assert!(!a.meets(b) || apart, "{a:?} at {} and {b:?} at {}", plan.offsets[i], plan.offsets[j]);
            }
        }
        assert!(plan.arena >= plan.bound);
        plan
    }

    #[test]
    fn a_chain_needs_its_two_largest_neighbours() {
        let sizes = [640, 128, 64, 1280, 64, 320];
        let chain: Vec<_> =
            sizes.iter().enumerate().map(|(i, &bytes)| Lifetime { bytes, first: i, last: i + 1 }).collect();
        let plan = check(&chain);
        assert_eq!((plan.arena, plan.bound), (1344, 1344));
    }

    #[test]
    fn nothing_needs_nothing() {
        assert_eq!(assign(&[], ALIGNMENT), MemoryPlan { offsets: vec![], arena: 0, bound: 0 });
        assert_eq!(check(&[Lifetime { bytes: 0, first: 0, last: 3 }]).arena, 0);
    }

    #[test]
    fn unaligned_sizes_are_aligned() {
        let plan = check(&[Lifetime { bytes: 1, first: 0, last: 1 }, Lifetime { bytes: 65, first: 1, last: 1 }]);
        assert_eq!(plan.arena, 192);
        let small = [Lifetime { bytes: 1, first: 0, last: 1 }, Lifetime { bytes: 65, first: 1, last: 1 }];
        assert_eq!((assign(&small, 8).arena, peak(&small, 8)), (80, 80));
    }

    #[test]
    fn random_plans_stay_near_the_bound() {
        let mut state = 88172645463325252u64;
        let mut draw = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for count in [5, 20, 80, 300] {
            for _ in 0..4 {
                let buffers: Vec<_> = (0..count)
                    .map(|i: usize| {
                        let first = i.saturating_sub(draw(3));
                        let span = if draw(5) == 0 { 40 } else { 3 };
                        Lifetime { bytes: 64 * (1 + draw(200)), first, last: first + 1 + draw(span) }
                    })
                    .collect();
                let plan = check(&buffers);
                assert!(plan.arena as f64 <= 1.05 * plan.bound as f64, "{count}: {} over {}", plan.arena, plan.bound);
            }
        }
    }
}
