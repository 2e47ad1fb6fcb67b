/** `endpoint hashkv`: a hash of the keys' history at each endpoint, to compare members. */
import { HashKVRequest, maintenanceService } from '@kv/proto/maintenance';
import type { ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, ExitError } from '../exit.js';
import { errorText } from '../global/error-text.js';
import type { EndpointHashKV } from '../print/printer.js';
import { endpointsOf } from './endpoints.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const configuration = await context.configure();
  const settings = { timeoutMs: configuration.config.commandTimeoutMs };
  const request = HashKVRequest.create({ revision: context.flags.int('rev') });
  const results: EndpointHashKV[] = [];
  let lastFailure: ByteString | undefined;
  for (const endpoint of await endpointsOf(context, configuration)) {
    const client = await configuration.connect([endpoint]);
    try {
      results.push({
        endpoint,
        hashKV: await client.call(maintenanceService.hashKV, request, settings),
      });
    } catch (error) {
      lastFailure = errorText(error);
      context.io.stderr(`Failed to get the hash of endpoint ${endpoint} (${lastFailure})\n`);
    } finally {
      await client.close();
    }
  }
  configuration.printer.endpointHashKV(results);
  if (lastFailure !== undefined) throw new ExitError(ExitCode.error, lastFailure);
  return ExitCode.success;
}
