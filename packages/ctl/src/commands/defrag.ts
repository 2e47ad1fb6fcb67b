/** `defrag`: gives free space of each endpoint's store back, one after the other. */
import { maintenanceService } from '@kv/proto/maintenance';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { errorText } from '../global/error-text.js';
import { Stopwatch } from './elapsed.js';
import { endpointsOf } from './endpoints.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const configuration = await context.configure();
  const settings = { timeoutMs: configuration.config.commandTimeoutMs };
  let failures = 0;
  for (const endpoint of await endpointsOf(context, configuration)) {
    const client = await configuration.connect([endpoint]);
    const stopwatch = new Stopwatch();
    try {
      await client.call(maintenanceService.defragment, {}, settings);
      context.io.stdout(
        `Finished defragmenting etcd member[${endpoint}]. took ${stopwatch.elapsed()}\n`,
      );
    } catch (error) {
      failures += 1;
      context.io.stderr(
        `Failed to defragment etcd member[${endpoint}]. took ${stopwatch.elapsed()}. (${errorText(error)})\n`,
      );
    } finally {
      await client.close();
    }
  }
  return failures === 0 ? ExitCode.success : ExitCode.error;
}
