/** The commands of interaction scenarios, over an {@link InteractionEnv}. */
import { isMessageType } from '../message.js';
import { NO_DATA, toIndex, toNodeId, type NodeId } from '../types.js';
import { levels, type Level } from './describe-event.js';
import type { InteractionEnv } from './interaction-env.js';
import { EMPTY_START, type Recipient, type Start } from './interaction-env.js';
import type { InteractionMember } from './interaction-member.js';
import { parseChanges } from './parse-changes.js';
import type { Directive } from './script.js';
import type { ProposeResult } from '../proposal.js';
import { bytesOf } from './bytes.js';

type Handler = (env: InteractionEnv, directive: Directive) => void;

/** Runs one directive and returns its output. */
export function runInteraction(env: InteractionEnv, directive: Directive): string {
  const handler = handlers.get(directive.command);
  let failure = '';
  try {
    if (handler === undefined) throw new Error('unknown command');
    handler(env, directive);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const text = env.output.take() + failure;
  return text === '' ? 'ok' : text;
}

const handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['_breakpoint', () => undefined],
  ['add-nodes', addNodes],
  [
    'campaign',
    (env, directive) => {
      first(env, directive).node.campaign();
    },
  ],
  ['compact', compact],
  ['deliver-msgs', deliver],
  [
    'process-ready',
    each('handling Ready', (env, member) => {
      env.processReady(member);
    }),
  ],
  [
    'process-append-thread',
    each('processing append thread', (env, member) => {
      env.processAppend(member);
    }),
  ],
  [
    'process-apply-thread',
    each('processing apply thread', (env, member) => {
      env.processApply(member);
    }),
  ],
  [
    'log-level',
    (env, directive) => {
      env.output.level = parseLevel(key(directive, 0));
    },
  ],
  [
    'raft-log',
    (env, directive) => {
      env.writeLog(first(env, directive));
    },
  ],
  [
    'raft-state',
    (env) => {
      env.writeState();
    },
  ],
  [
    'set-randomized-election-timeout',
    (env, directive) => {
      first(env, directive).setElectionTimeout(Number(value(directive, 'timeout')));
    },
  ],
  ['stabilize', stabilize],
  [
    'status',
    (env, directive) => {
      env.writeStatus(first(env, directive));
    },
  ],
  [
    'tick-election',
    (env, directive) => {
      tick(first(env, directive), 'electionTicks');
    },
  ],
  [
    'tick-heartbeat',
    (env, directive) => {
      tick(first(env, directive), 'heartbeatTicks');
    },
  ],
  [
    'transfer-leadership',
    (env, directive) => {
      const from = env.member(id(value(directive, 'from')));
      from.node.transferLeader(id(value(directive, 'to')));
    },
  ],
  [
    'forget-leader',
    (env, directive) => {
      first(env, directive).node.forgetLeader();
    },
  ],
  [
    'send-snapshot',
    (env, directive) => {
      env.sendSnapshot(first(env, directive), id(key(directive, 1)));
    },
  ],
  [
    'propose',
    (env, directive) => {
      report(first(env, directive).node.propose([bytesOf(key(directive, 1))]));
    },
  ],
  ['propose-conf-change', proposeConfChange],
  [
    'report-unreachable',
    (env, directive) => {
      first(env, directive).node.reportUnreachable(id(key(directive, 1)));
    },
  ],
]);

const id = (text: string): NodeId => toNodeId(BigInt(text));

function key(directive: Directive, at: number): string {
  const argument = directive.args[at];
  if (argument === undefined) throw new Error(`argument ${at + 1} is missing`);
  return argument.key;
}

function value(directive: Directive, name: string): string {
  const argument = directive.args.find((one) => one.key === name);
  const found = argument?.values[0];
  if (found === undefined) throw new Error(`${name}= is missing`);
  return found;
}

function first(env: InteractionEnv, directive: Directive): InteractionMember {
  return env.member(id(key(directive, 0)));
}

/** The members named without `key=`. */
function named(env: InteractionEnv, directive: Directive): InteractionMember[] {
  const plain = directive.args.filter((argument) => argument.values.length === 0);
  return plain.map((argument) => env.member(id(argument.key)));
}

/** A command over several members, which announces each when there is more than one. */
function each(
  what: string,
  body: (env: InteractionEnv, member: InteractionMember) => void,
): Handler {
  return (env, directive) => {
    const members = named(env, directive);
    for (const member of members) {
      if (members.length === 1) {
        body(env, member);
        continue;
      }
      env.output.write(`> ${member.id.toString()} ${what}\n`);
      env.output.indented(() => {
        body(env, member);
      });
    }
  };
}

