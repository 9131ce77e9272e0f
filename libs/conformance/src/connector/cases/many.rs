//! Many chats at once.

use super::super::bench::Bench;
use crate::hub::book::Book;
use crate::report::{Failure, ensure};

/// Of so many chats the client's side is looked at: each look reads all that was ever sent.
const LOOKED_AT: usize = 10;

/// Everybody writes and is answered. One chat is refused for now: all others are done before it is let go.
pub async fn at_once(bench: &mut Bench) -> Result<(), Failure> {
    let size = bench.hub.options().chats.max(2);
    let before = bench.hub.with(|book| book.events.len());
    let lines = bench.write_many(size, 1).await?;
    let brought = |book: &Book| book.events.len() - before;
    bench
        .counted("messages were brought", size, brought)
        .await?;
    let events = bench.brought(&lines).await?;
    let chats = bench.chats(&lines, &events);
    let Some((stuck, free)) = chats.split_first() else {
        return Err(Failure::unmet("nothing was brought"));
    };
    let holds = bench.abilities().hold;
    if holds {
        bench.hold(stuck).await?;
    }
    let before = bench.hub.with(|book| book.sent);
    let waiting = bench.new_text("waits");
    let stuck_delivery = bench.answer(stuck, &waiting);
    let mut texts = Vec::with_capacity(free.len());
    for chat in free {
        let text = bench.new_text("passes");
        bench.answer(chat, &text);
        texts.push(text);
    }
    let sent = |book: &Book| book.sent - before;
    let wanted = if holds { free.len() } else { size };
    bench.counted("answers were sent", wanted, sent).await?;
    let is_waiting = |book: &mut Book| book.held(&stuck_delivery).map(|it| it.ended.is_none());
    ensure(!holds || bench.hub.with(is_waiting) == Some(true), || {
        "the answer to the chat that is refused ended before it was let go".to_owned()
    })?;
    let step = (free.len() / LOOKED_AT).max(1);
    for (chat, text) in free.iter().zip(&texts).step_by(step) {
        bench.got(chat, &[text]).await?;
    }
    if holds {
        bench.let_go(stuck).await?;
    }
    bench.sent(&stuck_delivery).await?;
    bench.got(stuck, &[&waiting]).await
}
