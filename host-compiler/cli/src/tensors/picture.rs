//! PNG and JPEG pictures as inputs.

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};
use lathe_graph::{DType, Tensor, TensorType};
use thiserror::Error;

/// Why a picture cannot be an input.
#[derive(Debug, Error)]
pub enum PictureError {
    /// Not a PNG or JPEG, or a damaged one.
    #[error("the picture cannot be read: {0}")]
    Decode(#[from] image::ImageError),
    /// The input is not of a picture's type.
    #[error(
        "a picture needs an input of type u8[1,height,width,channels] with 1, 3 or 4 channels, this one is {ty}: compile \
         the model with --input {name}=u8,nhwc,mean=…,std=… to fold the preparation of pictures into the artifact"
    )]
    Input {
        /// the input's name
        name: String,
        /// its type
        ty: String,
    },
    /// The file could not be opened.
    #[error("the picture cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Decodes the PNG or JPEG in `bytes` for the input `name` of type `ty`: scaled to its height and width (bilinear, the
/// aspect ratio is not kept), as grey, RGB or RGBA.
pub fn read(bytes: &[u8], name: &str, ty: &TensorType) -> Result<Tensor, PictureError> {
    let wrong = || PictureError::Input { name: name.to_string(), ty: ty.to_string() };
    let (&[1, height, width, channels], DType::U8) = (ty.shape.as_slice(), ty.dtype) else {
        return Err(wrong());
    };
    let (Ok(h), Ok(w)) = (u32::try_from(height), u32::try_from(width)) else { return Err(wrong()) };
    if h == 0 || w == 0 || !matches!(channels, 1 | 3 | 4) {
        return Err(wrong());
    }
    let mut picture = decode(bytes)?;
    if (picture.width(), picture.height()) != (w, h) {
        log::info!("picture of {}x{} scaled to {w}x{h} for input {name}", picture.width(), picture.height());
        picture = picture.resize_exact(w, h, FilterType::Triangle);
    }
    let data = match channels {
        1 => picture.into_luma8().into_raw(),
        3 => picture.into_rgb8().into_raw(),
        _ => picture.into_rgba8().into_raw(),
    };
    Tensor::new(ty.clone(), data).ok_or_else(wrong)
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    Ok(ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format()?.decode()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 9]));
        let mut bytes = Vec::new();
        picture.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn pixels_arrive_in_nhwc_order() {
        let tensor = read(&png(3, 2), "x", &TensorType::new(DType::U8, [1, 2, 3, 3])).unwrap();
        assert_eq!(tensor.bytes(), [0, 0, 9, 1, 0, 9, 2, 0, 9, 0, 1, 9, 1, 1, 9, 2, 1, 9]);
    }

    #[test]
    fn another_size_is_scaled_and_another_type_refused() {
        assert!(read(&png(30, 20), "x", &TensorType::new(DType::U8, [1, 8, 8, 1])).is_ok());
        let refused = read(&png(3, 2), "x", &TensorType::new(DType::F32, [1, 3, 2, 3])).unwrap_err();
        assert!(refused.to_string().contains("--input x=u8,nhwc"), "{refused}");
        assert!(read(b"no picture", "x", &TensorType::new(DType::U8, [1, 2, 3, 3])).is_err());
    }
}
