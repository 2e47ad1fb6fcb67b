/**
 * The log of one member: what `append` takes is durable once the next `sync` resolves, and comes back from `open`.
 *
 * One owner calls; calls may overlap only as documented. The state is: the filling buffer and where in which segment
 * it will go (`#target`, `#base`), and what the last records said (`#lastIndex`, `#hardState`).
 */
import { dirname, join } from 'node:path';
import { encodeHardState } from '@kv/raft/codec';
import {
  EMPTY_CONF_STATE,
  toIndex,
  toTerm,
  type Entry,
  type HardState,
  type LogIndex,
  type SnapshotMeta,
} from '@kv/raft';
import { WalError, ioError } from './errors.js';
import { attempt, listDirectory, syncDirectory } from './file-io.js';
import { invariant } from './invariant.js';
import { closeOnFailure, removeUnfinished, settingsOf } from './log-directory.js';
import {
  UNSYNCED_BYTES_MAX,
  type OpenOptions,
  type Recovered,
  type WalBatch,
  type WalOptions,
} from './options.js';
import { encodeSnapshotRecord } from './proto.js';
import { RecordType } from './record.js';
import { Retention } from './retention.js';
import { RecordWriter } from './record-writer.js';
import { readContents, repairTail } from './recovery.js';
import { formatSegmentName, segmentsOf, type SegmentId } from './segment-name.js';
import { SegmentWriter, type SegmentSettings } from './segment-writer.js';

/** Where a log goes on, and what its last records said. */
interface WalState {
  readonly metadata: Uint8Array;
  readonly segments: readonly SegmentId[];
  readonly offset: number;
  readonly chain: number;
  readonly lastIndex: LogIndex;
  readonly hardState: HardState | undefined;
  readonly snapshotIndex: LogIndex;
}

/** A buffer on its way to the disk, and what its end means. */
interface FullBuffer {
  readonly bytes: Uint8Array;
  readonly target: SegmentId;
  /** Offset in `target` of what follows it. */
  readonly end: number;
  readonly commit: LogIndex;
}

const FIRST_SEGMENT: SegmentId = { sequence: 0, firstIndex: toIndex(0) };
const BEGINNING: SnapshotMeta = { index: toIndex(0), term: toTerm(0), confState: EMPTY_CONF_STATE };
const RESOLVED: Promise<void> = Promise.resolve();

export class Wal implements AsyncDisposable {
  readonly #settings: SegmentSettings;
  readonly #unsyncedBytesMax: number;
  readonly #writer: SegmentWriter;
  readonly #metadata: Uint8Array;
  readonly #retention: Retention;
  #filling: RecordWriter = new RecordWriter();
  #idle: RecordWriter = new RecordWriter();
  /** The segment that the filling buffer goes to, and where in it the buffer begins. */
  #target: SegmentId;
  #base: number;
  /** How much of `#target` is durable, and how much of that a sync mark has said. */
  #durable: number;
  #marked = 0;
  #lastIndex: LogIndex;
  #hardState: HardState | undefined;
  #bytesWritten = 0;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #failure: WalError | undefined;

  private constructor(
    settings: SegmentSettings,
    options: WalOptions,
    writer: SegmentWriter,
    state: WalState,
  ) {
    const target = state.segments.at(-1);
    invariant(target !== undefined, 'an open log has a segment');
    this.#settings = settings;
    this.#unsyncedBytesMax = options.unsyncedBytesMax ?? UNSYNCED_BYTES_MAX;
    this.#writer = writer;
    this.#metadata = state.metadata;
    this.#target = target;
    this.#base = state.offset;
    this.#durable = state.offset;
    this.#lastIndex = state.lastIndex;
    this.#hardState = state.hardState;
    const commit = state.hardState?.commit ?? toIndex(0);
    this.#retention = new Retention(state.segments, state.snapshotIndex, commit);
    this.#filling.begin(state.chain);
  }

  /**
   * Creates a log in `directory` (made if need be), durable when this resolves. `metadata` is kept in each segment:
   * etcdserverpb.Metadata of this member. Fails with `exists` if there is a log.
   */
  static async create(
    directory: string,
    metadata: Uint8Array,
    options: WalOptions = {},
  ): Promise<Wal> {
    const settings = settingsOf(directory, options);
    const { fileSystem } = settings;
    attempt('create', directory, () => {
      fileSystem.makeDirectory(directory);
    });
    const names = listDirectory(fileSystem, directory);
    if (segmentsOf(names).length > 0) {
      throw new WalError('exists', `there is a log in ${directory} already`, { file: directory });
    }
    removeUnfinished(fileSystem, directory, names);
    const header = new RecordWriter();
    header.chain();
    header.record(RecordType.metadata, metadata);
    header.record(RecordType.snapshot, encodeSnapshotRecord(BEGINNING));
    const writer = new SegmentWriter(settings);
    await closeOnFailure(writer, async () => {
      await writer.begin(FIRST_SEGMENT, header.encoded());
      if (settings.fsync) await syncDirectory(fileSystem, dirname(directory));
    });
    return new Wal(settings, options, writer, {
      metadata: metadata.slice(),
      segments: [FIRST_SEGMENT],
      offset: header.length,
      chain: header.crc,
      lastIndex: toIndex(0),
      hardState: undefined,
      snapshotIndex: toIndex(0),
    });
  }

