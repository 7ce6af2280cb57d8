//! What firmware in C gives the server: functions that move bytes and tell the time.

use core::convert::Infallible;
use core::ffi::c_void;

use device_server::{Clock, Counter, Firmware, Link, Sandbox, Widened};

use crate::misuse::Misuse;

/// `lathe_port`: what the server needs of the firmware around it. The header says what each function does.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LathePort {
    /// Handed to each function.
    pub context: *mut c_void,
    /// Takes bytes that came.
    pub read: Option<unsafe extern "C" fn(context: *mut c_void, bytes: *mut c_void, capacity: usize) -> usize>,
    /// Sends bytes.
    pub write: Option<unsafe extern "C" fn(context: *mut c_void, bytes: *const c_void, length: usize)>,
    /// A counter's reading.
    pub ticks: Option<unsafe extern "C" fn(context: *mut c_void) -> u32>,
    /// Other work; may be absent.
    pub between: Option<unsafe extern "C" fn(context: *mut c_void)>,
    /// How fast the counter counts.
    pub ticks_per_second: u32,
}

/// A port whose functions are there.
#[derive(Clone, Copy)]
pub(crate) struct Port {
    context: *mut c_void,
    read: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> usize,
    write: unsafe extern "C" fn(*mut c_void, *const c_void, usize),
    ticks: unsafe extern "C" fn(*mut c_void) -> u32,
    between: Option<unsafe extern "C" fn(*mut c_void)>,
    ticks_per_second: u32,
}

impl Port {
    /// # Safety
    /// The functions do what the header says.
    pub unsafe fn new(port: &LathePort) -> Result<Port, Misuse> {
        let LathePort { context, between, ticks_per_second, .. } = *port;
        Ok(Port {
            context,
            read: port.read.ok_or(Misuse::Null("read"))?,
            write: port.write.ok_or(Misuse::Null("write"))?,
            ticks: port.ticks.ok_or(Misuse::Null("ticks"))?,
            between,
            ticks_per_second,
        })
    }

    /// Takes what came, without waiting.
    pub fn take<'b>(&mut self, bytes: &'b mut [u8]) -> &'b [u8] {
        // SAFETY: whoever made the port vouched for its functions, and this is memory of so many bytes.
        let count = unsafe { (self.read)(self.context, bytes.as_mut_ptr().cast(), bytes.len()) };
        // A function that claims more than there is room for has written beyond it; what is here is what fits.
        bytes.get(..count).unwrap_or(bytes)
    }
}

impl Link for Port {
    type Error = Infallible;

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            if let count @ 1.. = self.take(into).len() {
                return Ok(count);
            }
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        // SAFETY: whoever made the port vouched for its functions.
        unsafe { (self.write)(self.context, bytes.as_ptr().cast(), bytes.len()) };
        Ok(())
    }
}

impl Counter for Port {
    fn ticks(&self) -> u32 {
        // SAFETY: whoever made the port vouched for its functions.
        unsafe { (self.ticks)(self.context) }
    }

    fn ticks_per_second(&self) -> u32 {
        self.ticks_per_second
    }
}

/// The firmware in C as a board sees it.
pub(crate) struct Chip(Widened<Port>);

impl Chip {
    pub fn new(port: Port) -> Chip {
        Chip(Widened::new(port))
    }
}

impl Clock for Chip {
    fn now(&self) -> u64 {
        self.0.now()
    }

    fn ticks_per_second(&self) -> u64 {
        self.0.ticks_per_second()
    }
}

/// No code comes from the host, so nothing has to be contained.
impl Sandbox for Chip {}

impl Firmware for Chip {
    fn between(&mut self) {
        let port = self.0.counter();
        if let Some(between) = port.between {
            // SAFETY: whoever made the port vouched for its functions.
            unsafe { between(port.context) };
        }
    }
}
