/** `downgrade enable`: prepares the cluster for an older version. */
import { DowngradeRequest_DowngradeAction } from '@kv/proto/maintenance';
import type { CommandContext } from '../context.js';
import type { ExitCode } from '../exit.js';
import { downgrade, targetVersion } from './downgrade.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const action = DowngradeRequest_DowngradeAction.ENABLE;
  return downgrade(context, 'enable', action, targetVersion(context.args));
}
