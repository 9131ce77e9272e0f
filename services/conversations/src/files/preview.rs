//! Small pictures of pictures. A picture may be made to eat memory: how large it is drawn is looked at before it is drawn.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage};

/// Type of a small picture.
pub const MEDIA_TYPE: &str = "image/jpeg";

/// The longer side of a small picture, in pixels.
const SIDE: u32 = 320;

const QUALITY: u8 = 80;

/// The longest side of a picture of which a small one is made.
const MAX_SIDE: u32 = 16_384;

/// Points of a picture of which a small one is made.
const MAX_POINTS: u64 = 50_000_000;

/// Memory for drawing one: four bytes a point.
const MAX_MEMORY: u64 = 4 * MAX_POINTS;

/// A picture, looked at.
#[derive(Debug)]
pub struct Picture {
    /// Pixels, as it is to be looked at.
    pub width: u32,
    /// Pixels, as it is to be looked at.
    pub height: u32,
    /// The small one; `None` for a picture that is too large to be drawn, or broken.
    pub small: Option<Vec<u8>>,
}

/// Looks at a picture; `None` when it is none. It takes long: not for a thread that answers calls.
pub fn look(bytes: &[u8]) -> Option<Picture> {
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .ok()?;
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let unseen = Some(Picture {
        width,
        height,
        small: None,
    });
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_POINTS {
        return unseen;
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    if decoder.set_limits(limits).is_err() {
        return unseen;
    }
    let turned = decoder.orientation().ok();
    let Ok(mut drawn) = DynamicImage::from_decoder(decoder) else {
        return unseen;
    };
    if let Some(turned) = turned {
        drawn.apply_orientation(turned);
    }
    Some(Picture {
        width: drawn.width(),
        height: drawn.height(),
        small: shrink(&drawn),
    })
}

fn shrink(drawn: &DynamicImage) -> Option<Vec<u8>> {
    let small = if drawn.width().max(drawn.height()) > SIDE {
        drawn.thumbnail(SIDE, SIDE)
    } else {
        drawn.clone()
    };
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(&on_white(&small))
        .ok()?;
    Some(bytes)
}

/// JPEG knows nothing that can be seen through: it stands on white then, as in most windows.
fn on_white(image: &DynamicImage) -> RgbImage {
    let image = image.to_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        let mix = |colour: u8| {
            let (colour, alpha) = (u16::from(colour), u16::from(alpha));
            u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        Rgb([mix(red), mix(green), mix(blue)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgba, RgbaImage};

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbaImage::from_pixel(width, height, Rgba([255, 0, 0, 0]))
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_made_small_and_stands_on_white() {
        let picture = look(&png(640, 480)).unwrap();
        assert_eq!((picture.width, picture.height), (640, 480));
        let small = image::load_from_memory(&picture.small.unwrap())
            .unwrap()
            .to_rgb8();
        assert_eq!(small.dimensions(), (320, 240));
        assert!(small.get_pixel(10, 10).0.iter().all(|colour| *colour > 250));
    }

    #[test]
    fn a_picture_that_would_fill_the_memory_is_not_drawn() {
        // A header that promises 30,000 by 30,000 points, in a file of a few bytes.
        let mut bomb = png(1, 1);
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let checksum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
        let picture = look(&bomb).unwrap();
        assert_eq!((picture.width, picture.height), (30_000, 30_000));
        assert!(picture.small.is_none());
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 {
                    (crc >> 1) ^ 0xedb8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }

    #[test]
    fn what_is_no_picture_has_none() {
        assert!(look(b"not a picture").is_none());
        let mut cut = png(100, 100);
        cut.truncate(60);
        assert!(look(&cut).is_none_or(|picture| picture.small.is_none()));
    }
}
