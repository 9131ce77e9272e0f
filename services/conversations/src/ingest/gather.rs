//! When a busy lane waits for more before it stores.
//!
//! A batch of sixteen costs hardly more than one of eight. Callers that have just been answered come back at once when there is much
//! to do, and find the lane storing what the others brought; each call then takes two turns of the lane. So the lane waits for as many as
//! it has just served, but no longer than a moment, and less and less often where nobody comes.

use std::time::Duration;

use tokio::sync::mpsc;
use types::Clock;

/// How long a lane waits at most. Timers are no finer.
const MOMENT: Duration = Duration::from_millis(1);

/// Batches that are stored without waiting, at most, after nobody came.
const LONGEST_HASTE: u32 = 256;

/// Whether it is worth waiting.
#[derive(Debug, Default)]
pub struct Gather {
    /// Calls that the lane knows of: those just answered, and those that waited meanwhile.
    known: usize,
    /// Batches to store without waiting.
    hurry: u32,
    /// How many these were last time.
    haste: u32,
}

impl Gather {
    /// So many calls were answered while so many waited.
    pub fn served(&mut self, answered: usize, waiting: usize) {
        self.known = answered + waiting;
    }

    /// Waits until as many calls as are known of have come, if it is worth it.
    pub async fn fill<T>(&mut self, queue: &mut mpsc::Receiver<T>, calls: &mut Vec<T>) {
        if calls.len() >= self.known {
            return;
        }
        if self.hurry > 0 {
            self.hurry -= 1;
            return;
        }
        let clock = Clock::system();
        let moment = clock.sleep(MOMENT);
        tokio::pin!(moment);
        while calls.len() < self.known {
            let missing = self.known - calls.len();
            tokio::select! {
                biased;
                come = queue.recv_many(calls, missing) => if come == 0 { return },
                () = &mut moment => {
                    self.haste = (self.haste * 2).clamp(1, LONGEST_HASTE);
                    self.hurry = self.haste;
                    return;
                }
            }
        }
        self.haste /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_were_just_served_are_waited_for() {
        let (calls, mut queue) = mpsc::channel(8);
        let mut gather = Gather::default();
        let mut taken = vec![1];
        gather.fill(&mut queue, &mut taken).await;
        assert_eq!(taken, [1], "a lone call waits for nobody");

        gather.served(3, 0);
        for call in [2, 3, 4] {
            calls.send(call).await.expect("room");
        }
        gather.fill(&mut queue, &mut taken).await;
        assert_eq!(taken, [1, 2, 3], "no more than are known of");
    }

    #[tokio::test]
    async fn where_nobody_comes_back_waiting_gets_rare() {
        let (_calls, mut queue) = mpsc::channel::<i32>(8);
        let mut gather = Gather::default();
        gather.served(2, 0);
        let mut waits = 0;
        for _ in 0..600 {
            let hurried = gather.hurry > 0;
            gather.fill(&mut queue, &mut vec![1]).await;
            waits += i32::from(!hurried);
        }
        assert!((8..=11).contains(&waits), "{waits} waits of 600");
    }
}
