/** The format for programs: one line of JSON. */
import type { MemberListResponse } from '@kv/proto/cluster';
import type { DeleteRangeResponse, PutResponse, RangeResponse, TxnResponse } from '@kv/proto/kv';
import type {
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveResponse,
} from '@kv/proto/lease';
import type { AlarmResponse } from '@kv/proto/maintenance';
import type { WatchResponse } from '@kv/proto/watch';
import { fromText } from '../bytes.js';
import * as shapes from './json-shapes.js';
import { always, unlessEmpty, writeJson, type Json } from './json-value.js';
import type {
  EndpointHashKV,
  EndpointHealth,
  EndpointStatus,
  Output,
  Printer,
  PrintOptions,
} from './printer.js';
import type { Report } from './report.js';

const { object } = shapes;

export function jsonPrinter(options: PrintOptions, output: Output): Printer {
  return new JsonPrinter(options, output);
}

class JsonPrinter implements Printer {
  readonly format = 'json';
  /** Only members care: their identifiers become strings. */
  readonly #hex: boolean;
  readonly #output: Output;

  constructor(options: PrintOptions, output: Output) {
    this.#hex = options.hex;
    this.#output = output;
  }

  #print(value: Json): void {
    this.#output.stdout(`${writeJson(value)}\n`);
  }

  get(answer: RangeResponse): void {
    this.#print(shapes.range(answer));
  }

  put(answer: PutResponse): void {
    this.#print(shapes.put(answer));
  }

  del(answer: DeleteRangeResponse): void {
    this.#print(shapes.deleteRange(answer));
  }

  txn(answer: TxnResponse): void {
    this.#print(shapes.txn(answer));
  }

  watch({ header, events, ...rest }: WatchResponse): void {
    this.#print(
      object(
        always('Header', header === undefined ? null : object(...shapes.headerMembers(header))),
        always('Events', orNull(events.map(shapes.event))),
        always('CompactRevision', rest.compactRevision),
        always('Canceled', rest.canceled),
        always('Created', rest.created),
        always('CancelReason', fromText(rest.cancelReason)),
      ),
    );
  }

  leaseGrant({ header, ID, TTL, error }: LeaseGrantResponse): void {
    const members = [always('ID', ID), always('TTL', TTL), always('Error', fromText(error))];
    this.#print(object(...shapes.headerMembers(header), ...members));
  }

  leaseRevoke(_id: bigint, { header }: LeaseRevokeResponse): void {
    this.#print(object(shapes.header(header)));
  }

  leaseKeepAlive({ header, ID, TTL }: LeaseKeepAliveResponse): void {
    this.#print(object(...shapes.headerMembers(header), always('ID', ID), always('TTL', TTL)));
  }

  leaseTimeToLive({ header, ID, TTL, grantedTTL, keys }: LeaseTimeToLiveResponse): void {
    this.#print(
      object(
        ...shapes.headerMembers(header),
        always('id', ID),
        always('ttl', TTL),
        always('granted-ttl', grantedTTL),
        always('keys', orNull(keys)),
      ),
    );
  }

  leaseList({ header, leases }: LeaseLeasesResponse): void {
    const list = leases.map(({ ID }) => object(always('id', ID)));
    this.#print(object(...shapes.headerMembers(header), always('leases', list)));
  }

  memberList({ header, members }: MemberListResponse): void {
    this.#print(
      this.#hex
        ? object(
            always('header', shapes.hexHeader(header)),
            always('members', members.map(shapes.hexMember)),
          )
        : object(shapes.header(header), unlessEmpty('members', members.map(shapes.member))),
    );
  }

  alarms({ header, alarms }: AlarmResponse): void {
    const list = alarms.map(({ memberID, alarm }) =>
      object(unlessEmpty('memberID', memberID), unlessEmpty('alarm', alarm)),
    );
    this.#print(object(shapes.header(header), unlessEmpty('alarms', list)));
  }

  endpointHealth(list: readonly EndpointHealth[]): void {
    const items = list.map(({ endpoint, health, took, error }) =>
      object(
        always('endpoint', endpoint),
        always('health', health),
        always('took', took),
        unlessEmpty('error', error),
      ),
    );
    this.#print(orNull(items));
  }

  endpointStatus(list: readonly EndpointStatus[]): void {
    const items = list.map(({ endpoint, status }) =>
      object(always('Endpoint', endpoint), always('Status', shapes.status(status))),
    );
    this.#print(orNull(items));
  }

  endpointHashKV(list: readonly EndpointHashKV[]): void {
    const items = list.map(({ endpoint, hashKV }) =>
      object(always('Endpoint', endpoint), always('HashKV', shapes.hashKV(hashKV))),
    );
    this.#print(orNull(items));
  }

  report({ json }: Report): void {
    this.#print(json({ hex: this.#hex }));
  }
}

/** Go prints a list that was never made as null. */
function orNull(list: readonly Json[]): Json {
  return list.length === 0 ? null : list;
}
