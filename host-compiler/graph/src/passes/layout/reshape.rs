//! When a Reshape can be applied to the stored order of its operand.

/// The stored order of a Reshape's result (from `x` to `y`, both in the model's order) if the operand stays stored as
/// `perm`; `None` when dimensions that it joins or splits do not lie next to each other in order.
pub(super) fn stored_order(x: &[usize], perm: &[usize], y: &[usize]) -> Option<Vec<usize>> {
    let groups = groups(x, y)?;
    let mut order = Vec::with_capacity(y.len());
    let mut stored = perm.iter().copied().filter(|&d| x[d] != 1).peekable();
    while let Some(&first) = stored.peek() {
        let (from, to) = groups.iter().find(|(from, _)| from.first() == Some(&first))?;
        for &d in from {
            stored.next_if_eq(&d)?;
        }
        order.extend(to);
    }
    place_units(&mut order, y);
    Some(order)
}

/// The stored order nearest to `perm` in which a Reshape from `x` to `y` can be applied: dimensions that it joins or
/// splits move, in order, to where the last of them is stored.
pub(super) fn gathered(x: &[usize], perm: &[usize], y: &[usize]) -> Option<Vec<usize>> {
    let groups = groups(x, y)?;
    let group_of = |d: usize| groups.iter().position(|(from, _)| from.contains(&d));
    let mut order: Vec<usize> = Vec::with_capacity(perm.len());
    for (j, &d) in perm.iter().enumerate() {
        let Some(group) = group_of(d) else {
            order.push(d);
            continue;
        };
        if perm[j + 1..].iter().all(|&later| group_of(later) != Some(group)) {
            order.extend(&groups[group].0);
        }
    }
    Some(order)
}

/// The smallest runs of dimensions (extents of 1 left out) that hold the same elements on both sides.
fn groups(x: &[usize], y: &[usize]) -> Option<Vec<(Vec<usize>, Vec<usize>)>> {
    let dims = |shape: &[usize]| (0..shape.len()).filter(|&d| shape[d] != 1).collect::<Vec<_>>();
    if x.contains(&0) || y.contains(&0) {
        return None;
    }
    let (mut xs, mut ys) = (dims(x).into_iter(), dims(y).into_iter());
    let mut groups = Vec::new();
    while let Some(first) = xs.next() {
        let second = ys.next()?;
        let (mut from, mut to) = (vec![first], vec![second]);
        let (mut have, mut want) = (x[first], y[second]);
        while have != want {
            if have < want {
                let d = xs.next()?;
                have *= x[d];
                from.push(d);
            } else {
                let d = ys.next()?;
                want *= y[d];
                to.push(d);
            }
        }
        groups.push((from, to));
    }
    ys.next().is_none().then_some(groups)
}

/// Adds the dimensions of extent 1, which may stand anywhere: the first one in front, others beside their neighbours,
/// so that the usual orders come out.
fn place_units(order: &mut Vec<usize>, y: &[usize]) {
    for d in (0..y.len()).rev().filter(|&d| y[d] == 1) {
        let after = order.iter().position(|&o| o == d + 1);
        let before = d.checked_sub(1).and_then(|b| order.iter().position(|&o| o == b)).map(|p| p + 1);
        let place = if d == 0 { Some(0) } else { after.or(before) };
        order.insert(place.unwrap_or(order.len()), d);
    }
}
