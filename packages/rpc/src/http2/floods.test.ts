/**
 * Goal: what costs a client nothing and us something is bounded (J-16, S-32, B-134). Method: each attack against a connection with its limit, which
 * must end it with ENHANCE_YOUR_CALM after bounded work, and with the limit lifted, which must not: so it is this limit that helps.
 */
import { expect, it } from 'vitest';
import { defaultConnectionLimits } from '../limits.js';
import type { ConnectionLimits } from '../limits.js';
import {
  ConnectionBench,
  SilentStream,
  shortBlock,
  silentRequests,
} from '../testing/connection-bench.js';
import { Flag, FrameType, setting, uint32 } from '../testing/frame-socket.js';
import { ErrorCode } from './frame.js';

interface Attack {
  readonly name: string;
  readonly limit: keyof ConnectionLimits;
  /** What comes once, before. */
  readonly begin?: (bench: ConnectionBench) => void;
  /** What comes again and again; `round` counts from 0. */
  readonly repeat: (bench: ConnectionBench, round: number) => void;
}

const openCall = (bench: ConnectionBench, id: number, flags = 0): void => {
  bench.send(FrameType.headers, Flag.endHeaders | flags, id, shortBlock);
};
const idOf = (round: number): number => 2 * round + 1;
const openHeaders = (bench: ConnectionBench): void => {
  bench.send(FrameType.headers, 0, 1, shortBlock);
};

const attacks: readonly Attack[] = [
  {
    name: 'PING',
    limit: 'idleFramesMax',
    repeat: (bench) => {
      bench.send(FrameType.ping, 0, 0, Buffer.alloc(8));
    },
  },
  {
    name: 'SETTINGS',
    limit: 'idleFramesMax',
    repeat: (bench) => {
      bench.send(FrameType.settings, 0, 0, setting(4, 70_000));
    },
  },
  {
    name: 'PING ack',
    limit: 'idleFramesMax',
    repeat: (bench) => {
      bench.send(FrameType.ping, Flag.ack, 0, Buffer.alloc(8));
    },
  },
  {
    name: 'SETTINGS ack',
    limit: 'idleFramesMax',
    repeat: (bench) => {
      bench.send(FrameType.settings, Flag.ack, 0);
    },
  },
  {
    name: 'PRIORITY',
    limit: 'idleFramesMax',
    repeat: (bench) => {
      bench.send(FrameType.priority, 0, 1, Buffer.alloc(5));
    },
  },
  {
    name: 'GOAWAY',
    limit: 'idleFramesMax',
    repeat: (bench) => {
      bench.send(FrameType.goaway, 0, 0, uint32(0, 0));
    },
  },
  {
    name: 'frames of an unknown type',
    limit: 'idleFramesMax',
    repeat: (bench) => {
      bench.send(99, 0, 0);
    },
  },
  {
    name: 'empty DATA',
    limit: 'idleFramesMax',
    begin: (bench) => {
      openCall(bench, 1);
    },
    repeat: (bench) => {
      bench.send(FrameType.data, 0, 1);
    },
  },
  {
    name: 'WINDOW_UPDATE for nothing that was sent',
    limit: 'idleFramesMax',
    repeat: (bench) => {
      bench.send(FrameType.windowUpdate, 0, 0, uint32(1));
    },
  },
  {
    name: 'rapid reset (CVE-2023-44487)',
    limit: 'resetsMax',
    repeat: (bench, round) => {
      openCall(bench, idOf(round), Flag.endStream);
      bench.send(FrameType.rstStream, 0, idOf(round), uint32(8));
    },
  },
  {
    name: 'resets that the server is made to send (CVE-2025-8671)',
    limit: 'resetsMax',
    repeat: (bench, round) => {
      openCall(bench, idOf(round), Flag.endStream);
      bench.send(FrameType.data, 0, idOf(round), Buffer.alloc(1));
    },
  },
  {
    name: 'calls above the limit of concurrent streams',
    limit: 'resetsMax',
    repeat: (bench, round) => {
      openCall(bench, idOf(round));
    },
  },
  {
    name: 'CONTINUATION without end (CVE-2024-27316)',
    limit: 'headerBlockBytesMax',
    begin: openHeaders,
    repeat: (bench) => {
      bench.send(FrameType.continuation, 0, 1, Buffer.alloc(16_384, 0x84));
    },
  },
  {
    name: 'empty CONTINUATION',
    limit: 'continuationFramesMax',
    begin: openHeaders,
    repeat: (bench) => {
      bench.send(FrameType.continuation, 0, 1);
    },
  },
];

/** Rounds until the connection ends; `roundsMax` when it does not. */
function roundsUntilEnd(
  { begin, repeat }: Attack,
  limits: Partial<ConnectionLimits>,
  roundsMax: number,
): { readonly rounds: number; readonly bench: ConnectionBench } {
  const bench = new ConnectionBench({ limits, concurrentStreamsMax: 100 });
  bench.greet();
  begin?.(bench);
  let rounds = 0;
  for (; rounds < roundsMax && bench.ended === 0; rounds += 1) {
    repeat(bench, rounds);
    bench.take();
  }
  return { rounds, bench };
}

