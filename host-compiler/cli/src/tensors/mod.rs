//! Tensors in and out of files: `.npy`, `.npz`, pictures.

pub mod npy;
pub mod npz;
pub mod picture;
