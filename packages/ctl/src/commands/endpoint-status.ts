/** `endpoint status`: what each endpoint says of itself; one that fails does not hide the others. */
import { maintenanceService } from '@kv/proto/maintenance';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { errorText } from '../global/error-text.js';
import type { EndpointStatus } from '../print/printer.js';
import { endpointsOf } from './endpoints.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const configuration = await context.configure();
  const settings = { timeoutMs: configuration.config.commandTimeoutMs };
  const results: EndpointStatus[] = [];
  let failures = 0;
  for (const endpoint of await endpointsOf(context, configuration)) {
    const client = await configuration.connect([endpoint]);
    try {
      results.push({
        endpoint,
        status: await client.call(maintenanceService.status, {}, settings),
      });
    } catch (error) {
      failures += 1;
      context.io.stderr(`Failed to get the status of endpoint ${endpoint} (${errorText(error)})\n`);
    } finally {
      await client.close();
    }
  }
  configuration.printer.endpointStatus(results);
  return failures === 0 ? ExitCode.success : ExitCode.error;
}
