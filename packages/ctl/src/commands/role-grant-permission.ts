/** `role grant-permission`: a role may read or write keys. */
import { AuthRoleGrantPermissionRequest, Permission_Type, authService } from '@kv/proto/auth';
import { toBytes, toText, type ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { headerReport } from '../print/report.js';
import { orFail } from './failure.js';
import { permissionRange } from './permission-range.js';
import { explicitTimeoutMs } from './timeout.js';

const types: ReadonlyMap<string, Permission_Type> = new Map([
  ['READ', Permission_Type.READ],
  ['WRITE', Permission_Type.WRITE],
  ['READWRITE', Permission_Type.READWRITE],
]);

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags } = context;
  const [role, typeName, keyText, endText] = args;
  if (role === undefined || typeName === undefined || keyText === undefined) {
    throw badArgs(
      'role grant command requires role name, permission type, and key [endkey] as its argument',
    );
  }
  const permType = permissionType(typeName);
  const { key, end } = permissionRange(flags, keyText, endText);
  const { client, config, printer } = await context.open();
  const method = authService.roleGrantPermission;
  const request = AuthRoleGrantPermissionRequest.create({
    name: toText(role),
    perm: { permType, key: toBytes(key), rangeEnd: toBytes(end) },
  });
  const settings = { timeoutMs: explicitTimeoutMs(flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  printer.report(headerReport(method, answer, `Role ${role} updated`));
  return ExitCode.success;
}

function permissionType(name: ByteString): Permission_Type {
  const type = types.get(name.toUpperCase());
  if (type === undefined) throw badArgs(`invalid permission type: ${name}`);
  return type;
}