function report(result: ProposeResult): void {
  if (result.outcome === 'dropped') throw new Error('raft proposal dropped');
}

function tick(member: InteractionMember, ticks: 'electionTicks' | 'heartbeatTicks'): void {
  for (let count = member.config[ticks]; count > 0; count -= 1) member.node.tick();
}

function parseLevel(name: string): Level {
  const level = levels.find((one) => one === name.toUpperCase());
  if (level === undefined) throw new Error(`log levels must be either of [${levels.join(' ')}]`);
  return level;
}

function compact(env: InteractionEnv, directive: Directive): void {
  const member = first(env, directive);
  member.compact(toIndex(Number(key(directive, 1))));
  env.writeLog(member);
}

function deliver(env: InteractionEnv, directive: Directive): void {
  const recipients: Recipient[] = [];
  let type: string | undefined;
  for (const argument of directive.args) {
    if (argument.values.length === 0) recipients.push({ id: id(argument.key), drop: false });
    if (argument.key === 'type') type = argument.values[0];
    if (argument.key !== 'drop') continue;
    for (const dropped of argument.values) recipients.push({ id: id(dropped), drop: true });
  }
  if (type !== undefined && !isMessageType(type)) throw new Error(`unknown message type ${type}`);
  if (env.deliver(recipients, type) === 0) env.output.write('no messages\n');
}

function stabilize(env: InteractionEnv, directive: Directive): void {
  const members = named(env, directive);
  const before = env.output.level;
  const level = directive.args.find((argument) => argument.key === 'log-level')?.values[0];
  if (level !== undefined) env.output.level = parseLevel(level);
  try {
    env.stabilize(members.length > 0 ? members : env.members);
  } finally {
    env.output.level = before;
  }
}

function proposeConfChange(env: InteractionEnv, directive: Directive): void {
  const { node } = first(env, directive);
  const changes = parseChanges(directive.input);
  const options = new Map(directive.args.slice(1).map((one) => [one.key, one.values[0] ?? '']));
  const transition = parseTransition(options.get('transition') ?? 'auto');
  if (options.get('v1') !== 'true') {
    report(node.proposeConfChange({ transition, changes, context: NO_DATA }));
    return;
  }
  const [change] = changes;
  if (change === undefined || changes.length > 1 || transition !== 'auto') {
    throw new Error('v1 conf change can only have one operation and no transition');
  }
  report(node.proposeConfChange({ id: 0n, ...change, context: NO_DATA }));
}

function parseTransition(name: string): 'auto' | 'jointImplicit' | 'jointExplicit' {
  switch (name) {
    case 'auto':
      return 'auto';
    case 'implicit':
      return 'jointImplicit';
    case 'explicit':
      return 'jointExplicit';
    default:
      throw new Error(`unknown transition ${name}`);
  }
}

function addNodes(env: InteractionEnv, directive: Directive): void {
  let start: Start = EMPTY_START;
  let config: InteractionMember['config'] = {
    electionTicks: 3,
    heartbeatTicks: 1,
    messageBytesMax: Infinity,
    inflightMessagesMax: 0x7fff_ffff,
    checkQuorum: false,
    preVote: false,
  };
  for (const { key: name, values } of directive.args.slice(1)) {
    start = withStart(start, name, values);
    config = { ...config, ...parseOption(name, values[0] ?? '') };
  }
  if (start.index > 0) config = { ...config, applied: start.index };
  env.addMembers(Number(key(directive, 0)), config, start);
}

function withStart(start: Start, name: string, values: readonly string[]): Start {
  const { confState } = start;
  switch (name) {
    case 'voters':
      return { ...start, confState: { ...confState, voters: values.map(id) } };
    case 'learners':
      return { ...start, confState: { ...confState, learners: values.map(id) } };
    case 'index':
      return { ...start, index: toIndex(Number(values[0])) };
    case 'content':
      return { ...start, content: bytesOf(values[0] ?? '') };
    default:
      return start;
  }
}

function parseOption(name: string, text: string): Partial<InteractionMember['config']> {
  switch (name) {
    case 'inflight':
      return { inflightMessagesMax: Number(text) };
    case 'async-storage-writes':
      return { asyncStorageWrites: text === 'true' };
    case 'prevote':
      return { preVote: text === 'true' };
    case 'checkquorum':
      return { checkQuorum: text === 'true' };
    case 'max-committed-size-per-ready':
      return { applyingBytesMax: Number(text) };
    case 'disable-conf-change-validation':
      return { confChangeValidation: text !== 'true' };
    case 'read-only':
      return { readIndexMode: text === 'lease-based' ? 'leaseBased' : 'safe' };
    case 'step-down-on-removal':
      return { stepDownOnRemoval: text === 'true' };
    default:
      return {};
  }
}
