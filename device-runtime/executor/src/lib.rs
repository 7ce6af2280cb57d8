//! Graph executor over caller-given memory: no_std, no alloc.
