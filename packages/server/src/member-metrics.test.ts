/** What a member's work adds to the numbers that it shows; their text form has its own tests (`http/http.test.ts`). */
import {
  CompactionRequest,
  kvService,
  WatchCreateRequest,
  watchService,
  type WatchRequest,
} from '@kv/proto';
import { toIndex, toTerm, type MsgApp } from '@kv/raft';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PrometheusMetrics } from './http/prometheus.js';
import type { MemberId } from './ids.js';
import { noPeers, type PeerReceiver } from './peer/transport.js';
import { INBOX_MESSAGE_BYTES_MAX } from './request/limits.js';
import { MemoryMember } from './testing/index.js';
import { bytes, put, range } from './testing/requests.js';

let m: MemoryMember;
let metrics: PrometheusMetrics;
let receiver: PeerReceiver;
beforeEach(async () => {
  metrics = new PrometheusMetrics();
  const start = (_: unknown, ofMember: PeerReceiver): void => {
    receiver = ofMember;
  };
  m = await MemoryMember.open({ metrics, peers: () => ({ ...noPeers, start }) });
});
afterEach(async () => {
  await m.stop();
});

async function value(name: string): Promise<number | undefined> {
  const line = new RegExp(`^${name} (\\S+)$`, 'm').exec(await metrics.expose());
  return line === null ? undefined : Number(line[1]);
}

it('bytes of puts, what compactions removed, and what the log was handed', async () => {
  const written = (await value('etcd_disk_wal_write_duration_seconds_count')) ?? 0;
  await m.call(kvService.put, put('a', '1'));
  await m.call(kvService.put, put('a', '22'));
  expect(await value('etcd_debugging_mvcc_total_put_size_in_bytes')).toBe(5);
  expect(await value('etcd_disk_wal_write_duration_seconds_count')).toBeGreaterThan(written);
  expect(await value('etcd_debugging_mvcc_db_compaction_keys_total')).toBe(0);
  await m.call(kvService.compact, CompactionRequest.create({ revision: 3n }));
  await m.clock.advance(100);
  expect(await value('etcd_debugging_mvcc_db_compaction_keys_total')).toBe(1);
});

it('responses with events, answers to creations, and rounds of progress of a watch', async () => {
  const counts = async () => {
    const of = (name: string) => value(`etcd_debugging_server_watch_send_loop_${name}_count`);
    return {
      events: await of('watch_stream_duration_seconds'),
      perEvent: await of('watch_stream_duration_per_event_seconds'),
      control: await of('control_stream_duration_seconds'),
    };
  };
  expect(await counts()).toEqual({ events: 0, perEvent: 0, control: 0 });
  const watch = m.stream(watchService.watch, {});
  const create = WatchCreateRequest.create({ key: bytes('a') });
  await watch.send({ requestUnion: { $case: 'createRequest', value: create } });
  expect(await counts()).toEqual({ events: 0, perEvent: 0, control: 1 });
  await m.call(kvService.put, put('a', '1'));
  await watch.received();
  expect(await counts()).toEqual({ events: 1, perEvent: 1, control: 1 });
  expect(await value('etcd_debugging_mvcc_events_total')).toBe(1);
  const progress: WatchRequest = { requestUnion: { $case: 'progressRequest', value: {} } };
  await watch.send(progress);
  expect(await counts()).toEqual({ events: 2, perEvent: 1, control: 1 });
  const rounds = 'etcd_debugging_server_watch_send_loop_progress_duration_seconds_count';
  await m.clock.advance(15 * 60 * 1000);
  expect(await value(rounds)).toBeGreaterThan(0);
});

it('reads that are under way', async () => {
  const reads = () => value('etcd_mvcc_db_open_read_transactions');
  for (let n = 0; n < 20; n++) await m.call(kvService.put, put(`a${n}`, '1'));
  const before = (await reads()) ?? NaN;
  const stream = m.stream(kvService.rangeStream, {});
  stream.call.room = 0;
  await stream.send(range('a', 'b'));
  expect(await reads()).toBeGreaterThan(before);
  stream.call.cancel();
  expect(await reads()).toBe(before);
});

it('messages of other members for which there was no room', async () => {
  const data = new Uint8Array(INBOX_MESSAGE_BYTES_MAX / 2);
  const [index, term] = [toIndex(1), toTerm(1)];
  const append: MsgApp = {
    ...{ type: 'MsgApp', from: 7n as MemberId, to: m.member.view().memberId as MemberId },
    // Of a term that is over: Raft only says so.
    ...{ term, index, logTerm: term, commit: index },
    entries: [{ index, term, type: 'normal', data }],
  };
  for (let n = 0; n < 5; n++) receiver.receive(append);
  expect(await value('kv_server_peer_messages_dropped_total')).toBe(4);
});
