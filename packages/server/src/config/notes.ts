/** Lines for the log about settings that are accepted and do less than their names say: none is ignored silently. */
import { featureGates } from './feature-gates.js';
import { allFlags } from './flags/flag-spec.js';
import type { Note } from './report.js';
import type { Settings } from './settings.js';
import { isSecure } from './url-list.js';

const warn = (message: string, fields?: Note['fields']): Note =>
  fields === undefined ? { level: 'warn', message } : { level: 'warn', message, fields };

/** Flags that etcd itself is about to drop, with its texts. */
export function noteDeprecations(settings: Settings, notes: Note[]): void {
  if (settings.given('max-snapshots')) {
    notes.push(warn('--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8.'));
  }
  if (settings.given('v2-deprecation')) {
    notes.push(
      warn(
        '--v2-deprecation is deprecated and scheduled for removal in v3.8. The default value is enforced, ignoring user input.',
      ),
    );
  }
}

/** Flags that are accepted because scripts pass them, and have no effect here, or not with these addresses. */
export function noteIneffective(settings: Settings, notes: Note[]): void {
  const without = (flag: string, reason: string): void => {
    notes.push(warn('flag has no effect', { flag, reason }));
  };
  for (const flag of allFlags) {
    if ('noEffect' in flag && settings.given(flag.name)) without(flag.name, flag.noEffect);
  }
  if (settings.text('metrics') === 'extensive') {
    without('metrics', 'durations of calls are not measured yet; the basic metrics are served');
  }
  for (const name of settings.gates.keys()) {
    if (effective.has(name)) continue;
    without(
      'feature-gates',
      `${name} (${featureGates.get(name)?.stage ?? ''}) changes nothing yet`,
    );
  }
  noteUnusedTls(settings, notes);
}

/** Gates that this version honours; these and the collective ones need no warning. */
const effective: ReadonlySet<string> = new Set([
  'AllAlpha',
  'AllBeta',
  'CompactHashCheck',
  'InitialCorruptCheck',
  'LeaseCheckpoint',
  'LeaseCheckpointPersist',
]);

/** Where an address is plain, material for TLS is unused, which etcd says in these words. */
function noteUnusedTls(settings: Settings, notes: Note[]): void {
  const given = settings.text('cert-file') !== '' || settings.text('key-file') !== '';
  if (settings.isOn('auto-tls') && given) {
    notes.push(warn('ignoring client auto TLS since certs given'));
  }
  const urls = [
    ...settings.urls('listen-client-urls'),
    ...settings.urls('listen-client-http-urls'),
  ];
  for (const url of urls) {
    if (isSecure(url)) continue;
    const fields = { 'client-url': url.text };
    if (given) {
      const what = 'scheme is http or unix while key and cert files are present';
      notes.push(warn(`${what}; ignoring key and cert files`, fields));
    }
    if (settings.isOn('client-cert-auth')) {
      const what = 'scheme is http or unix while --client-cert-auth is enabled';
      notes.push(warn(`${what}; ignoring client cert auth for this URL`, fields));
    }
  }
  const peerGiven = settings.text('peer-cert-file') !== '' || settings.text('peer-key-file') !== '';
  if (settings.isOn('peer-auto-tls') && peerGiven) {
    notes.push(warn('ignoring peer auto TLS since certs given'));
  }
  for (const url of settings.urls('listen-peer-urls')) {
    if (isSecure(url)) continue;
    const fields = { 'peer-url': url.text };
    if (peerGiven) {
      const what = 'scheme is HTTP while key and cert files are present';
      notes.push(warn(`${what}; ignoring key and cert files`, fields));
    }
    if (settings.isOn('peer-client-cert-auth')) {
      const what = 'scheme is HTTP while --peer-client-cert-auth is enabled';
      notes.push(warn(`${what}; ignoring client cert auth for this URL`, fields));
    }
  }
}
