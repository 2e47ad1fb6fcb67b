/**
 * Holds back a leader's messages that tell nothing but how far is committed, while proposals wait for the log's sync: the entries
 * that follow it tell that as well, and cost no message and no answer of their own. What is held is at most a sync late.
 */
import type { Message } from '@kv/raft';

type Append = Extract<Message, { readonly type: 'MsgApp' }>;

export class CommitNews {
  /** The newest for each member. */
  readonly #held = new Map<Append['to'], Append>();

  /** What of `messages` is sent now. What is held for a member that is sent entries is dropped: they tell more. */
  sift(messages: readonly Message[], entriesFollow: boolean): readonly Message[] {
    const sent: Message[] = [];
    for (const message of messages) {
      if (message.type !== 'MsgApp') sent.push(message);
      else if (message.entries.length === 0 && entriesFollow) this.#held.set(message.to, message);
      else {
        this.#held.delete(message.to);
        sent.push(message);
      }
    }
    return sent;
  }

  get isHeld(): boolean {
    return this.#held.size > 0;
  }

  /** What is still held, once no entries follow. */
  release(): readonly Message[] {
    const released = [...this.#held.values()];
    this.#held.clear();
    return released;
  }
}
