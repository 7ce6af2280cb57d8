//! Lathe on the device: loads an artifact and runs inference.
