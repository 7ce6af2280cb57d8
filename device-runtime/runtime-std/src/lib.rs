//! Runtime for systems with an operating system: executable memory, mapped files, worker threads.
