/**
 * One client: asks, waits for the answer or for its own timeout, writes down both, and asks again, of this member or of another. It
 * never repeats what may have been done (G-18).
 */
import {
  kvService,
  LeaseKeepAliveRequest,
  LeaseRevokeRequest,
  leaseService,
  RangeRequest,
  type LeaseKeepAliveResponse,
  type UnaryMethod,
} from '@kv/proto';
import type { Chance } from './chance.js';
import type { CallOutcome, Connections } from './connection.js';
import type { Sabotage } from './sabotage.js';
import type { CallKind, Calls, History, Operation, OperationOf } from './history.js';
import type { Fleet } from './fleet.js';
import type { Machine } from './machine.js';
import { Actor, type Timeline } from './timeline.js';
import { PROBE_KEY, type Workload } from './workload.js';

export interface ClientParts {
  readonly name: string;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly workload: Workload;
  readonly connections: Connections;
  readonly history: History;
  /** Its members may be asked. */
  readonly fleet: Pick<Fleet, 'members'>;
  /** Mean time between an answer and the next question. */
  readonly thinkMs: number;
  readonly sabotage: Sabotage | undefined;
}

/** How long a client waits for an answer, both inclusive. */
const TIMEOUT_MS: readonly [number, number] = [300, 3000];
const RETRY_MS = 50;

export class Client {
  readonly #parts: ClientParts;
  readonly #actor: Actor;
  #machine: Machine;
  #stopped = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#actor = new Actor(parts.name);
    this.#machine = parts.chance.pick(parts.fleet.members);
  }

  /** Asks until it is stopped. */
  async run(): Promise<void> {
    const { timeline, chance, thinkMs, fleet } = this.#parts;
    while (!this.#stopped) {
      await timeline.wait(chance.waitMs(thinkMs), this.#actor);
      if (this.#isStopped()) return;
      if (chance.happens(0.1)) this.#machine = chance.pick(fleet.members);
      const { outcome } = await this.#ask();
      // A client that got no answer tries elsewhere, and not at once.
      if (outcome?.type === 'ok') continue;
      this.#machine = chance.pick(fleet.members);
      await timeline.wait(RETRY_MS, this.#actor);
    }
  }

  /** Finishes what it has asked, and asks nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Whether this member takes a put and answers a linearizable read now. */
  async serves(machine: Machine): Promise<boolean> {
    const { workload } = this.#parts;
    const before = this.#machine;
    this.#machine = machine;
    const put = this.#call('put', kvService.put, workload.probe());
    this.#machine = machine;
    const range = this.#call('range', kvService.range, RangeRequest.create({ key: PROBE_KEY }));
    this.#machine = before;
    const outcomes = [(await put).outcome, (await range).outcome];
    return outcomes.every((outcome) => outcome?.type === 'ok');
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  #ask(): Promise<Operation> {
    const { chance, workload } = this.#parts;
    const dice = chance.below(100);
    if (dice < 30) return this.#call('put', kvService.put, workload.put());
    if (dice < 52) return this.#call('range', kvService.range, workload.range());
    if (dice < 60) return this.#call('deleteRange', kvService.deleteRange, workload.deleteRange());
    if (dice < 80) return this.#call('txn', kvService.txn, workload.txn());
    if (dice < 83) return this.#call('compact', kvService.compact, workload.compaction());
    if (dice < 89) return this.#grant();
    const ID = workload.lease();
    if (ID === undefined) return this.#grant();
    if (dice < 91) {
      const request = LeaseRevokeRequest.create({ ID });
      return this.#call('leaseRevoke', leaseService.leaseRevoke, request);
    }
    return this.#keepAlive(ID);
  }

  async #grant(): Promise<Operation> {
    const { workload } = this.#parts;
    const request = workload.leaseGrant();
    const operation = await this.#call('leaseGrant', leaseService.leaseGrant, request);
    if (operation.outcome?.type === 'ok') workload.granted(request.ID);
    return operation;
  }

  async #call<Kind extends CallKind>(
    kind: Kind,
    method: UnaryMethod<Calls[Kind]['request'], Calls[Kind]['response']>,
    request: Calls[Kind]['request'],
  ): Promise<Operation> {
    const { connections, chance, sabotage } = this.#parts;
    const operation = this.#begin(kind, request);
    const timeoutMs = chance.between(...TIMEOUT_MS);
    let outcome = await connections.call(this.#actor, this.#machine, method, request, timeoutMs);
    if (sabotage?.resends === true && outcome.type === 'unknown') {
      outcome = await connections.call(this.#actor, this.#machine, method, request, timeoutMs);
    }
    return this.#end(operation, outcome);
  }

  /** On a stream of its own, for one renewal. */
  async #keepAlive(ID: bigint): Promise<Operation> {
    const { connections, timeline, chance } = this.#parts;
    const request = LeaseKeepAliveRequest.create({ ID });
    const operation = this.#begin('leaseKeepAlive', request);
    const timeoutMs = chance.between(...TIMEOUT_MS);
    const outcome = await new Promise<CallOutcome<LeaseKeepAliveResponse>>((resolve) => {
      const stream = connections.open(this.#actor, this.#machine, leaseService.leaseKeepAlive, {
        received: (response) => {
          resolve({ type: 'ok', response });
        },
        ended: (message) => {
          resolve({ type: 'unknown', message });
        },
      });
      stream.send(request);
      timeline.after(timeoutMs, this.#actor, () => {
        stream.cancel();
        resolve({ type: 'unknown', message: 'timeout' });
      });
    });
    return this.#end(operation, outcome);
  }

  #begin<Kind extends CallKind>(kind: Kind, request: Calls[Kind]['request']): OperationOf<Kind> {
    const { name, timeline, history } = this.#parts;
    const operation: OperationOf<Kind> = {
      kind,
      client: name,
      machine: this.#machine.index,
      request,
      invokedMs: timeline.nowMs,
      returnedMs: undefined,
      outcome: undefined,
    };
    // One member of the union for each kind: the compiler does not see that they are the same.
    history.operations.push(operation as unknown as Operation);
    return operation;
  }

  #end<Kind extends CallKind>(
    operation: OperationOf<Kind>,
    outcome: CallOutcome<Calls[Kind]['response']>,
  ): Operation {
    const { timeline, workload } = this.#parts;
    operation.returnedMs = timeline.nowMs;
    operation.outcome = outcome;
    if (outcome.type === 'ok') {
      const revision = Number(outcome.response.header?.revision ?? 0n);
      workload.revision = Math.max(workload.revision, revision);
    }
    return operation as unknown as Operation;
  }
}
