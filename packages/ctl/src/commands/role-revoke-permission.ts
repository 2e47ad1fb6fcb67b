/** `role revoke-permission`: takes a right back, which must be named exactly as it was granted. */
import { AuthRoleRevokePermissionRequest, authService } from '@kv/proto/auth';
import { toBytes, toText, type ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { headerReport } from '../print/report.js';
import { orFail } from './failure.js';
import { permissionRange } from './permission-range.js';
import { openEnd } from './range.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags } = context;
  const [role, keyText, endText] = args;
  if (role === undefined || keyText === undefined) {
    throw badArgs(
      'role revoke-permission command requires role name and key [endkey] as its argument',
    );
  }
  const { key, end } = permissionRange(flags, keyText, endText);
  const { client, config, printer } = await context.open();
  const method = authService.roleRevokePermission;
  const request = AuthRoleRevokePermissionRequest.create({
    role: toText(role),
    key: toBytes(key),
    rangeEnd: toBytes(end),
  });
  const settings = { timeoutMs: explicitTimeoutMs(flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  const what = `Permission of ${rangeName(keyText, end)} is revoked from role ${role}`;
  printer.report(headerReport(method, answer, what));
  return ExitCode.success;
}

/** The key as it was typed. */
function rangeName(key: ByteString, end: ByteString): ByteString {
  if (end === '') return `key ${key}`;
  return end === openEnd ? `range [${key}, <open ended>` : `range [${key}, ${end})`;
}
