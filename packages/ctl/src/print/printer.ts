/** What every output format can print, one method for each kind of answer. */
import type { ByteString } from '../bytes.js';
import { ExitCode, ExitError } from '../exit.js';
import type { MemberListResponse } from '@kv/proto/cluster';
import type {
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveResponse,
} from '@kv/proto/lease';
import type { DeleteRangeResponse, PutResponse, RangeResponse, TxnResponse } from '@kv/proto/kv';
import type { AlarmResponse, HashKVResponse, StatusResponse } from '@kv/proto/maintenance';
import type { WatchResponse } from '@kv/proto/watch';
import type { Report } from './report.js';

export type Format = 'simple' | 'json' | 'fields' | 'protobuf' | 'table';

/** Options that change how values look. */
export interface PrintOptions {
  readonly hex: boolean;
}

/** Where a printer writes. */
export interface Output {
  stdout(bytes: ByteString | Uint8Array): void;
  stderr(bytes: ByteString): void;
}

export interface EndpointHealth {
  readonly endpoint: ByteString;
  readonly health: boolean;
  /** As Go prints a duration. */
  readonly took: ByteString;
  /** Empty when healthy. */
  readonly error: ByteString;
}
export interface EndpointStatus {
  readonly endpoint: ByteString;
  readonly status: StatusResponse;
}
export interface EndpointHashKV {
  readonly endpoint: ByteString;
  readonly hashKV: HashKVResponse;
}

export interface Printer {
  readonly format: Format;
  get(answer: RangeResponse, valueOnly: boolean): void;
  put(answer: PutResponse): void;
  del(answer: DeleteRangeResponse): void;
  txn(answer: TxnResponse): void;
  watch(answer: WatchResponse): void;
  leaseGrant(answer: LeaseGrantResponse): void;
  leaseRevoke(id: bigint, answer: LeaseRevokeResponse): void;
  leaseKeepAlive(answer: LeaseKeepAliveResponse): void;
  leaseTimeToLive(answer: LeaseTimeToLiveResponse, withKeys: boolean): void;
  leaseList(answer: LeaseLeasesResponse): void;
  memberList(answer: MemberListResponse): void;
  alarms(answer: AlarmResponse): void;
  endpointHealth(list: readonly EndpointHealth[]): void;
  endpointStatus(list: readonly EndpointStatus[]): void;
  endpointHashKV(list: readonly EndpointHashKV[]): void;
  /** Any other answer. */
  report(report: Report): void;
}

/** Known format, but not for this answer. The request was executed all the same, as with etcdctl. */
export function unsupported(format: Format): never {
  throw new ExitError(ExitCode.badFeature, `${format} not supported as output format`);
}

/** Loads the printer of a format; undefined for a name that is none. */
export async function openPrinter(
  format: ByteString,
  options: PrintOptions,
  output: Output,
): Promise<Printer | undefined> {
  switch (format) {
    case 'simple':
      return (await import('./simple.js')).simplePrinter(options, output);
    case 'json':
      return (await import('./json.js')).jsonPrinter(options, output);
    case 'fields':
      return (await import('./fields.js')).fieldsPrinter(options, output);
    case 'protobuf':
      return (await import('./protobuf.js')).protobufPrinter(output);
    case 'table':
      return (await import('./table.js')).tablePrinter(output);
    default:
      return undefined;
  }
}
