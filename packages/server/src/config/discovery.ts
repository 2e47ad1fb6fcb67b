/** The settings of discovery, from its flags (daemon.md §6.3). That at most one way is chosen is checked elsewhere. */
import type { Discovery } from '../discovery/discover.js';
import { toMs } from './go-duration.js';
import type { Settings } from './settings.js';

export function discoveryOf(settings: Settings): Discovery {
  const domain = settings.text('discovery-srv');
  if (domain !== '') return { type: 'srv', domain, suffix: settings.text('discovery-srv-name') };
  const endpoints = settings.list('discovery-endpoints');
  if (endpoints.length === 0) return { type: 'none' };
  return {
    type: 'token',
    token: settings.text('discovery-token'),
    endpoints,
    dialTimeoutMs: toMs(settings.durationNs('discovery-dial-timeout')),
    requestTimeoutMs: toMs(settings.durationNs('discovery-request-timeout')),
    keepaliveTimeMs: toMs(settings.durationNs('discovery-keepalive-time')),
    keepaliveTimeoutMs: toMs(settings.durationNs('discovery-keepalive-timeout')),
    insecureTransport: settings.isOn('discovery-insecure-transport'),
    insecureSkipTlsVerify: settings.isOn('discovery-insecure-skip-tls-verify'),
    certFile: settings.text('discovery-cert'),
    keyFile: settings.text('discovery-key'),
    caFile: settings.text('discovery-cacert'),
    serverName: settings.text('discovery-server-name'),
    user: settings.text('discovery-user'),
    password: settings.text('discovery-password'),
    authToken: settings.text('discovery-auth-token'),
  };
}
