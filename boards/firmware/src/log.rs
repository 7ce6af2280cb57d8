//! The log of `defmt` in a ring of RAM (RTT). It waits for nobody: without a probe, what is not read is lost.

// One gives the critical section in which the other writes.
use cortex_m as _;
use defmt_rtt as _;