it.each(attacks)('J-16: $name ends the connection at $limit', (attack) => {
  const most = defaultConnectionLimits[attack.limit] + 200;
  const { rounds, bench } = roundsUntilEnd(attack, {}, most);
  expect(bench.reason?.code).toBe(ErrorCode.enhanceYourCalm);

  // Of the two limits of a block the other one would help as well, later.
  const lifted = { continuationFramesMax: Infinity, [attack.limit]: Infinity };
  expect(roundsUntilEnd(attack, lifted, rounds + 100).bench.ended).toBe(0);
});

it.each(attacks.filter(({ limit }) => limit === 'idleFramesMax' || limit === 'resetsMax'))(
  'J-16: $name at a pace that time forgives goes on',
  (attack) => {
    const bench = new ConnectionBench({ concurrentStreamsMax: 100 });
    bench.greet();
    attack.begin?.(bench);
    const perSecond = defaultConnectionLimits.forgivenPerSecond;
    for (let second = 1; second <= 30; second += 1) {
      for (let index = 0; index < perSecond; index += 1) {
        attack.repeat(bench, (second - 1) * perSecond + index);
      }
      bench.take();
      bench.connection.tick(1000 * second);
    }
    expect(bench.reason).toBeUndefined();
  },
);

it('WINDOW_UPDATEs that answer what was sent are no flood', () => {
  let stream: SilentStream | undefined;
  const bench = new ConnectionBench({
    requests: {
      ...silentRequests,
      openStream: (connection, id) => (stream = new SilentStream(connection, id)),
    },
  });
  bench.greet();
  openCall(bench, 1);
  for (let round = 0; round < 10_000 && stream !== undefined; round += 1) {
    bench.connection.sender.message(stream, new Uint8Array(10));
    bench.take();
    bench.send(FrameType.windowUpdate, 0, 0, uint32(15));
    bench.send(FrameType.windowUpdate, 0, 1, uint32(15));
  }
  expect(bench.reason).toBeUndefined();
});

const slow: readonly (readonly [string, (bench: ConnectionBench) => void])[] = [
  ['no preface', () => undefined],
  [
    'half a preface',
    (bench) => {
      bench.receive(Buffer.from('PRI * HTTP'));
    },
  ],
  [
    'a preface and no SETTINGS',
    (bench) => {
      bench.receive(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
    },
  ],
  [
    'a header block that does not end',
    (bench) => {
      bench.greet();
      openHeaders(bench);
    },
  ],
];

it.each(slow)('S-32: slow loris: %s is cut after handshakeMs', (_name, begin) => {
  const bench = new ConnectionBench();
  begin(bench);
  const { handshakeMs } = defaultConnectionLimits;
  bench.connection.tick(1000);
  bench.connection.tick(handshakeMs);
  expect(bench.ended).toBe(0);
  bench.connection.tick(handshakeMs + 2000);
  expect(bench.ended).toBe(1);
});

it('a connection that greeted and does nothing is left alone', () => {
  const bench = new ConnectionBench();
  bench.greet();
  for (let hour = 0; hour < 10; hour += 1) bench.connection.tick(hour * 3_600_000);
  expect(bench.ended).toBe(0);
});

it('J-16: HPACK bomb: a block that unfolds to megabytes is refused, in little time, and the connection lives', () => {
  const seen: unknown[] = [];
  const bench = new ConnectionBench({
    requests: {
      openStream: (connection, id, fields) => {
        seen.push(fields);
        connection.resetForPeer(id, ErrorCode.frameSizeError);
        return undefined;
      },
      checkTrailers: () => undefined,
    },
  });
  bench.greet();
  // One field of 4,000 bytes enters the table, and is named sixteen thousand times.
  const field = Buffer.concat([
    Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]),
    Buffer.alloc(4000, 0x62),
  ]);
  bench.send(FrameType.headers, Flag.endHeaders, 1, Buffer.concat([shortBlock, field]));
  const startMs = performance.now();
  for (let id = 3; id < 203; id += 2) {
    bench.send(FrameType.headers, Flag.endHeaders, id, Buffer.alloc(16_000, 0xbe));
  }
  expect(performance.now() - startMs).toBeLessThan(2000);
  expect(seen.slice(1)).toEqual(Array.from({ length: 100 }, () => undefined));
  expect(bench.ended).toBe(0);
});

it('J-16: a table larger than was announced is a connection error', () => {
  const bench = new ConnectionBench();
  bench.greet();
  // A size update to 8,192.
  bench.send(
    FrameType.headers,
    Flag.endHeaders,
    1,
    Buffer.concat([Buffer.from([0x3f, 0xe1, 0x3f]), shortBlock]),
  );
  expect(bench.reason?.code).toBe(ErrorCode.compressionError);
});
