//! gRPC's message frames, read without being decoded: five bytes that say how long the next message is.
//!
//! Services would refuse malformed frames too. Here they are refused before they cost a service anything, and a message
//! that is too large is refused from its first five bytes.

use bytes::Buf;
use kit::Refusal;

const PREFIX: usize = 5;

/// What a body may hold.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Largest message in bytes.
    pub max_message: usize,
    /// Exactly one message; otherwise any number.
    pub single: bool,
}

/// What is wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A message is larger than the limit.
    #[error("a message is larger than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// A frame begins with something else than 0 or 1.
    #[error("a frame must begin with 0 (plain) or 1 (compressed)")]
    Flag,
    /// The body ends inside a frame.
    #[error("the body ends in the middle of a frame")]
    Truncated,
    /// A unary call without a message.
    #[error("the call takes one message and the body has none")]
    Missing,
    /// A unary call with more than one message.
    #[error("the call takes one message and the body has more")]
    Surplus,
    /// gRPC-Web text that is no base64.
    #[error("the body is not base64")]
    Base64,
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::TooLarge { limit } => Self::too_large(limit),
            Malformed::Flag
            | Malformed::Truncated
            | Malformed::Missing
            | Malformed::Surplus
            | Malformed::Base64 => Self::field("body", malformed.to_string()),
        }
    }
}

/// Follows the frames of one body.
#[derive(Debug)]
pub struct FrameGuard {
    shape: Shape,
    prefix: [u8; PREFIX],
    /// How much of the prefix has come.
    held: usize,
    /// How much of the message is still to come.
    left: usize,
    messages: u64,
}

impl FrameGuard {
    /// A guard at the beginning of a body.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            prefix: [0; PREFIX],
            held: 0,
            left: 0,
            messages: 0,
        }
    }

    /// Looks at the next bytes.
    ///
    /// # Errors
    /// When they cannot belong to a valid body.
    pub fn check(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while bytes.has_remaining() {
            if self.left > 0 {
                let step = self.left.min(bytes.len());
                self.left -= step;
                bytes.advance(step);
                continue;
            }
            let step = (PREFIX - self.held).min(bytes.len());
            bytes.copy_to_slice(&mut self.prefix[self.held..self.held + step]);
            self.held += step;
            if self.held == PREFIX {
                self.begin()?;
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Malformed> {
        let [flag, length @ ..] = self.prefix;
        if flag > 1 {
            return Err(Malformed::Flag);
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > self.shape.max_message {
            return Err(Malformed::TooLarge {
                limit: self.shape.max_message,
            });
        }
        self.messages += 1;
        if self.shape.single && self.messages > 1 {
            return Err(Malformed::Surplus);
        }
        self.left = length;
        self.held = 0;
        Ok(())
    }

    /// Could the body end here?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.finish().is_ok()
    }

    /// Looks at the end.
    ///
    /// # Errors
    /// When the body may not end here.
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.left > 0 || self.held > 0 {
            return Err(Malformed::Truncated);
        }
        if self.shape.single && self.messages == 0 {
            return Err(Malformed::Missing);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        max_message: 16,
        single: true,
    };

    fn run(shape: Shape, bytes: &[u8], chunk: usize) -> Result<(), Malformed> {
        let mut guard = FrameGuard::new(shape);
        for chunk in bytes.chunks(chunk) {
            guard.check(chunk)?;
        }
        guard.finish()
    }

    #[test]
    fn every_way_of_cutting_a_body_gives_the_same_answer() {
        let cases: [(&[u8], Result<(), Malformed>); 8] = [
            (&[0, 0, 0, 0, 0], Ok(())),
            (&[1, 0, 0, 0, 2, 7, 7], Ok(())),
            (&[], Err(Malformed::Missing)),
            (&[0, 0, 0], Err(Malformed::Truncated)),
            (&[0, 0, 0, 0, 2, 7], Err(Malformed::Truncated)),
            (&[2, 0, 0, 0, 0], Err(Malformed::Flag)),
            (&[0, 0, 0, 0, 17], Err(Malformed::TooLarge { limit: 16 })),
            (&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Err(Malformed::Surplus)),
        ];
        for (bytes, expected) in cases {
            for chunk in 1..=bytes.len().max(1) {
                assert_eq!(run(SHAPE, bytes, chunk), expected, "{bytes:?} by {chunk}");
            }
        }
    }

    #[test]
    fn a_stream_may_have_any_number_of_messages() {
        let shape = Shape {
            single: false,
            ..SHAPE
        };
        assert_eq!(run(shape, &[], 1), Ok(()));
        assert_eq!(run(shape, &[0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 1, 9], 4), Ok(()));
    }
}
