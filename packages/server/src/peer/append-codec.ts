/**
 * The format of the stream that carries appends, which etcd calls msgappv2 (etcd v3.7.1
 * server/etcdserver/api/rafthttp/msgappv2_codec.go). An append that continues the one before it in the same term needs only
 * its entries and its commit index; all else follows from what came before.
 *
 * ```
 *   0                                          sign of life
 *   1  count  { size  raftpb.Entry }*  commit  entries that follow the last one
 *   2  size   raftpb.Message                   a whole message
 * ```
 *
 * Numbers are eight bytes, big-endian. Both sides keep term and index of the last entry.
 */
import { toIndex, toTerm } from '@kv/raft';
import type { Entry, LogIndex, Message, MsgApp, NodeId, Term } from '@kv/raft';
import { decodeEntry, entrySize, messageSize, writeEntry, writeMessage } from '@kv/raft/codec';
import { ByteQueue } from './byte-queue.js';
import { PeerError } from './errors.js';
import { FRAME_BYTES_MAX, FRAME_ENTRIES_MAX } from './limits.js';
import { readMessage, readSize, reading, writeUint64 } from './stream-codec.js';
import type { StreamDecoder, StreamEncoder } from './stream-codec.js';

const HEARTBEAT = 0;
const ENTRIES = 1;
const WHOLE = 2;

const NUMBER_BYTES = 8;

/** Where the last message ended, as both sides know it. */
class Tail {
  term: Term = toTerm(0);
  index: LogIndex = toIndex(0);

  isContinuedBy(message: Message): message is MsgApp {
    return (
      message.type === 'MsgApp' &&
      message.index === this.index &&
      message.logTerm === this.term &&
      message.logTerm === message.term
    );
  }

  /** `isContinuedBy` held. */
  continue(entries: number): void {
    this.index = toIndex(this.index + entries);
  }

  restart(message: Message): void {
    this.term = message.term;
    if (message.type !== 'MsgApp') return;
    this.index = message.entries.at(-1)?.index ?? message.index;
  }
}

interface Plan {
  readonly message: Message;
  /** undefined: the whole message is written. */
  readonly entries: readonly Entry[] | undefined;
  readonly bytes: number;
}

export class AppendEncoder implements StreamEncoder {
  readonly #tail = new Tail();

  encode(messages: readonly Message[]): Buffer {
    const plans = messages.map((message) => this.#plan(message));
    const bytes = Buffer.allocUnsafe(plans.reduce((sum, plan) => sum + plan.bytes, 0));
    let at = 0;
    for (const plan of plans) at = write(plan, bytes, at);
    return bytes;
  }

  heartbeat(): Buffer {
    return Buffer.from([HEARTBEAT]);
  }

  #plan(message: Message): Plan {
    if (!this.#tail.isContinuedBy(message)) {
      this.#tail.restart(message);
      return { message, entries: undefined, bytes: 1 + NUMBER_BYTES + messageSize(message) };
    }
    const { entries } = message;
    this.#tail.continue(entries.length);
    let bytes = 1 + NUMBER_BYTES + NUMBER_BYTES;
    for (const entry of entries) bytes += NUMBER_BYTES + entrySize(entry);
    return { message, entries, bytes };
  }
}

function write({ message, entries }: Plan, bytes: Buffer, start: number): number {
  if (entries === undefined || message.type !== 'MsgApp') {
    const at = writeUint64(bytes, messageSize(message), bytes.writeUInt8(WHOLE, start));
    return writeMessage(message, bytes, at);
  }
  let at = writeUint64(bytes, entries.length, bytes.writeUInt8(ENTRIES, start));
  for (const entry of entries) {
    at = writeUint64(bytes, entrySize(entry), at);
    at = writeEntry(entry, bytes, at);
  }
  return writeUint64(bytes, message.commit, at);
}

/** What the decoder waits for. */
type Expected =
  | { readonly type: 'type' }
  | { readonly type: 'wholeSize' }
  | { readonly type: 'whole'; readonly size: number }
  | { readonly type: 'count' }
  | { readonly type: 'entrySize' }
  | { readonly type: 'entry'; readonly size: number }
  | { readonly type: 'commit' };

const TYPE: Expected = { type: 'type' };
const WHOLE_SIZE: Expected = { type: 'wholeSize' };
const COUNT: Expected = { type: 'count' };
const ENTRY_SIZE: Expected = { type: 'entrySize' };
const COMMIT: Expected = { type: 'commit' };

export class AppendDecoder implements StreamDecoder {
  readonly #local: NodeId;
  readonly #remote: NodeId;
  readonly #queue = new ByteQueue();
  readonly #tail = new Tail();
  #expected: Expected = TYPE;
  /** Of the append that is being read. */
  #entries: Entry[] = [];
  #entriesLeft = 0;

  /** From `remote` to `local`: messages that continue others do not say so. */
  constructor(local: NodeId, remote: NodeId) {
    this.#local = local;
    this.#remote = remote;
  }

  push(chunk: Uint8Array, receive: (message: Message) => void): void {
    this.#queue.push(chunk);
    while (this.#queue.length >= sizeOf(this.#expected)) {
      const message = this.#read(this.#expected);
      if (message !== undefined) receive(message);
    }
  }

  #read(expected: Expected): Message | undefined {
    const queue = this.#queue;
    switch (expected.type) {
      case 'type':
        this.#expected = expectedAfter(queue.take(1).readUInt8(0));
        return undefined;
      case 'wholeSize':
        this.#expected = { type: 'whole', size: readSize(queue, 'message', FRAME_BYTES_MAX) };
        return undefined;
      case 'whole': {
        const message = readMessage(queue.take(expected.size));
        this.#tail.restart(message);
        this.#expected = TYPE;
        return message;
      }
      case 'count':
        this.#entriesLeft = readSize(queue, 'a number of entries', FRAME_ENTRIES_MAX);
        this.#entries = [];
        this.#expected = this.#entriesLeft === 0 ? COMMIT : ENTRY_SIZE;
        return undefined;
      case 'entrySize':
        this.#expected = { type: 'entry', size: readSize(queue, 'entry', FRAME_BYTES_MAX) };
        return undefined;
      case 'entry':
        this.#entries.push(reading(() => decodeEntry(queue.take(expected.size))));
        this.#entriesLeft -= 1;
        this.#expected = this.#entriesLeft === 0 ? COMMIT : ENTRY_SIZE;
        return undefined;
      case 'commit':
        this.#expected = TYPE;
        return this.#append(toIndex(readSize(queue, 'commit index', Number.MAX_SAFE_INTEGER)));
    }
  }

  #append(commit: LogIndex): Message {
    const { term, index } = this.#tail;
    const entries = this.#entries;
    this.#entries = [];
    this.#tail.continue(entries.length);
    const addressed = { from: this.#remote, to: this.#local, term };
    return { type: 'MsgApp', ...addressed, logTerm: term, index, entries, commit };
  }
}

function sizeOf(expected: Expected): number {
  switch (expected.type) {
    case 'type':
      return 1;
    case 'whole':
    case 'entry':
      return expected.size;
    case 'wholeSize':
    case 'count':
    case 'entrySize':
    case 'commit':
      return NUMBER_BYTES;
  }
}

function expectedAfter(type: number): Expected {
  switch (type) {
    case HEARTBEAT:
      return TYPE;
    case ENTRIES:
      return COUNT;
    case WHOLE:
      return WHOLE_SIZE;
    default:
      throw new PeerError('malformed', `type ${type} on a stream of appends is unknown`);
  }
}
