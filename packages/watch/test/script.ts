/**
 * Scripts of watches, in `testdata/*.txt`: commands, a line `----`, and then all that they answered.
 *
 * ```
 * limits responses=2 bytes=100 revisions=2 group=1 watchers=3 fragment=60    first of all, if at all
 * put a b            one request that puts both; `del a`; `txn put a; del b` for others
 * stream s           opens a stream
 * create s RANGE [start=N|now] [id=N] [prev] [progress] [fragment] [noput] [nodelete] [denied=TEXT]
 *                    RANGE is  a  [a,c)  [a,)  or  *
 * cancel s 0         revoke s 0 TEXT     progress s     tick s     close s
 * take s [N]         all that waits, or N responses
 * catchup [N]        slices until there is nothing to do, or N slices
 * compact 5          restore put x; put y: the store is replaced by one in which these requests were made as well
 * stats
 * ```
 */
import { WatchHub, watchId } from '../src/index.js';
import type { WatchLimits, WatchResponse, WatchStream } from '../src/index.js';
import { TestStore, key, rev } from './store.js';
import type { Change } from './store.js';
import type { KeyRange } from '@kv/mvcc/model';

const LIMIT_NAMES: Readonly<Record<string, keyof WatchLimits>> = {
  responses: 'outboxResponsesMax',
  bytes: 'outboxBytesMax',
  answers: 'outboxAnswersMax',
  revisions: 'catchUpRevisionsMax',
  group: 'catchUpWatchersMax',
  readbytes: 'catchUpBytesMax',
  watchers: 'watchersPerStreamMax',
};

export class ScriptRunner {
  readonly #store = new TestStore(20);
  readonly #streams = new Map<string, WatchStream>();
  #hub: WatchHub = this.#newHub({}, undefined);
  #said: string[] = [];

  /** Runs one command line; gives what it made happen, one line each. */
  run(line: string): readonly string[] {
    this.#said = [];
    const [command = '', ...words] = line.split(/ +/);
    try {
      this.#command(command, words, line.slice(command.length).trim());
    } catch (error) {
      this.#say(`error: ${error instanceof Error ? error.message : String(error)}`);
    }
    return this.#said;
  }

  #command(command: string, words: readonly string[], rest: string): void {
    const [name = '', second = ''] = words;
    switch (command) {
      case 'limits':
        this.#setLimits(words);
        return;
      case 'put':
      case 'del':
        this.#write(words.map((word) => change(command, word)));
        return;
      case 'txn':
        this.#write(changes(rest));
        return;
      case 'stream':
        this.#open(name);
        return;
      case 'create':
        this.#create(name, words.slice(1));
        return;
      case 'cancel':
        if (!this.#stream(name).cancel(watchId(BigInt(second)))) this.#say('unknown');
        return;
      case 'revoke':
        this.#stream(name).revoke(watchId(BigInt(second)), words.slice(2).join(' '));
        return;
      case 'progress':
        this.#stream(name).requestProgress();
        return;
      case 'tick':
        this.#stream(name).tickProgress();
        return;
      case 'close':
        this.#stream(name).close();
        return;
      case 'take':
        this.#take(name, second === '' ? Infinity : Number(second));
        return;
      case 'catchup':
        this.#catchUp(name === '' ? Infinity : Number(name));
        return;
      case 'compact':
        this.#store.compact(Number(name));
        return;
      case 'restore':
        for (const request of rest === '' ? [] : rest.split(';'))
          this.#store.write(...changes(request));
        this.#hub.restore(this.#store.revision);
        return;
      case 'stats':
        this.#stats();
        return;
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  #newHub(limits: Partial<WatchLimits>, fragmentBytesMax: number | undefined): WatchHub {
    return new WatchHub({
      history: this.#store,
      revision: this.#store.revision,
      envelopeBytes: () => 20,
      ...(fragmentBytesMax === undefined ? {} : { fragmentBytesMax }),
      onCatchUpNeeded: () => {
        this.#say('catch-up needed');
      },
      limits,
    });
  }

  #setLimits(words: readonly string[]): void {
    const limits: Partial<Record<keyof WatchLimits, number>> = {};
    let fragment: number | undefined;
    for (const word of words) {
      const [name = '', value] = word.split('=');
      const limit = LIMIT_NAMES[name];
      if (name === 'fragment') fragment = Number(value);
      else if (limit === undefined) throw new Error(`unknown limit ${name}`);
      else limits[limit] = Number(value);
    }
    this.#hub = this.#newHub(limits, fragment);
  }

