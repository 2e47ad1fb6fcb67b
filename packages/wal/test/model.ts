/**
 * A naive model of what a log holds after any prefix of its records, and random histories to drive both.
 *
 * The model keeps everything in plain arrays and knows nothing of files, segments or checksums.
 */
import type { Entry, HardState, SnapshotMeta } from '@kv/raft';
import type { Recovered, SnapshotId, Wal } from '../src/index.js';
import { entry, snapshot, state } from './support.js';

type Atom =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'state'; readonly state: HardState }
  | { readonly kind: 'snapshot'; readonly meta: SnapshotMeta; readonly isLeaders: boolean };

/** What was handed to the log, in order; how much of it was promised; which snapshot files exist. */
export class History {
  readonly atoms: Atom[] = [];
  promised = 0;
  files: SnapshotId[] = [];

  /** What recovery must give after the first `count` records, as text. */
  expected(count: number): string {
    let log: Entry[] = [];
    let replaced: Entry[] | undefined;
    let leaders = 0;
    let hardState: HardState | undefined;
    const recorded: SnapshotMeta[] = [snapshot(0, 0)];
    for (const atom of this.atoms.slice(0, count)) {
      if (atom.kind === 'entry') {
        const kept = (replaced ?? log).filter((one) => one.index < atom.entry.index);
        if (replaced === undefined) log = [...kept, atom.entry];
        else replaced = [...kept, atom.entry];
      } else if (atom.kind === 'snapshot') {
        recorded.push(atom.meta);
        if (atom.isLeaders) {
          replaced = [];
          leaders = atom.meta.index;
        }
      } else {
        hardState = atom.state;
        if (replaced !== undefined && hardState.commit >= leaders) {
          log = replaced;
          replaced = undefined;
        }
      }
    }
    const commit = hardState?.commit ?? 0;
    const usable = (id: SnapshotId): boolean =>
      id.index <= commit &&
      recorded.some((meta) => meta.index === id.index && meta.term === id.term);
    const start = this.files.find(usable) ?? { index: 0, term: 0 };
    return describe({ start, hardState, entries: log.filter((one) => one.index > start.index) });
  }
}

export function describeRecovered(recovered: Recovered): string {
  const { index, term } = recovered.snapshot;
  return describe({
    start: { index, term },
    hardState: recovered.hardState,
    entries: recovered.entries,
  });
}

function describe(what: {
  readonly start: { readonly index: number; readonly term: number };
  readonly hardState: HardState | undefined;
  readonly entries: readonly Entry[];
}): string {
  const hardState = what.hardState;
  return JSON.stringify([
    [what.start.index, what.start.term],
    hardState === undefined ? null : [hardState.term, hardState.vote.toString(), hardState.commit],
    what.entries.map((one) => [
      one.index,
      one.term,
      one.type,
      Buffer.from(one.data).toString('base64'),
    ]),
  ]);
}

/** Drives a log at random, as a member does, and records what it was told. One step per call. */
export class Driver {
  readonly #random: (below: number) => number;
  readonly #history: History;
  #term = 1;
  #commit = 0;
  #base = 0;
  /** Terms of the entries above `#base`. */
  #terms: number[] = [];

  constructor(random: (below: number) => number, history: History) {
    this.#random = random;
    this.#history = history;
  }

  async step(wal: Wal): Promise<void> {
    const choice = this.#random(20);
    if (choice < 8) {
      this.#append(wal);
      if (this.#random(2) === 0) this.#syncNow(wal);
      else await this.#sync(wal);
    } else if (choice < 12) {
      this.#append(wal);
      const first = this.#sync(wal);
      this.#append(wal);
      this.#append(wal);
      await Promise.all([first, this.#sync(wal)]);
    } else if (choice < 14) {
      this.#append(wal);
    } else if (choice < 16) {
      await this.#ownSnapshot(wal);
    } else if (choice < 17) {
      await this.#leadersSnapshot(wal);
    } else if (choice < 19) {
      wal.release(wal.lastIndex);
      await wal.purge(1 + this.#random(3));
    } else {
      await this.#sync(wal);
    }
  }

  get #last(): number {
    return this.#base + this.#terms.length;
  }

  #append(wal: Wal): void {
    if (this.#random(5) === 0) this.#term++;
    // Now and then a new leader overwrites what is not committed.
    const first =
      this.#random(6) === 0
        ? this.#commit + 1 + this.#random(this.#last - this.#commit + 1)
        : this.#last + 1;
    const added: Entry[] = [];
    for (let i = this.#random(5); i > 0; i--) {
      added.push(
        entry(
          first + added.length,
          this.#term,
          this.#data(),
          this.#random(9) === 0 ? 'confChange' : 'normal',
        ),
      );
    }
    if (added.length > 0) {
      this.#terms.length = first - this.#base - 1;
      for (const one of added) this.#terms.push(one.term);
    }
    const hardState = added.length === 0 || this.#random(3) > 0 ? this.#state() : undefined;
    this.#record(added, hardState);
    wal.append({ entries: added, hardState });
  }

  #state(): HardState {
    this.#commit += this.#random(this.#last - this.#commit + 1);
    return state(this.#term, this.#commit, BigInt(this.#random(3)) * 0x7fff_ffff_ffff_fff1n);
  }

  #record(added: readonly Entry[], hardState: HardState | undefined): void {
    for (const one of added) this.#history.atoms.push({ kind: 'entry', entry: one });
    if (hardState !== undefined) this.#history.atoms.push({ kind: 'state', state: hardState });
  }

  async #sync(wal: Wal): Promise<void> {
    const count = this.#history.atoms.length;
    await wal.sync();
    this.#history.promised = Math.max(this.#history.promised, count);
  }

  #syncNow(wal: Wal): void {
    if (wal.syncNow()) this.#history.promised = this.#history.atoms.length;
  }

  async #ownSnapshot(wal: Wal): Promise<void> {
    if (this.#commit <= this.#base) return;
    await this.#save(
      wal,
      snapshot(this.#commit, this.#terms[this.#commit - this.#base - 1] ?? 0),
      false,
    );
  }

  async #leadersSnapshot(wal: Wal): Promise<void> {
    this.#term++;
    const index = this.#commit + 1 + this.#random(8);
    const meta = snapshot(index, this.#term);
    this.#commit = index;
    this.#base = index;
    this.#terms = [];
    await this.#save(wal, meta, true);
    const hardState = state(this.#term, index);
    const added = this.#random(2) === 0 ? [] : [entry(index + 1, this.#term, this.#data())];
    for (const one of added) this.#terms.push(one.term);
    this.#record(added, hardState);
    wal.append({ entries: added, hardState });
  }

  async #save(wal: Wal, meta: SnapshotMeta, isLeaders: boolean): Promise<void> {
    this.#history.files = [{ index: meta.index, term: meta.term }, ...this.#history.files];
    this.#history.atoms.push({ kind: 'snapshot', meta, isLeaders });
    const count = this.#history.atoms.length;
    await wal.saveSnapshot(meta);
    this.#history.promised = Math.max(this.#history.promised, count);
  }

  #data(): Uint8Array {
    const lengths = [0, 1, 7, 30, 200, 600, 1500];
    const data = new Uint8Array(lengths[this.#random(lengths.length)] ?? 0);
    // Some values are mostly zero: a torn write must be told from them.
    const zeros = this.#random(4) === 0;
    return data.map((_, i) => (zeros && i % 97 !== 0 ? 0 : this.#random(256)));
  }
}
