/** Endpoints from DNS: SRV records of `_etcd-client-ssl._tcp` (https) and `_etcd-client._tcp` (http). */
import { resolveSrv } from 'node:dns/promises';
import { fromText, type ByteString } from '../bytes.js';
import { ExitCode, ExitError } from '../exit.js';
import { quote } from '../go/quote.js';

/** Both look-ups failing is an error; finding nothing is not. */
export async function discoverEndpoints(
  domain: string,
  serviceName: string,
  secureOnly: boolean,
  warn: (line: ByteString) => void,
): Promise<readonly string[]> {
  const suffix = serviceName === '' ? '' : `-${serviceName}`;
  const lookups = await Promise.allSettled([
    endpoints('https', `_etcd-client-ssl${suffix}._tcp.${domain}`),
    endpoints('http', `_etcd-client${suffix}._tcp.${domain}`),
  ]);
  const [secure, plain] = lookups;
  if (secure.status === 'rejected' && plain.status === 'rejected') {
    const message = `dns lookup errors: ${String(secure.reason)} and ${String(plain.reason)}`;
    throw new ExitError(ExitCode.error, fromText(message));
  }
  const found = lookups.flatMap((lookup) => (lookup.status === 'fulfilled' ? lookup.value : []));
  if (!secureOnly) return found;
  return found.filter((endpoint) => {
    if (!endpoint.startsWith('http://')) return true;
    warn(`ignoring discovered insecure endpoint ${quote(fromText(endpoint))}\n`);
    return false;
  });
}

async function endpoints(scheme: string, name: string): Promise<string[]> {
  const records = await resolveSrv(name);
  return records.map(({ name: host, port }) => `${scheme}://${host.replace(/\.$/, '')}:${port}`);
}
