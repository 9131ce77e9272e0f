//! Hashing of passwords: Argon2id, off the async threads, a few at a time.
//!
//! One hash takes 19 MiB and tens of milliseconds. A small number run at once, a bounded number wait, and the rest are
//! told that the service is overloaded: a flood of log-ins must not take memory or the processors from everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use kit::secrets::random_token;
use tokio::sync::Semaphore;

use crate::Error;

/// How many hashes may wait: about two seconds' worth on two cores.
const WAITING: usize = 64;

/// Hashes and checks passwords. Clones share the bounds.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    running: Semaphore,
    waiting: AtomicUsize,
    /// Of a password that nobody has: checking against it costs what checking a real one costs.
    nobody: String,
}

impl Passwords {
    /// With bounds for this machine.
    ///
    /// # Errors
    /// When hashing does not work at all.
    pub fn new() -> Result<Self, Error> {
        let cores = available_parallelism().map_or(2, usize::from);
        Ok(Self(Arc::new(Inner {
            running: Semaphore::new(cores.clamp(1, 4)),
            waiting: AtomicUsize::new(0),
            nobody: hash(&random_token())?,
        })))
    }

    /// The hash of a password that nobody knows: for employees who have none yet.
    #[must_use]
    pub fn of_nobody(&self) -> &str {
        &self.0.nobody
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// `Overloaded`.
    pub async fn hash(&self, password: &str) -> Result<String, Error> {
        let password = password.to_owned();
        self.run(move || hash(&password)).await?
    }

    /// Is it the password with this hash? Without a hash the answer is no, after the same time.
    ///
    /// # Errors
    /// `Overloaded`.
    pub async fn verify(&self, password: &str, expected: Option<&str>) -> Result<bool, Error> {
        let known = expected.is_some();
        let expected = expected.unwrap_or(&self.0.nobody).to_owned();
        let password = password.to_owned();
        let matches = self.run(move || verify(&password, &expected)).await?;
        Ok(known && matches)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _waiting = Waiting::enter(&self.0.waiting)?;
        let _running = self
            .0
            .running
            .acquire()
            .await
            .map_err(|_| Error::Overloaded)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::Defect("hashing a password panicked"))
    }
}

/// A place in the queue, given back also when the caller goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Result<Self, Error> {
        let place = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) >= WAITING {
            Err(Error::Overloaded)
        } else {
            Ok(place)
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hash(password: &str) -> Result<String, Error> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|_| Error::Defect("a password cannot be hashed"))?;
    Ok(hash.to_string())
}

fn verify(password: &str, expected: &str) -> bool {
    PasswordHash::new(expected).is_ok_and(|expected| {
        Argon2::default()
            .verify_password(password.as_bytes(), &expected)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::new().expect("hashing works");
        let hash = passwords.hash("correct horse").await.expect("a hash");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(
            passwords
                .verify("correct horse", Some(&hash))
                .await
                .expect("an answer")
        );
        assert!(
            !passwords
                .verify("wrong horse", Some(&hash))
                .await
                .expect("an answer")
        );
        assert!(
            !passwords
                .verify("correct horse", None)
                .await
                .expect("an answer")
        );
    }

    #[test]
    fn the_queue_is_bounded_and_places_come_back() {
        let count = AtomicUsize::new(0);
        let places: Vec<_> = (0..WAITING)
            .map(|_| Waiting::enter(&count).expect("a place"))
            .collect();
        assert!(matches!(Waiting::enter(&count), Err(Error::Overloaded)));
        drop(places);
        assert!(Waiting::enter(&count).is_ok());
    }
}
