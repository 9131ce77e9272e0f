//! P8: how fast one core says whether somebody may read a conversation, and how much slower a general policy engine is at the
//! same question. Both get everything ready-made: compiled rights here, parsed policies, entities and requests there. Their
//! answers are compared first, so that both do the same work.

mod cedar;
mod world;

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::Options;
use crate::report::{Goal, Report};
use world::World;

/// Employees, and conversations that each of them asks for.
const USERS: usize = 64;
const CARDS: usize = 1_024;

/// Measures it on this thread; nothing else has to run.
pub fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let world = World::random(USERS, CARDS);
    let cedar = cedar::Engine::new(&world)?;
    compare(&world, &cedar)?;
    let time = Duration::from_secs(options.seconds);
    let (mut ours, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let theirs = rate(time, &world, |user, card| cedar.may_read(user, card));
        let own = rate(time, &world, |user, card| world.may_read(user, card));
        ours.push(own / 1e6);
        ratios.push(own / theirs);
    }
    let goal = |floor, target| Goal {
        id: "P8",
        floor,
        target,
    };
    report.add(
        goal("≥ 1", "≥ 5"),
        "permission checks in process, one core",
        "M/s",
        &ours,
    );
    report.add(
        goal("≥ 5", "≥ 20"),
        "the same ÷ cedar-policy is_authorized",
        "×",
        &ratios,
    );
    Ok(())
}

fn compare(world: &World, cedar: &cedar::Engine) -> Result<()> {
    let mut readable = 0;
    for user in 0..USERS {
        for card in 0..CARDS {
            let (own, theirs) = (world.may_read(user, card), cedar.may_read(user, card));
            ensure!(
                own == theirs,
                "user {user} and conversation {card}: {own} here, {theirs} in Cedar"
            );
            readable += usize::from(own);
        }
    }
    let share = readable * 100 / (USERS * CARDS);
    ensure!(
        (10..90).contains(&share),
        "{share} % of the answers are yes: not a fair mixture"
    );
    Ok(())
}

/// Answers a second, over all users and cards in turn.
fn rate(time: Duration, world: &World, may_read: impl Fn(usize, usize) -> bool) -> f64 {
    const AT_ONCE: usize = 256;
    let (begin, mut count) = (Instant::now(), 0_usize);
    while begin.elapsed() < time {
        for _ in 0..AT_ONCE {
            let (user, card) = world.question(count);
            black_box(may_read(black_box(user), black_box(card)));
            count += 1;
        }
    }
    count as f64 / begin.elapsed().as_secs_f64()
}
