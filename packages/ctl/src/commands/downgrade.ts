/** What the three `downgrade` commands share. */
import {
  DowngradeRequest,
  maintenanceService,
  type DowngradeRequest_DowngradeAction,
} from '@kv/proto/maintenance';
import { fromText, toText, type ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { unlessEmpty } from '../print/json-value.js';
import { sentenceReport } from '../print/report.js';
import { orFail } from './failure.js';

/** The version to go to. Throws `ExitError`. */
export function targetVersion(args: readonly ByteString[]): ByteString {
  const [version] = args;
  if (version === undefined) throw badArgs('TARGET_VERSION not provided');
  if (args.length > 1) throw badArgs('too many arguments');
  if (version === '') throw badArgs('target version not provided');
  return version;
}

export async function downgrade(
  context: CommandContext,
  verb: 'validate' | 'enable' | 'cancel',
  action: DowngradeRequest_DowngradeAction,
  target: ByteString,
): Promise<ExitCode> {
  const { client, config, printer } = await context.open();
  const method = maintenanceService.downgrade;
  const request = DowngradeRequest.create({ action, version: toText(target) });
  const settings = { timeoutMs: config.commandTimeoutMs };
  const answer = await orFail(client.call(method, request, settings));
  const version = fromText(answer.version);
  const sentence = `Downgrade ${verb} success, cluster version ${version}`;
  printer.report(sentenceReport(method, answer, sentence, unlessEmpty('version', version)));
  return ExitCode.success;
}
