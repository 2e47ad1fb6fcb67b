/** `downgrade cancel`: the cluster stays at its version. */
import { DowngradeRequest_DowngradeAction } from '@kv/proto/maintenance';
import type { CommandContext } from '../context.js';
import type { ExitCode } from '../exit.js';
import { downgrade } from './downgrade.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const action = DowngradeRequest_DowngradeAction.CANCEL;
  return downgrade(context, 'cancel', action, '');
}
