//! The logo of a cabinet (CAB-09 to CAB-12, A-21): what it is decides its contents, not its name.
//!
//! The header is read first: a picture that claims more pixels than a logo may have is refused before a single one of them is
//! unpacked. Of the file the parts are kept that make the picture, so nothing that hides in it comes along, and it does not grow.

use std::io::Cursor;

use image::{ImageDecoder, ImageFormat, ImageReader, Limits};
use kit::secrets::sha256;

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 512_000;
const WIDTH: std::ops::RangeInclusive<u32> = 80..=800;
const HEIGHT: std::ops::RangeInclusive<u32> = 40..=800;
/// Bytes with which every PNG begins.
const SIGNATURE: usize = 8;
/// Parts that make the picture: its size, palette, pixels, end, and what its colours mean.
const SEEN: [&[u8; 4]; 8] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB",
];
/// Eight bytes a pixel, and room for the decoder.
const MEMORY: u64 = 16 << 20;

/// A logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// The picture.
    pub png: Vec<u8>,
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// SHA-256 of the picture.
    pub digest: [u8; 32],
}

/// Why a file cannot be a logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many bytes.
    #[error("must have at most {MAX_BYTES} bytes, has {0}")]
    TooLarge(usize),
    /// Something else, whatever its name says.
    #[error("must be a PNG picture")]
    NotPng,
    /// Too small or too large.
    #[error("must be 80×40 to 800×800 pixels, is {width}×{height}")]
    Size {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// It begins as a PNG and does not go on as one.
    #[error("is a PNG picture that cannot be read: it is damaged")]
    Damaged,
}

/// Reads an uploaded file.
///
/// # Errors
/// When it cannot be a logo.
pub fn read(file: &[u8]) -> Result<Logo, Error> {
    if file.len() > MAX_BYTES {
        return Err(Error::TooLarge(file.len()));
    }
    if !matches!(image::guess_format(file), Ok(ImageFormat::Png)) {
        return Err(Error::NotPng);
    }
    let mut reader = ImageReader::with_format(Cursor::new(file), ImageFormat::Png);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|_| Error::Damaged)?;
    let (width, height) = decoder.dimensions();
    if !WIDTH.contains(&width) || !HEIGHT.contains(&height) {
        return Err(Error::Size { width, height });
    }
    image::DynamicImage::from_decoder(decoder).map_err(|_| Error::Damaged)?;
    let png = bare(file).ok_or(Error::Damaged)?;
    Ok(Logo {
        digest: sha256(&png),
        width: i32::try_from(width).unwrap_or(i32::MAX),
        height: i32::try_from(height).unwrap_or(i32::MAX),
        png,
    })
}

/// The file without the parts that are not needed to see it, and without what stands behind its end; `None` where it has no end.
fn bare(file: &[u8]) -> Option<Vec<u8>> {
    let (signature, mut rest) = file.split_at_checked(SIGNATURE)?;
    let mut bare = signature.to_vec();
    loop {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        // Length and kind stand before a part, its checksum behind it.
        let whole = usize::try_from(length).ok()?.checked_add(12)?;
        let (part, behind) = rest.split_at_checked(whole)?;
        let kind = &part[4..8];
        if SEEN.iter().any(|seen| &seen[..] == kind) {
            bare.extend_from_slice(part);
        }
        if kind == b"IEND" {
            return Some(bare);
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, RgbaImage};

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = DynamicImage::from(RgbaImage::new(width, height)).to_rgb8();
        picture
            .write_to(&mut Cursor::new(&mut bytes), format)
            .expect("encodes");
        bytes
    }

    #[test]
    fn bounds_are_inclusive_a_21() {
        for (width, height, fits) in [
            (80, 40, true),
            (800, 800, true),
            (79, 40, false),
            (80, 39, false),
            (801, 800, false),
            (800, 801, false),
        ] {
            let read = read(&file(width, height, ImageFormat::Png));
            assert_eq!(read.is_ok(), fits, "{width}×{height}");
        }
    }

    #[test]
    fn a_renamed_file_is_no_png_cab_10() {
        for other in [
            file(100, 100, ImageFormat::Jpeg),
            file(100, 100, ImageFormat::Gif),
            b"<svg onload=alert(1)>".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(read(&other), Err(Error::NotPng));
        }
    }

    #[test]
    fn half_a_megabyte_of_1024_bytes_each_is_the_limit_cab_12() {
        let mut bytes = file(100, 100, ImageFormat::Png);
        bytes.resize(MAX_BYTES, 0);
        assert!(read(&bytes).is_ok());
        bytes.push(0);
        assert_eq!(read(&bytes), Err(Error::TooLarge(MAX_BYTES + 1)));
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        // The length of the picture stands in bytes 16 to 23; its checksum is put right, so that only the size is wrong.
        let mut bomb = file(100, 100, ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        let checksum = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(
            read(&bomb),
            Err(Error::Size {
                width: 0xffff,
                height: 0xffff
            })
        );
    }

    #[test]
    fn what_hides_behind_the_picture_does_not_come_along() {
        let mut bytes = file(100, 100, ImageFormat::Png);
        bytes.extend_from_slice(b"<script>alert(1)</script>");
        let logo = read(&bytes).expect("a logo");
        assert!(!logo.png.windows(8).any(|part| part == b"<script>"));
    }

    #[test]
    fn what_hides_within_the_picture_goes_and_the_rest_stays_as_it_was() {
        let clean = file(100, 100, ImageFormat::Png);
        assert_eq!(read(&clean).map(|logo| logo.png), Ok(clean.clone()));
        let text = b"tEXtComment\0<script>";
        let length = u32::try_from(text.len() - 4).expect("short").to_be_bytes();
        let hidden = [&length[..], text, &crc(text).to_be_bytes()].concat();
        // Behind the header, which is 25 bytes long.
        let (before, behind) = clean.split_at(SIGNATURE + 25);
        let told = [before, &hidden, behind].concat();
        assert_eq!(read(&told).map(|logo| logo.png), Ok(clean));
    }

    #[test]
    fn a_damaged_picture_is_refused() {
        let whole = file(100, 100, ImageFormat::Png);
        assert_eq!(read(&whole[..whole.len() / 2]), Err(Error::Damaged));
    }

    fn crc(bytes: &[u8]) -> u32 {
        let step = |crc: u32, byte: &u8| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        };
        !bytes.iter().fold(u32::MAX, step)
    }
}
