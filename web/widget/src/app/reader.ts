// Tells the server what the visitor has seen.

import type { ChatState } from "./chat_state";
import type { Session, VisitorClient } from "./session";

export class Reader {
  #isRunning = false;

  constructor(
    private readonly client: VisitorClient,
    private readonly session: Session,
    private readonly state: ChatState,
    private readonly changed: () => void,
  ) {}

  /** The visitor sees the end of a thread. One call at a time; what comes meanwhile goes with the next. */
  async seen(threadId: string): Promise<void> {
    const seq = this.state.unreadSeq(threadId);
    if (seq === null || this.#isRunning) return;
    this.#isRunning = true;
    try {
      await this.session.call((options) => this.client.markRead({ threadId, seq: BigInt(seq) }, options));
      this.state.markRead(threadId, seq);
    } catch {
      // Nothing is lost: the next change of the chat or look at it tries again.
      return;
    } finally {
      this.#isRunning = false;
    }
    this.changed();
  }
}
