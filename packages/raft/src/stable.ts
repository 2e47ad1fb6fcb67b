/** What storage and the state machine report: entries are durable, a snapshot is installed, entries are applied. */
import { isJoint, toConfState } from './confchange/configuration.js';
import type { Core } from './core.js';
import { switchConfiguration } from './membership.js';
import { propose } from './proposal.js';
import type { StorageAppendResp, StorageApplyResp } from './ready.js';
import { releaseUncommitted } from './replication.js';
import { NO_DATA, type Entry, type LogIndex } from './types.js';

/**
 * Storage is done with a piece of work.
 *
 * Of entries it counts only if the term has not changed since: otherwise a later leader may have replaced some of them,
 * and work that is still under way may yet replace them on disk, even by what was there before. (Entries a of term 1,
 * then b of term 2, then a again: when the first a is reported, b is about to be written.) Nothing is forgotten by
 * that: every change of term makes work of its own, which reports everything unstable again.
 */
export function handleAppended(core: Core, response: StorageAppendResp): void {
  if (response.last !== undefined) {
    if (response.term === core.term) {
      core.log.unstable.stableTo(response.last);
    } else {
      core.observe({
        type: 'staleAppendIgnored',
        at: core.id,
        term: core.term,
        responseTerm: response.term,
      });
    }
  }
  if (response.snapshot !== undefined) {
    // Snapshots are of committed state, which does not depend on the term.
    const { index } = response.snapshot.meta;
    core.log.unstable.stableSnapshotTo(index);
    appliedTo(core, index, []);
    if (core.deferredConfig !== undefined) switchConfiguration(core, core.deferredConfig);
    core.deferredConfig = undefined;
  }
}

/** The state machine has applied entries. */
export function handleApplied(core: Core, response: StorageApplyResp): void {
  const last = response.entries[response.entries.length - 1];
  if (last === undefined) return;
  appliedTo(core, last.index, response.entries);
  releaseUncommitted(core, response.entries);
}

function appliedTo(core: Core, index: LogIndex, entries: readonly Entry[]): void {
  const { log } = core;
  log.appliedTo(index > log.applied ? index : log.applied, entries);
  const { config } = core.tracker;
  if (core.role !== 'leader' || !config.autoLeave || log.applied < core.pendingConfIndex) return;
  if (!isJoint(config)) return;
  // No data: an empty change, which leaves the joint configuration, and which no bound on size can refuse. If it is
  // dropped because of a transfer, either the next leader does it, or we do at the next applied entry.
  const result = propose(core, core.id, [{ type: 'confChangeV2', data: NO_DATA }]);
  const proposed = result.outcome === 'appended';
  core.observe({ type: 'autoLeave', at: core.id, config: toConfState(config), proposed });
}
