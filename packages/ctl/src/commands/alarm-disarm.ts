/** `alarm disarm`: ends every alarm that is raised, one after the other. */
import {
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmResponse,
  AlarmType,
  maintenanceService,
  type AlarmMember,
} from '@kv/proto/maintenance';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { noArguments } from './arguments.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  noArguments(context.args, 'alarm disarm command accepts no arguments');
  const { client, config, printer } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  const alarm = (request: AlarmRequest): Promise<AlarmResponse> =>
    orFail(client.call(maintenanceService.alarm, request, settings));
  const raised = await alarm(
    AlarmRequest.create({ action: AlarmRequest_AlarmAction.GET, alarm: AlarmType.NONE }),
  );
  const disarmed: AlarmMember[] = [];
  for (const { memberID, alarm: type } of raised.alarms) {
    const { alarms } = await alarm(
      AlarmRequest.create({
        action: AlarmRequest_AlarmAction.DEACTIVATE,
        memberID,
        alarm: type,
      }),
    );
    disarmed.push(...alarms);
  }
  // Without a header: it is no single answer.
  printer.alarms(AlarmResponse.create({ alarms: disarmed }));
  return ExitCode.success;
}
