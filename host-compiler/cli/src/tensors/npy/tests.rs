//! `.npy` files as NumPy writes them, and hostile ones.

use super::*;

fn file(version: [u8; 2], header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(version);
    if version[0] == 1 {
        bytes.extend((header.len() as u16).to_le_bytes());
    } else {
        bytes.extend((header.len() as u32).to_le_bytes());
    }
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn every_type_and_rank_round_trips() {
    for dtype in DType::ALL {
        for shape in [vec![], vec![0], vec![5], vec![2, 3], vec![1, 2, 1, 3]] {
            let ty = TensorType::new(dtype, shape);
            let data = (0..ty.bytes()).map(|i| (i % 2) as u8).collect();
            let tensor = Tensor::new(ty, data).unwrap();
            let bytes = write(&tensor);
            assert_eq!((bytes.len() - tensor.bytes().len()) % 64, 0);
            assert!(read(&bytes).unwrap() == tensor, "{:?}", tensor.ty());
        }
    }
}

#[test]
fn the_bytes_are_numpys() {
    let tensor = Tensor::new(TensorType::new(DType::F32, [3]), vec![0; 12]).unwrap();
    let expected = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
    assert_eq!(&write(&tensor)[..10], b"\x93NUMPY\x01\x00\x76\x00");
    assert_eq!(&write(&tensor)[10..10 + expected.len()], expected.as_bytes());
    assert_eq!(write(&tensor)[127], b'\n');
}

#[test]
fn fortran_order_and_big_endian_are_normalised() {
    let header = "{\"shape\": (2, 3), 'fortran_order': True, 'descr': '>i2'}";
    let data = [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6];
    for version in [[1, 0], [2, 0], [3, 0]] {
        let tensor = read(&file(version, header, &data)).unwrap();
        assert_eq!(tensor.bytes(), [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
        assert_eq!(tensor.shape(), [2, 3]);
    }
}

#[test]
fn hostile_headers_are_errors() {
    let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
    let with = |from: &str, to: &str| read(&file([1, 0], &good.replace(from, to), &[0; 12])).unwrap_err();
    assert_eq!(read(b"PK\x03\x04"), Err(NpyError::Magic));
    assert_eq!(read(&file([9, 1], good, &[])), Err(NpyError::Version(9, 1)));
    assert_eq!(with("(3,)", "(99999999999, 99999999999)"), NpyError::TooLarge);
    assert!(matches!(with("(3,)", "(4611686018427387903,)"), NpyError::TooLarge | NpyError::Truncated { .. }));
    assert!(matches!(with("(3,)", "(99999999999999999999999999,)"), NpyError::Header { .. }));
    assert!(matches!(with("(3,)", "(-3,)"), NpyError::Header { .. }));
    assert!(matches!(with("(3,)", "(3"), NpyError::Header { .. }));
    assert!(matches!(with("False", "Maybe"), NpyError::Header { .. }));
    assert!(matches!(with("'shape'", "'size'"), NpyError::Header { .. }));
    assert!(matches!(with("<f4", "<c8"), NpyError::DType(_)));
    assert!(matches!(with("<f4", "|O"), NpyError::DType(_)));
    assert!(matches!(with("(3,)", "(4,)"), NpyError::Truncated { .. }));
    assert_eq!(with("(3,)", "(2,)"), NpyError::Trailing(4));
}

#[test]
fn no_cut_and_no_flip_panics() {
    let tensor = Tensor::new(TensorType::new(DType::I32, [2, 2]), vec![7; 16]).unwrap();
    let bytes = write(&tensor);
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err());
    }
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let _ = read(&bytes);
    }
}
