/** The format for people: values as they are, one sentence for most other things. */
import type { MemberListResponse } from '@kv/proto/cluster';
import type {
  DeleteRangeResponse,
  KeyValue,
  PutResponse,
  RangeResponse,
  ResponseOp,
  TxnResponse,
} from '@kv/proto/kv';
import type {
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseTimeToLiveResponse,
} from '@kv/proto/lease';
import type { AlarmResponse } from '@kv/proto/maintenance';
import type { WatchResponse } from '@kv/proto/watch';
import { fromBytes, type ByteString } from '../bytes.js';
import type { Report } from './report.js';
import { hashRows, memberRows, statusRows, type Rows } from './rows.js';
import type {
  EndpointHashKV,
  EndpointHealth,
  EndpointStatus,
  Output,
  Printer,
  PrintOptions,
} from './printer.js';
import { alarmName, eventName, hexBytes, leaseHex } from './text.js';

export function simplePrinter(options: PrintOptions, output: Output): Printer {
  return new SimplePrinter(options, output);
}

class SimplePrinter implements Printer {
  readonly format = 'simple';
  readonly #hex: boolean;
  readonly #output: Output;

  constructor(options: PrintOptions, output: Output) {
    this.#hex = options.hex;
    this.#output = output;
  }

  #line(text: ByteString): void {
    this.#output.stdout(`${text}\n`);
  }

  #rows({ rows }: Rows): void {
    this.#output.stdout(rows.map((cells) => `${cells.join(', ')}\n`).join(''));
  }

  #bytes(value: Uint8Array | undefined): ByteString {
    if (value === undefined) return '';
    return this.#hex ? hexBytes(value) : fromBytes(value);
  }

  #pair(kv: KeyValue | undefined, valueOnly = false): ByteString {
    const value = `${this.#bytes(kv?.value)}\n`;
    return valueOnly ? value : `${this.#bytes(kv?.key)}\n${value}`;
  }

  get(answer: RangeResponse, valueOnly: boolean): void {
    this.#output.stdout(answer.kvs.map((kv) => this.#pair(kv, valueOnly)).join(''));
  }

  put(answer: PutResponse): void {
    this.#output.stdout(answer.prevKv === undefined ? 'OK\n' : `OK\n${this.#pair(answer.prevKv)}`);
  }

  del(answer: DeleteRangeResponse): void {
    this.#output.stdout(
      `${answer.deleted}\n${answer.prevKvs.map((kv) => this.#pair(kv)).join('')}`,
    );
  }

  txn(answer: TxnResponse): void {
    this.#line(answer.succeeded ? 'SUCCESS' : 'FAILURE');
    for (const op of answer.responses) {
      this.#line('');
      this.#operation(op);
    }
  }

  #operation({ response }: ResponseOp): void {
    switch (response?.$case) {
      case 'responseRange':
        this.get(response.value, false);
        return;
      case 'responsePut':
        this.put(response.value);
        return;
      case 'responseDeleteRange':
        this.del(response.value);
        return;
      case 'responseTxn':
      case undefined:
        this.#line(`unexpected response ${response?.$case ?? ''}`);
        return;
    }
  }

  watch(answer: WatchResponse): void {
    for (const { type, kv, prevKv } of answer.events) {
      const before = prevKv === undefined ? '' : this.#pair(prevKv);
      this.#output.stdout(`${eventName(type)}\n${before}${this.#pair(kv)}`);
    }
  }

  leaseGrant(answer: LeaseGrantResponse): void {
    this.#line(`lease ${leaseHex(answer.ID)} granted with TTL(${answer.TTL}s)`);
  }

  leaseRevoke(id: bigint): void {
    this.#line(`lease ${leaseHex(id)} revoked`);
  }

  leaseKeepAlive(answer: LeaseKeepAliveResponse): void {
    this.#line(`lease ${leaseHex(answer.ID)} keepalived with TTL(${answer.TTL})`);
  }

  leaseTimeToLive(answer: LeaseTimeToLiveResponse, withKeys: boolean): void {
    const { ID, TTL, grantedTTL } = answer;
    if (grantedTTL === 0n && TTL === -1n) {
      this.#line(`lease ${leaseHex(ID)} already expired`);
      return;
    }
    const keys = withKeys ? `, attached keys([${answer.keys.map(fromBytes).join(' ')}])` : '';
    this.#line(`lease ${leaseHex(ID)} granted with TTL(${grantedTTL}s), remaining(${TTL}s)${keys}`);
  }

  leaseList(answer: LeaseLeasesResponse): void {
    const ids = answer.leases.map(({ ID }) => `${leaseHex(ID)}\n`).join('');
    this.#output.stdout(`found ${answer.leases.length} leases\n${ids}`);
  }

  memberList(answer: MemberListResponse): void {
    this.#rows(memberRows(answer));
  }

  alarms(answer: AlarmResponse): void {
    for (const { memberID, alarm } of answer.alarms) {
      this.#line(`memberID:${memberID} alarm:${alarmName(alarm)}`);
    }
  }

  endpointHealth(list: readonly EndpointHealth[]): void {
    for (const { endpoint, took, error } of list) {
      if (error === '') {
        this.#line(`${endpoint} is healthy: successfully committed proposal: took = ${took}`);
      } else {
        this.#output.stderr(`${endpoint} is unhealthy: failed to commit proposal: ${error}\n`);
      }
    }
  }

  endpointStatus(list: readonly EndpointStatus[]): void {
    this.#rows(statusRows(list));
  }

  endpointHashKV(list: readonly EndpointHashKV[]): void {
    this.#rows(hashRows(list));
  }

  report({ text }: Report): void {
    this.#output.stdout(text);
  }
}
