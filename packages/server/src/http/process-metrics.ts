/** What is true of the process for as long as it runs: versions, feature gates, file descriptors. */
import { readFileSync, readdirSync } from 'node:fs';
import { featureGates } from '../config/feature-gates.js';
import type { Metrics } from '../metrics.js';

/** Open file descriptors of this process; 0 where /proc does not say. */
export function descriptorsUsed(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

/** How many this process may have; undefined where /proc does not say. */
export function descriptorsMax(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const max = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return max === undefined ? undefined : Number(max);
  } catch {
    return undefined;
  }
}

export function processMetrics(metrics: Metrics, gates: ReadonlyMap<string, boolean>): void {
  metrics
    .gauge('etcd_server_go_version', 'The runtime that serves it.', ['server_go_version'])
    .set(1, `node${process.versions.node}`);
  const enabled = metrics.gauge('etcd_server_feature_enabled', 'Feature gates that are on.', [
    'name',
    'stage',
  ]);
  for (const [name, gate] of featureGates) enabled.set(gates.get(name) ? 1 : 0, name, gate.stage);
  metrics.gaugeOf('os_fd_used', 'Open file descriptors.', descriptorsUsed);
  metrics.gaugeOf('os_fd_limit', 'How many may be open.', () => descriptorsMax() ?? 0);
}
