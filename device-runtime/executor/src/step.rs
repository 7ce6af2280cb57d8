//! Running one step: its pointer table, its slices, its kernel.

use core::ops::Range;

use lathe_artifact::{Launch, MAX_ARGUMENTS, Space, Step};

use crate::arena::Arena;
use crate::model::{Model, Placement};
use crate::workers::Workers;

/// A kernel: `args` are the buffers of the step, `workspace` belongs to the calling worker, `begin..end` is its slice
/// of the parallel axis.
pub type KernelFn = unsafe extern "C" fn(args: *const *mut u8, workspace: *mut u8, begin: u32, end: u32);

/// A kernel with its buffers, shared by the workers of one step.
struct Call {
    kernel: KernelFn,
    table: [*mut u8; MAX_ARGUMENTS],
}

// SAFETY: workers only read the table; that the slices of one step do not disturb each other is the contract of the
// plan, which `Model::load` makes its caller vouch for.
unsafe impl Sync for Call {}

impl Call {
    /// Runs the iterations of `slice`.
    ///
    /// # Safety
    /// `workspace` is not in use by another worker.
    unsafe fn run(&self, workspace: *mut u8, slice: Range<u32>) {
        // SAFETY: the kernel is code of an artifact that the caller of `Model::load` vouched for, its table holds
        // every argument the plan gives it, and the load checked that those lie in arena and constants.
        unsafe { (self.kernel)(self.table.as_ptr(), workspace, slice.start, slice.end) }
    }
}

impl<W: Workers> Model<'_, W> {
    /// Runs step number `index`; nothing when there is none.
    pub(crate) fn run_step(&mut self, index: usize) {
        let Some(step) = self.artifact.step(index) else {
            return;
        };
        let Some(kernel) = self.artifact.kernel(step.kernel) else {
            return;
        };
        let Launch::Slices { extent } = step.launch else {
            return;
        };
        let table = self.placement.table(&self.arena, &step);
        // SAFETY: the load checked that the entry lies in the code, which the caller of `Model::load` vouched for.
        let kernel = unsafe { core::mem::transmute::<*const u8, KernelFn>(self.placement.entry(kernel.entry)) };
        let call = Call { kernel, table };
        let arena = &self.arena;
        if extent > 0 {
            self.workers.run(extent, &|worker, slice| {
                // SAFETY: every worker has its own number, and so its own workspace.
                unsafe { call.run(arena.workspace(worker), slice) };
            });
        }
    }
}

impl Placement<'_> {
    /// The pointers of a step's arguments, in `arena` and here.
    pub(crate) fn table(&self, arena: &Arena<'_>, step: &Step<'_>) -> [*mut u8; MAX_ARGUMENTS] {
        let mut table = [core::ptr::null_mut(); MAX_ARGUMENTS];
        for (slot, argument) in table.iter_mut().zip(step.arguments()) {
            let offset = argument.offset as usize;
            *slot = match argument.space {
                Space::Arena => arena.at(offset),
                Space::Constants => self.constants.wrapping_add(offset).cast_mut(),
                Space::Noise => self.noise.as_ptr().wrapping_add(offset).cast_mut(),
            };
        }
        table
    }

    /// The address to call for the kernel that starts `entry` bytes into the code.
    pub(crate) fn entry(&self, entry: u32) -> *const u8 {
        let address = self.code.wrapping_add(entry as usize);
        // Thumb code is called at an odd address.
        #[cfg(target_arch = "arm")]
        let address = address.wrapping_add(1);
        address
    }
}
