//! Messages and framing between host and device.
