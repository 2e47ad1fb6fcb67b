/** Three lines for a person who typed `npm start`, before the log begins. */
import { resolve } from 'node:path';
import type { DaemonConfig, MemberConfig } from '@kv/server';

/** Set by `npm start`; the launchers that other programs call do not set it. */
export const BANNER_VARIABLE = 'KV_START_BANNER';

export function bannerText(member: MemberConfig, daemon: DaemonConfig): string {
  const urls = daemon.listenClientUrls.map((url) => url.text).join(', ');
  const endpoint = member.advertiseClientUrls[0] ?? '';
  const usual = /:\/\/(localhost|127\.0\.0\.1):2379$/.test(endpoint);
  const option = usual ? '' : ` --endpoints ${endpoint}`;
  return [
    `Listening on  ${urls}  (stop with Ctrl-C)`,
    `Data in       ${resolve(member.dataDir)}`,
    `Try           bin/kvctl${option} put hello world  &&  bin/kvctl${option} get hello`,
    '',
  ].join('\n');
}
