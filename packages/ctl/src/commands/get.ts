/** `get`: one key, or the keys of a range, with every option of a range request. */
import {
  RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  RangeResponse,
  kvService,
} from '@kv/proto/kv';
import type { RawClient } from '@kv/client/raw';
import type { ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import type { FlagSet } from '../grammar/flag-set.js';
import { orFail } from './failure.js';
import { isSerializable } from './consistency.js';
import { rangeOfFlags } from './range.js';
import { limit } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const { flags } = context;
  const request = getRequest(flags, context.args);
  const { client, config, printer } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  const call = flags.bool('stream')
    ? collectStream(client, request, config.commandTimeoutMs)
    : client.call(kvService.range, request, settings);
  const answer = await orFail(call);
  if (flags.bool('count-only') && printer.format !== 'fields') {
    throw badArgs('--count-only is only for `--write-out=fields`');
  }
  const valueOnly = flags.bool('print-value-only');
  if (valueOnly && printer.format !== 'simple') {
    throw badArgs('print-value-only is only for `--write-out=simple`');
  }
  printer.get(answer, valueOnly);
  return ExitCode.success;
}

/** The request of a `get` line, here and in transactions. Throws `ExitError`. */
export function getRequest(flags: FlagSet, args: readonly ByteString[]): RangeRequest {
  const [key, end] = args;
  if (key === undefined) {
    throw badArgs('get command needs one argument as key and an optional argument as range_end');
  }
  if (flags.bool('prefix') && flags.bool('from-key')) {
    throw badArgs('`--prefix` and `--from-key` cannot be set at the same time, choose one');
  }
  if (flags.bool('keys-only') && flags.bool('count-only')) {
    throw badArgs('`--keys-only` and `--count-only` cannot be set at the same time, choose one');
  }
  const serializable = isSerializable(flags.string('consistency'));
  const range = rangeOfFlags(flags, key, end);
  const revision = flags.int('rev');
  const { order, target } = sorting(flags);
  return RangeRequest.create({
    ...range,
    serializable,
    limit: flags.int('limit'),
    revision: revision > 0n ? revision : 0n,
    sortOrder: order,
    sortTarget: target,
    keysOnly: flags.bool('keys-only'),
    countOnly: flags.bool('count-only'),
    ...bounds(flags),
  });
}

const orders: ReadonlyMap<string, RangeRequest_SortOrder> = new Map([
  ['', RangeRequest_SortOrder.NONE],
  ['ASCEND', RangeRequest_SortOrder.ASCEND],
  ['DESCEND', RangeRequest_SortOrder.DESCEND],
]);
const targets: ReadonlyMap<string, RangeRequest_SortTarget> = new Map([
  ['', RangeRequest_SortTarget.KEY],
  ['CREATE', RangeRequest_SortTarget.CREATE],
  ['KEY', RangeRequest_SortTarget.KEY],
  ['MODIFY', RangeRequest_SortTarget.MOD],
  ['VALUE', RangeRequest_SortTarget.VALUE],
  ['VERSION', RangeRequest_SortTarget.VERSION],
]);

function sorting(flags: FlagSet): {
  readonly order: RangeRequest_SortOrder;
  readonly target: RangeRequest_SortTarget;
} {
  const orderName = flags.string('order');
  const targetName = flags.string('sort-by');
  const order = orders.get(orderName.toUpperCase());
  if (order === undefined) throw new ExitError(ExitCode.badFeature, `bad sort order ${orderName}`);
  const target = targets.get(targetName.toUpperCase());
  if (target === undefined) {
    throw new ExitError(ExitCode.badFeature, `bad sort target ${targetName}`);
  }
  // Keys come in ascending order anyway; etcd's client does not ask for it, and RangeStream would refuse.
  const isNatural =
    target === RangeRequest_SortTarget.KEY && order === RangeRequest_SortOrder.ASCEND;
  return { order: isNatural ? RangeRequest_SortOrder.NONE : order, target };
}

type Bounds = Pick<
  RangeRequest,
  'minCreateRevision' | 'maxCreateRevision' | 'minModRevision' | 'maxModRevision'
>;

function bounds(flags: FlagSet): Bounds {
  const positive = (name: string): bigint => {
    const value = flags.int(name);
    return value > 0n ? value : 0n;
  };
  const check = (kind: 'Create' | 'Mod', flag: string): void => {
    const min = flags.int(`min-${flag}`);
    const max = flags.int(`max-${flag}`);
    if (max > 0n && min > max) {
      throw new ExitError(
        ExitCode.badFeature,
        `getMin${kind}Rev(=${min}) > getMax${kind}Rev(=${max})`,
      );
    }
  };
  check('Create', 'create-rev');
  check('Mod', 'mod-rev');
  return {
    minCreateRevision: positive('min-create-rev'),
    maxCreateRevision: positive('max-create-rev'),
    minModRevision: positive('min-mod-rev'),
    maxModRevision: positive('max-mod-rev'),
  };
}

/** Puts the parts of a streamed range together (etcd client/v3/kv.go GetStreamToGetResponse). */
async function collectStream(
  client: RawClient,
  request: RangeRequest,
  timeoutMs: number,
): Promise<RangeResponse> {
  const timeout = limit(timeoutMs);
  const whole = RangeResponse.create({});
  try {
    const stream = await client.stream(kvService.rangeStream, { signal: timeout.signal });
    stream.send(request);
    stream.finish();
    for await (const { rangeResponse: part } of stream) {
      if (part === undefined) continue;
      whole.header = part.header ?? whole.header;
      for (const kv of part.kvs) whole.kvs.push(kv);
      whole.more ||= part.more;
      if (part.count > 0n) whole.count = part.count;
    }
  } finally {
    timeout.clear();
  }
  return whole;
}