  /**
   * Opens the log in `directory` and reads it from the newest usable snapshot. What is returned is durable, also when
   * the last process died before it had synced it. A torn tail is cut (`recovered.repair`); anything else that is
   * wrong is a WalError, and nothing is changed. The caller must have locked the data directory: Node has no flock,
   * so two processes on one log are not noticed here.
   */
  static async open(
    directory: string,
    options: OpenOptions = {},
  ): Promise<{ readonly wal: Wal; readonly recovered: Recovered }> {
    const settings = settingsOf(directory, options);
    const { fileSystem } = settings;
    const { recovered, segments, tail } = readContents(
      fileSystem,
      directory,
      options.snapshots ?? [],
    );
    const repair = await repairTail(fileSystem, directory, tail);
    removeUnfinished(fileSystem, directory, listDirectory(fileSystem, directory));
    const writer = new SegmentWriter(settings);
    await closeOnFailure(writer, () => writer.resume(tail.id, tail.offset));
    const wal = new Wal(settings, options, writer, {
      metadata: recovered.metadata,
      segments,
      offset: tail.offset,
      chain: tail.chain,
      lastIndex: recovered.entries.at(-1)?.index ?? recovered.snapshot.index,
      hardState: recovered.hardState,
      snapshotIndex: recovered.snapshot.index,
    });
    return { wal, recovered: { ...recovered, repair } };
  }

  /** Index of the last entry (or snapshot) appended; what it names may not be durable yet. */
  get lastIndex(): LogIndex {
    return this.#lastIndex;
  }

  /** Bytes handed to the file system since this object exists. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Names of the segments, oldest first. */
  get segmentNames(): readonly string[] {
    return this.#retention.segments.map(formatSegmentName);
  }

  /** Why this log is dead, once it is. */
  get failure(): WalError | undefined {
    return this.#failure;
  }

  /**
   * Takes a batch; synchronous, no system call. Entries must be consecutive and reach back to at most `lastIndex` + 1.
   * May be called while a sync runs: then the next one covers it. Throws `dead`, `closed`, `backlog`.
   */
  append(batch: WalBatch): void {
    this.#checkUsable();
    const { entries, hardState } = batch;
    if (entries.length === 0 && hardState === undefined) return;
    this.#checkBacklog();
    this.#checkOrder(entries);
    this.#beginRecords();
    const first = entries[0];
    if (first !== undefined) {
      for (const entry of entries) this.#filling.entry(entry);
      this.#lastIndex = toIndex(first.index + entries.length - 1);
    }
    if (hardState !== undefined) this.#appendState(hardState);
  }