  #write(requests: readonly Change[]): void {
    const events = this.#store.write(...requests);
    if (events.length === 0) this.#say('no change');
    else this.#hub.notify(this.#store.revision, events);
  }

  #open(name: string): void {
    const stream = this.#hub.openStream({
      onReady: () => {
        this.#say(`${name} ready`);
      },
    });
    this.#streams.set(name, stream);
  }

  #stream(name: string): WatchStream {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw new Error(`unknown stream ${name}`);
    return stream;
  }

  #create(name: string, words: readonly string[]): void {
    const [rangeText = '', ...options] = words;
    const value = (option: string): string | undefined =>
      options.find((word) => word.startsWith(`${option}=`))?.slice(option.length + 1);
    const denied = value('denied');
    this.#stream(name).create({
      range: range(rangeText),
      startRevision: rev(Number(value('start') ?? '0')),
      watchId: watchId(BigInt(value('id') ?? '0')),
      prevKv: options.includes('prev'),
      progressNotify: options.includes('progress'),
      fragment: options.includes('fragment'),
      noPut: options.includes('noput'),
      noDelete: options.includes('nodelete'),
      ...(denied === undefined ? {} : { deniedReason: denied }),
    });
  }

  #take(name: string, count: number): void {
    for (let i = 0; i < count; i++) {
      const response = this.#stream(name).take();
      if (response === undefined) return;
      this.#say(show(response));
    }
  }

  #catchUp(slices: number): void {
    for (let i = 0; i < slices; i++) {
      const before = this.#store.reads.length;
      const hasMore = this.#hub.runCatchUp();
      for (const read of this.#store.reads.slice(before))
        this.#say(`read ${read.from} to ${read.to} of ${showRange(read.range)}`);
      if (!hasMore) return;
      this.#say('more');
    }
  }

  #stats(): void {
    const stats = this.#hub.stats();
    const { liveWatchers: live, queuedWatchers: queued, parkedWatchers: parked } = stats;
    this.#say(`watchers=${stats.watchers} live=${live} queued=${queued} parked=${parked}`);
    this.#say(`pending responses=${stats.pendingResponses} bytes=${stats.pendingBytes}`);
  }

  #say(text: string): void {
    this.#said.push(text);
  }
}

function changes(text: string): Change[] {
  return text.split(';').map((part) => {
    const [type = '', name = ''] = part.trim().split(/ +/);
    return change(type, name);
  });
}

function change(type: string, name: string): Change {
  if (type !== 'put' && type !== 'del') throw new Error(`unknown change ${type}`);
  return { type: type === 'put' ? 'put' : 'delete', key: name };
}

function range(text: string): KeyRange {
  if (text === '*') return { type: 'all' };
  const [, start, end] = /^\[(.*),(.*)\)$/.exec(text) ?? [];
  if (start === undefined || end === undefined) return { type: 'single', key: key(text) };
  if (end === '') return { type: 'from', start: key(start) };
  return { type: 'range', start: key(start), end: key(end) };
}

function showRange(shown: KeyRange): string {
  switch (shown.type) {
    case 'single':
      return shown.key;
    case 'range':
      return `[${shown.start},${shown.end.replace('\0', '\\0')})`;
    case 'from':
      return `[${shown.start},)`;
    case 'all':
      return '*';
  }
}

function show(response: WatchResponse): string {
  switch (response.type) {
    case 'created':
      return `created ${response.watchId} at ${response.revision}`;
    case 'refused':
      return `refused at ${response.revision}: ${response.reason}`;
    case 'canceled':
      return `canceled ${response.watchId} at ${response.revision}: ${response.reason}`.trim();
    case 'compacted':
      return `compacted ${response.watchId}: ${response.compactRevision}`;
    case 'progress':
      return `progress ${response.watchId} at ${response.revision}`;
    case 'events': {
      const { batch, fragment } = response;
      const events = batch.events.map((event, i) => {
        const { key: name, modRevision } = event.kv;
        const previous = batch.previous?.[i];
        const type = event.isCreate ? 'create' : event.type;
        const before = previous === undefined ? '' : ` (was ${previous.modRevision})`;
        return `${type} ${name}@${modRevision}${before}`;
      });
      const tail = fragment ? ' ...' : '';
      return `events ${response.watchId} at ${response.revision}: ${events.join(', ')}${tail}`;
    }
  }
}
