/** `endpoint health`: whether each endpoint can read linearizably and has no alarm. All are asked at once. */
import { KvError, type RawClient } from '@kv/client/raw';
import { RangeRequest, kvService } from '@kv/proto/kv';
import {
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmType,
  maintenanceService,
} from '@kv/proto/maintenance';
import { toBytes, type ByteString } from '../bytes.js';
import type { CommandContext, Configuration } from '../context.js';
import { ExitCode, ExitError } from '../exit.js';
import { errorText } from '../global/error-text.js';
import type { EndpointHealth } from '../print/printer.js';
import { Stopwatch } from './elapsed.js';
import { endpointsOf } from './endpoints.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const configuration = await context.configure();
  const endpoints = await endpointsOf(context, configuration);
  const results: EndpointHealth[] = [];
  // In the order in which they finish.
  await Promise.all(
    endpoints.map(async (endpoint) => {
      results.push(await healthOf(endpoint, configuration));
    }),
  );
  configuration.printer.endpointHealth(results);
  if (results.some(({ error }) => error !== '')) {
    throw new ExitError(ExitCode.error, 'unhealthy cluster');
  }
  return ExitCode.success;
}

async function healthOf(
  endpoint: ByteString,
  { config, connect }: Configuration,
): Promise<EndpointHealth> {
  let client: RawClient;
  try {
    client = await connect([endpoint]);
  } catch (error) {
    if (!(error instanceof ExitError) || error.code === ExitCode.badArgs) throw error;
    return { endpoint, health: false, took: '', error: error.message };
  }
  const stopwatch = new Stopwatch();
  const settings = { timeoutMs: config.commandTimeoutMs };
  const failure = await readFailure(client, settings);
  const took = stopwatch.elapsed();
  const error = failure === '' ? await alarmFailure(client, settings) : failure;
  return { endpoint, health: error === '', took, error };
}

async function readFailure(
  client: RawClient,
  settings: { readonly timeoutMs: number },
): Promise<ByteString> {
  try {
    await client.call(kvService.range, RangeRequest.create({ key: toBytes('health') }), settings);
    return '';
  } catch (error) {
    // It takes a quorum to find out that this is not permitted.
    return error instanceof KvError && error.code === 'permissionDenied' ? '' : errorText(error);
  }
}

async function alarmFailure(
  client: RawClient,
  settings: { readonly timeoutMs: number },
): Promise<ByteString> {
  try {
    const request = AlarmRequest.create({
      action: AlarmRequest_AlarmAction.GET,
      alarm: AlarmType.NONE,
    });
    const { alarms } = await client.call(maintenanceService.alarm, request, settings);
    if (alarms.length === 0) return '';
    return `Active Alarm(s): ${alarms.map(({ alarm }) => `${healthAlarm(alarm)} `).join('')}`;
  } catch {
    return 'Unable to fetch the alarm list';
  }
}

function healthAlarm(alarm: number): string {
  if (alarm === AlarmType.NOSPACE) return 'NOSPACE';
  return alarm === AlarmType.CORRUPT ? 'CORRUPT' : 'UNKNOWN';
}