  /**
   * Resolves when all that was appended before the call is durable: one write, one fdatasync. Calls made while one
   * runs share the next. After a failure the log is dead, and each later call rejects.
   */
  sync(): Promise<void> {
    try {
      this.#checkUsable();
    } catch (error) {
      return Promise.reject(
        error instanceof WalError ? error : ioError('sync', this.#settings.directory, error),
      );
    }
    return this.#sync();
  }

  /**
   * As `sync`, on the calling thread, which it blocks for as long as the disk takes. False, with nothing done, where that
   * is not possible: while a sync runs, and when a new segment is due. Fails as `sync` does.
   */
  syncNow(): boolean {
    this.#checkUsable();
    if (this.#running !== undefined || this.#startsSegment()) return false;
    if (this.#filling.length === 0) return true;
    const batch = this.#swap();
    try {
      this.#writer.appendNow(batch.bytes);
    } catch (error) {
      throw this.#dead(error);
    }
    this.#synced(batch);
    return true;
  }

  /**
   * Records that a snapshot exists as a durable file; resolves when the record is durable. `meta.index` beyond
   * `lastIndex` is a leader's snapshot, which replaces the log: the next entry is `meta.index` + 1.
   */
  async saveSnapshot(meta: SnapshotMeta): Promise<void> {
    this.#checkUsable();
    this.#beginRecords();
    this.#filling.record(RecordType.snapshot, encodeSnapshotRecord(meta));
    if (meta.index > this.#lastIndex) this.#lastIndex = meta.index;
    await this.#sync();
    this.#retention.snapshotDurable(meta.index);
  }

  /**
   * Says that no entry below `before` is needed. Segments wholly below it, and below the newest snapshot that
   * recovery can start from (W4), may then be deleted by `purge`. As etcd's ReleaseLockTo, keeps one segment more than needed.
   */
  release(before: LogIndex): void {
    this.#retention.release(before);
  }

  /** Deletes released segments, oldest first, while more than `segmentsMax` (at least 1) exist. Returns their names. */
  async purge(segmentsMax: number): Promise<readonly string[]> {
    this.#checkUsable();
    const { fileSystem, directory } = this.#settings;
    const removed: string[] = [];
    for (;;) {
      const oldest = this.#retention.oldestRemovable(segmentsMax);
      if (oldest === undefined) break;
      const name = formatSegmentName(oldest);
      attempt('remove', join(directory, name), () => {
        fileSystem.remove(join(directory, name));
      });
      this.#retention.removeOldest();
      removed.push(name);
    }
    if (removed.length > 0) await syncDirectory(fileSystem, directory);
    return removed;
  }

  /** Makes durable what was appended, and ends. Idempotent; also after a failure, which it does not repeat. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkUsable(): void {
    if (this.#closing !== undefined) {
      throw new WalError('closed', `the log in ${this.#settings.directory} is closed`);
    }
    if (this.#failure !== undefined) {
      throw new WalError(
        'dead',
        `the log in ${this.#settings.directory} is dead: ${this.#failure.message}`,
        {
          cause: this.#failure,
        },
      );
    }
  }

  #checkBacklog(): void {
    if (this.#filling.length <= this.#unsyncedBytesMax) return;
    throw new WalError(
      'backlog',
      `${this.#filling.length} bytes wait for a sync, more than ${this.#unsyncedBytesMax}`,
    );
  }

  #checkOrder(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    invariant(first.index >= 1 && first.index <= this.#lastIndex + 1, 'entries leave no gap', {
      first: first.index,
      lastIndex: this.#lastIndex,
    });
    for (let i = 1; i < entries.length; i++) {
      invariant(entries[i]?.index === first.index + i, 'entries are consecutive', {
        first: first.index,
        i,
      });
    }
  }

  /** What goes before the next record: the header of a new segment if one is due, else a sync mark if one is. */
  #beginRecords(): void {
    if (this.#filling.length === 0 && this.#base >= this.#settings.segmentBytes) {
      this.#target = {
        sequence: this.#target.sequence + 1,
        firstIndex: toIndex(this.#lastIndex + 1),
      };
      this.#base = 0;
      this.#durable = 0;
      this.#marked = 0;
      this.#filling.chain();
      this.#filling.record(RecordType.metadata, this.#metadata);
      if (this.#hardState !== undefined) this.#appendState(this.#hardState);
    }
    if (this.#settings.fsync && this.#durable > this.#marked) {
      this.#marked = this.#durable;
      this.#filling.mark(this.#base, this.#durable);
    }
  }

  #appendState(state: HardState): void {
    this.#hardState = state;
    if (state.term === 0 && state.vote === 0n && state.commit === 0) return;
    this.#filling.record(RecordType.state, encodeHardState(state));
  }

  #sync(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#filling.length === 0 ? RESOLVED : this.#start();
    if (this.#filling.length === 0) return this.#running;
    this.#next = this.#running.then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<void> {
    this.#running = this.#flush().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #flush(): Promise<void> {
    const isNew = this.#startsSegment();
    const batch = this.#swap();
    try {
      if (isNew) await this.#writer.begin(batch.target, batch.bytes);
      else await this.#writer.append(batch.bytes);
    } catch (error) {
      throw this.#dead(error);
    }
    if (isNew) this.#retention.add(batch.target);
    this.#synced(batch);
  }

  /** Whether the filling buffer is the beginning of a segment that is not there yet. */
  #startsSegment(): boolean {
    return this.#target !== this.#retention.segments.at(-1);
  }

  /** Takes the full buffer. Appends go on into the other one meanwhile. */
  #swap(): FullBuffer {
    const full = this.#filling;
    const end = this.#base + full.length;
    this.#filling = this.#idle;
    this.#idle = full;
    this.#filling.begin(full.crc);
    this.#base = end;
    const bytes = full.encoded();
    this.#bytesWritten += bytes.length;
    return { bytes, target: this.#target, end, commit: this.#hardState?.commit ?? toIndex(0) };
  }

  #synced({ target, end, commit }: FullBuffer): void {
    if (target === this.#target) this.#durable = end;
    this.#retention.commitDurable(commit);
  }

  /** After this nothing is written any more (W3). */
  #dead(error: unknown): WalError {
    this.#failure = ioError('write', this.#settings.directory, error);
    return this.#failure;
  }

  async #close(): Promise<void> {
    try {
      if (this.#failure !== undefined) return;
      await this.#sync();
      // The last mark: after it, damage anywhere in what was acknowledged is told from a torn tail.
      if (this.#settings.fsync && this.#durable > this.#marked) {
        this.#filling.mark(this.#base, this.#durable);
        await this.#sync();
      }
    } finally {
      this.#writer.close();
    }
  }
}
