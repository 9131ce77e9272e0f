//! Into which calls a message is cut: most are one call.

use super::text;

/// The longest text of one message.
pub const LONGEST_TEXT: usize = 4_096;
/// The longest text below a file.
pub const LONGEST_CAPTION: usize = 1_024;
/// Files in an album at most.
const LARGEST_ALBUM: usize = 10;

/// How a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As a picture.
    Photo,
    /// As a film.
    Video,
    /// As music.
    Audio,
    /// As a recorded voice.
    Voice,
    /// As a sticker, which has no words below it.
    Sticker,
    /// As a file.
    Document,
}

impl Form {
    /// What may stand together in an album: pictures and films, music, files.
    fn album(self) -> Option<u8> {
        match self {
            Self::Photo | Self::Video => Some(1),
            Self::Audio => Some(2),
            Self::Document => Some(3),
            Self::Voice | Self::Sticker => None,
        }
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A text.
    Text(String),
    /// Files by their places: one, or an album.
    Files {
        /// Places of the files.
        places: Vec<usize>,
        /// Words below the first; may be empty.
        caption: String,
    },
}

/// The calls, in their order.
#[must_use]
pub fn cut(words: &str, forms: &[Form]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (place, form) in forms.iter().enumerate() {
        let before = place.checked_sub(1).map(|at| forms[at]);
        let continues = form.album().is_some() && before.and_then(Form::album) == form.album();
        match parts.last_mut() {
            Some(Part::Files { places, .. }) if continues && places.len() < LARGEST_ALBUM => {
                places.push(place);
            }
            _ => parts.push(Part::Files {
                places: vec![place],
                caption: String::new(),
            }),
        }
    }
    let takes_words = forms.first().is_some_and(|form| *form != Form::Sticker);
    match parts.first_mut() {
        Some(Part::Files { caption, .. })
            if takes_words && text::length(words) <= LONGEST_CAPTION =>
        {
            words.clone_into(caption);
            parts
        }
        _ => {
            let texts = text::pieces(words, LONGEST_TEXT);
            texts.into_iter().map(Part::Text).chain(parts).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(places: &[usize], caption: &str) -> Part {
        Part::Files {
            places: places.to_vec(),
            caption: caption.to_owned(),
        }
    }

    #[test]
    fn words_stand_below_the_first_file_if_they_fit() {
        use Form::{Photo, Sticker};
        assert_eq!(cut("hi", &[]), [Part::Text("hi".to_owned())]);
        assert_eq!(cut("hi", &[Photo]), [files(&[0], "hi")]);
        let long = "x".repeat(LONGEST_CAPTION + 1);
        assert_eq!(
            cut(&long, &[Photo]),
            [Part::Text(long.clone()), files(&[0], "")]
        );
        assert_eq!(
            cut("hi", &[Sticker]),
            [Part::Text("hi".to_owned()), files(&[0], "")]
        );
        assert_eq!(cut("", &[Sticker]), [files(&[0], "")]);
    }

    #[test]
    fn what_may_stand_together_does_so_ten_at_a_time() {
        use Form::{Document, Photo, Video, Voice};
        let cut_up = cut("", &[Photo, Video, Document, Document, Voice, Voice]);
        assert_eq!(
            cut_up,
            [
                files(&[0, 1], ""),
                files(&[2, 3], ""),
                files(&[4], ""),
                files(&[5], "")
            ]
        );
        let many = cut("", &[Photo; 12]);
        assert_eq!(many.len(), 2);
    }
}
