//! The table of the peripherals' interrupts for programs that enable none: one entry, since the linker script asks for
//! some. The core's own exceptions, SysTick among them, stand in another table.

/// The table, behind that of the exceptions.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
#[used]
static __INTERRUPTS: [usize; 1] = [0];
