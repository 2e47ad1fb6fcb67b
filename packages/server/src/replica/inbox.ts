/**
 * What waits for the next turn of the loop: proposals of this member and messages of others. Bounded in number and bytes;
 * the loop empties it in order of arrival, as much as one turn may take.
 */
import type { Message } from '@kv/raft';
import {
  INBOX_BYTES_MAX,
  INBOX_MESSAGE_BYTES_MAX,
  INBOX_MESSAGES_MAX,
  INBOX_PROPOSALS_MAX,
  MESSAGE_BYTES_PER_TURN_MAX,
  MESSAGE_OVERHEAD_BYTES,
  PROPOSAL_BYTES_PER_TURN_MAX,
  PROPOSALS_PER_TURN_MAX,
} from '../request/limits.js';
import type { Proposal } from '../request/proposal.js';

export class Inbox {
  #proposals: Proposal[] = [];
  /** The first of `#proposals` that was not taken: taking moves it, and the array is cut when all are taken. */
  #next = 0;
  #bytes = 0;
  #messages: Message[] = [];
  /** What `#messages` hold in memory. */
  #messageBytes = 0;

  /** False when there is no room. */
  addProposal(proposal: Proposal): boolean {
    if (this.#proposals.length - this.#next >= INBOX_PROPOSALS_MAX) return false;
    if (this.#bytes + proposal.data.length > INBOX_BYTES_MAX) return false;
    this.#proposals.push(proposal);
    this.#bytes += proposal.data.length;
    return true;
  }

  /** Drops the message when there is no room: Raft repeats what matters. False then. */
  addMessage(message: Message): boolean {
    const waiting = this.#messages.length;
    const bytes = memoryOf(message);
    if (waiting >= INBOX_MESSAGES_MAX) return false;
    if (waiting > 0 && this.#messageBytes + bytes > INBOX_MESSAGE_BYTES_MAX) return false;
    this.#messages.push(message);
    this.#messageBytes += bytes;
    return true;
  }

  get hasProposals(): boolean {
    return this.#next < this.#proposals.length;
  }

  get hasMessages(): boolean {
    return this.#messages.length > 0;
  }

  /** What one turn takes: those whose callers still wait, oldest first. */
  takeProposals(): readonly Proposal[] {
    const taken: Proposal[] = [];
    let bytes = 0;
    while (this.#next < this.#proposals.length && taken.length < PROPOSALS_PER_TURN_MAX) {
      const proposal = this.#proposals[this.#next];
      if (proposal === undefined) break;
      const size = proposal.data.length;
      if (taken.length > 0 && bytes + size > PROPOSAL_BYTES_PER_TURN_MAX) break;
      this.#next += 1;
      this.#bytes -= size;
      if (proposal.state === 'ended') continue;
      bytes += size;
      taken.push(proposal);
    }
    if (this.#next === this.#proposals.length) {
      this.#proposals = [];
      this.#next = 0;
    }
    return taken;
  }

  /** Puts back what could not be handed over, ahead of everything else. */
  putBack(proposals: readonly Proposal[]): void {
    this.#proposals = [...proposals, ...this.#proposals.slice(this.#next)];
    this.#next = 0;
    for (const proposal of proposals) this.#bytes += proposal.data.length;
  }

  /** What one turn takes, oldest first: at least one, and no more once their entries have passed the bound on bytes. */
  takeMessages(): readonly Message[] {
    const taken = this.#messages;
    let bytes = 0;
    const last = taken.findIndex((message) => {
      bytes += entryBytesOf(message);
      return bytes > MESSAGE_BYTES_PER_TURN_MAX;
    });
    this.#messages = last < 0 ? [] : taken.splice(last + 1);
    this.#messageBytes = 0;
    for (const message of this.#messages) this.#messageBytes += memoryOf(message);
    return taken;
  }
}

/** What a message holds while it waits. Entries of a leader and proposals that were passed on are what is large. */
function memoryOf(message: Message): number {
  let bytes = MESSAGE_OVERHEAD_BYTES;
  if (message.type !== 'MsgApp' && message.type !== 'MsgProp') return bytes;
  for (const entry of message.entries) bytes += MESSAGE_OVERHEAD_BYTES + entry.data.length;
  return bytes;
}

function entryBytesOf(message: Message): number {
  if (message.type !== 'MsgApp') return 0;
  let bytes = 0;
  for (const entry of message.entries) bytes += entry.data.length;
  return bytes;
}
