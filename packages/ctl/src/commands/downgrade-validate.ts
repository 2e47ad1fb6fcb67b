/** `downgrade validate`: whether the cluster can go back to an older version. */
import { DowngradeRequest_DowngradeAction } from '@kv/proto/maintenance';
import type { CommandContext } from '../context.js';
import type { ExitCode } from '../exit.js';
import { downgrade, targetVersion } from './downgrade.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const action = DowngradeRequest_DowngradeAction.VALIDATE;
  return downgrade(context, 'validate', action, targetVersion(context.args));
}
