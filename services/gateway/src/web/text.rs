//! Base64 that comes in pieces.

use bytes::{Bytes, BytesMut};
use data_encoding::BASE64;

use crate::frames::Malformed;

const QUAD: usize = 4;

/// Decodes base64 cut anywhere. Padding may stand in the middle: senders may encode each frame by itself.
#[derive(Debug, Default)]
pub struct TextDecoder {
    /// The beginning of a group of four.
    held: Vec<u8>,
}

impl TextDecoder {
    /// What the next piece decodes to.
    ///
    /// # Errors
    /// When it is no base64.
    pub fn decode(&mut self, text: &[u8]) -> Result<Bytes, Malformed> {
        self.held.extend_from_slice(text);
        let whole = self.held.len() / QUAD * QUAD;
        let mut decoded = BytesMut::zeroed(whole / QUAD * 3);
        let length = BASE64
            .decode_mut(&self.held[..whole], &mut decoded)
            .map_err(|_| Malformed::Base64)?;
        decoded.truncate(length);
        self.held.drain(..whole);
        Ok(decoded.freeze())
    }

    /// Looks at the end.
    ///
    /// # Errors
    /// When a group of four is not complete.
    pub fn finish(&mut self) -> Result<(), Malformed> {
        if std::mem::take(&mut self.held).is_empty() {
            Ok(())
        } else {
            Err(Malformed::Base64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &[u8], chunk: usize) -> Result<Vec<u8>, Malformed> {
        let mut decoder = TextDecoder::default();
        let mut all = Vec::new();
        for piece in text.chunks(chunk) {
            all.extend_from_slice(&decoder.decode(piece)?);
        }
        decoder.finish().map(|()| all)
    }

    #[test]
    fn base64_may_be_cut_and_padded_anywhere() {
        let text = [
            BASE64.encode(b"first"),
            BASE64.encode(b"se"),
            BASE64.encode(b"third!"),
        ]
        .concat();
        for chunk in 1..=text.len() {
            assert_eq!(
                decode(text.as_bytes(), chunk).as_deref(),
                Ok(&b"firstsethird!"[..]),
                "by {chunk}"
            );
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in [
            &b"AAA"[..],
            b"A",
            b"AA=A",
            b"====",
            b"AA A",
            "привет!!".as_bytes(),
            b"\0\0\0\0",
        ] {
            for chunk in 1..=text.len() {
                assert_eq!(
                    decode(text, chunk),
                    Err(Malformed::Base64),
                    "{text:?} by {chunk}"
                );
            }
        }
    }
}
