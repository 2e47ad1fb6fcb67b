/**
 * Watches all members from outside and throws when one of Raft's properties (Raft figure 3) does not hold:
 *
 * - Election safety: at most one leader per term.
 * - Log matching: equal (index, term) means equal entry, and equal predecessor.
 * - Leader completeness: a leader's log has every entry that was committed before.
 * - State machine safety: what is committed at an index is the same everywhere and for ever, and so is what applying
 *   everything up to it gives.
 * - Linearizable reads: a read index is not below anything that was committed when the read was asked for.
 */
import type { Entry, LogIndex, NodeId, Term } from '../../types.js';

export class SafetyViolation extends Error {
  override readonly name: string = 'SafetyViolation';
}

/** What identifies an entry and its predecessor. */
interface Identity {
  readonly previousTerm: Term;
  readonly digest: number;
}

/** The part of a member's log that the checker reads. */
export interface LogView {
  lastIndex(): LogIndex;
  firstIndex(): LogIndex;
  term(index: LogIndex): Term | undefined;
}

export class Checker {
  readonly #leaders = new Map<Term, NodeId>();
  readonly #identities = new Map<string, Identity>();
  readonly #committed: Term[] = [];
  readonly #states = new Map<LogIndex, number>();

  /** The highest index known to be committed anywhere. */
  get committed(): number {
    return this.#committed.length - 1;
  }

  /** A member leads in a term. Returns whether that is news. */
  leads(id: NodeId, term: Term): boolean {
    const other = this.#leaders.get(term);
    if (other === id) return false;
    require(other ===
      undefined, `term ${term} has two leaders: ${String(other)} and ${id.toString()}`);
    this.#leaders.set(term, id);
    return true;
  }

  /** A new leader's log, as far as it reaches back. */
  completeness(id: NodeId, log: LogView): void {
    for (let index = log.firstIndex() as number; index <= this.committed; index += 1) {
      const expected = this.#committed[index];
      const actual = log.term(index as LogIndex);
      require(expected === undefined ||
        actual ===
          expected, `leader ${id.toString()} has term ${String(actual)} at ${index}, where ${String(expected)} is committed`);
    }
  }

  /** A member has this entry, after one of `previousTerm`. */
  logged(entry: Entry, previousTerm: Term): void {
    const key = `${entry.index}/${entry.term}`;
    const digest = mix(entry.type.length, entry.data);
    const known = this.#identities.get(key);
    if (known === undefined) {
      this.#identities.set(key, { previousTerm, digest });
      return;
    }
    require(known.previousTerm === previousTerm &&
      known.digest === digest, `logs that agree at ${key} differ there or before`);
  }

  /** A member says that the entry at `index` of `term` is committed. */
  commits(id: NodeId, index: LogIndex, term: Term): void {
    const known = this.#committed[index];
    require(known === undefined ||
      known ===
        term, `${id.toString()} commits term ${term} at ${index}, where ${String(known)} was committed`);
    this.#committed[index] = term;
  }

  /** A member has applied everything up to `index`, which gave `digest`. */
  applied(id: NodeId, index: LogIndex, digest: number): void {
    const known = this.#states.get(index);
    require(known === undefined ||
      known === digest, `the state of ${id.toString()} at ${index} differs from that of others`);
    this.#states.set(index, digest);
  }

  /** A read that was asked for when `floor` was committed is answered with `index`. */
  reads(id: NodeId, index: LogIndex, floor: number): void {
    require(index >=
      floor, `${id.toString()} may read at ${index}, but ${floor} was committed when it asked`);
  }
}

function require(holds: boolean, violation: string): void {
  if (!holds) throw new SafetyViolation(violation);
}

/** Mixes bytes into a 32-bit digest (FNV-1a). */
export function mix(digest: number, bytes: Uint8Array): number {
  let mixed = digest ^ 0x811c_9dc5;
  for (const byte of bytes) mixed = Math.imul(mixed ^ byte, 0x0100_0193);
  return mixed >>> 0;
}
