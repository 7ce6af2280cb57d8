//! Noise against values worked out by hand from SPEC.md, and its image in flash.

use lathe_artifact::{noise, sums};

#[test]
fn words_are_masked_murmur() {
    // MurmurHash3's finalizer maps 0 to 0 and 1 to 0x514E28B7.
    assert_eq!((noise::hash(0, 0), noise::hash(1, 0)), (0, 0x514E_28B7));
    assert_eq!(noise::hash(5, 7), noise::hash(5u32.wrapping_add(0x9E37_79B9), 6));
    assert_eq!((noise::word(0, 0), noise::word(1, 0)), (0x3C00_0000, 0x3D4E_28B7));
    // Of 5 it makes 0xCC0D53CD.
    assert_eq!([0, 1, 5].map(|seed| sums::weight(seed, 0)), [1024, 1512, -2029]);
}

#[test]
fn every_word_is_a_small_number_as_f32_and_as_two_f16() {
    let (mut negative, mut least, mut greatest) = (0, f32::MAX, 0f32);
    for index in 0..100_000 {
        let word = noise::word(9, index);
        let value = f32::from_bits(word);
        assert!(value.is_finite() && value.abs() < 2.0, "{value}");
        negative += u32::from(value < 0.0);
        (least, greatest) = (least.min(value.abs()), greatest.max(value.abs()));
        for half in [word as u16, (word >> 16) as u16] {
            assert!(half & 0x7FFF < 0x4000, "{half:04x} is 2 or more as f16");
        }
    }
    assert!((45_000..55_000).contains(&negative), "{negative} of 100000 are negative");
    assert!(least < 0.008 && greatest > 1.99, "{least} to {greatest}");
}

#[test]
fn memory_is_filled_from_any_word_and_every_changed_byte_is_found() {
    let mut whole = [0; 47];
    noise::fill(3, 0, &mut whole);
    let mut part = [0; 39];
    noise::fill(3, 2, &mut part);
    assert_eq!(whole[8..], part);
    assert_eq!(noise::first_difference(3, 0, &whole), None);
    assert_eq!(noise::first_difference(3, 8, &whole[8..]), None);
    assert_eq!(noise::first_difference(3, 5, &whole[5..]), None);
    for at in 0..whole.len() {
        whole[at] ^= 0x10;
        assert_eq!(noise::first_difference(3, 0, &whole), Some(at));
        assert_eq!(noise::first_difference(3, 7, &whole[7..]), at.checked_sub(7));
        whole[at] ^= 0x10;
    }
}

#[test]
fn an_image_in_flash_is_used_when_it_is_the_right_one_and_whole() {
    let mut image = noise::image(77, 1000);
    assert_eq!(image.len(), noise::IMAGE_HEADER_BYTES + 1000);
    let region = &image[noise::IMAGE_HEADER_BYTES..];
    assert_eq!(noise::first_difference(77, 0, region), None);
    assert_eq!(noise::flashed(&image, 77, 1000), Some(region));
    assert_eq!(noise::flashed(&image, 77, 10), Some(&region[..10]));
    assert_eq!(noise::flashed(&image, 78, 10), None);
    assert_eq!(noise::flashed(&image, 77, 1001), None);
    assert_eq!(noise::flashed(&image[..900], 77, 10), None);
    assert_eq!(noise::flashed(&[0xFF; 2000], 77, 10), None);
    image[100] ^= 1;
    assert_eq!(noise::flashed(&image, 77, 10), Some(&image[64..74]));
    assert_eq!(noise::flashed(&image, 77, 1000), None);
}
