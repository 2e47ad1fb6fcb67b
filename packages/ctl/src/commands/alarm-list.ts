/** `alarm list`: alarms of all members. */
import {
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmType,
  maintenanceService,
} from '@kv/proto/maintenance';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  if (context.args.length > 0) throw badArgs('alarm list command accepts no arguments');
  const { client, config, printer } = await context.open();
  const request = AlarmRequest.create({
    action: AlarmRequest_AlarmAction.GET,
    alarm: AlarmType.NONE,
  });
  const settings = { timeoutMs: config.commandTimeoutMs };
  printer.alarms(await orFail(client.call(maintenanceService.alarm, request, settings)));
  return ExitCode.success;
}
