//! Where a candidate's buffers lie, and what is in them before it runs.

use lathe_artifact::noise;

use super::{Argument, NOISE_SEED};

/// What every buffer starts at a multiple of, and the least red zone behind it.
const ALIGNMENT: usize = 64;

/// Offsets of a candidate's arguments, each in its memory; those of exact constants are the bundle's to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// one for each argument
    pub offsets: Vec<usize>,
    /// bytes of arena, red zones included
    pub arena: usize,
    /// bytes of the noise region
    pub noise: usize,
}

impl Layout {
    /// Buffers one behind the other with red zones before, between and behind; constants' noise without.
    pub fn new(arguments: &[Argument]) -> Layout {
        let mut layout = Layout { arena: ALIGNMENT, ..Layout::default() };
        for argument in arguments {
            let end = |start: usize| (start + argument.bytes()).next_multiple_of(ALIGNMENT);
            match argument {
                Argument::Exact(_) => layout.offsets.push(0),
                Argument::Noise(_) => {
                    layout.offsets.push(layout.noise);
                    layout.noise = end(layout.noise);
                }
                Argument::Buffer { .. } => {
                    layout.offsets.push(layout.arena);
                    layout.arena = end(layout.arena) + ALIGNMENT;
                }
            }
        }
        layout
    }

    /// The bytes of every argument before a checked run of a bundle of this seed.
    pub fn before(&self, arguments: &[Argument], seed: u32) -> Vec<Vec<u8>> {
        let content = |(argument, offset): (&Argument, &usize)| {
            let mut content = vec![0; argument.bytes()];
            let word = (offset / 4) as u32;
            match argument {
                Argument::Exact(exact) => content.copy_from_slice(exact),
                Argument::Noise(_) => noise::fill(NOISE_SEED, word, &mut content),
                Argument::Buffer { .. } => noise::fill(seed, word, &mut content),
            }
            content
        };
        arguments.iter().zip(&self.offsets).map(content).collect()
    }
}

#[cfg(test)]
mod tests {
    use lathe_artifact::{Access, DType};

    use super::*;

    #[test]
    fn red_zones_lie_on_both_sides_of_every_buffer() {
        let buffer = |bytes| Argument::Buffer { dtype: DType::U8, bytes, access: Access::Read, checked: true };
        let arguments = [buffer(100), Argument::Noise(70), buffer(64), Argument::Exact(vec![5; 3]), Argument::Noise(1)];
        let layout = Layout::new(&arguments);
        assert_eq!(layout.offsets, [64, 0, 256, 0, 128]);
        assert_eq!((layout.arena, layout.noise), (384, 192));
        let before = layout.before(&arguments, 3);
        assert_eq!(before[3], [5; 3]);
        assert_eq!(noise::first_difference(3, 256, &before[2]), None);
        assert_eq!(noise::first_difference(NOISE_SEED, 128, &before[4]), None);
    }
}
