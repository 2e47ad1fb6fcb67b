/** Whom a majority of a test cluster takes for its leader, and what stands in the way when there is nobody. */
import type { TestNetwork } from './network/test-network.js';
import type { TestMember } from './test-member.js';

/** The member that all members of a majority that reach each other call their leader; undefined while there is none. */
export function findLeader(
  members: readonly TestMember[],
  network: TestNetwork,
): TestMember | undefined {
  return members.find((candidate) => {
    const reached = reachedFrom(candidate, members, network);
    if (reached.length * 2 <= members.length) return false;
    const { memberId } = candidate.view();
    return reached.every((member) => member.view().leaderId === memberId);
  });
}

/** `m1 is down, m2 runs, m3 is paused; cut off: m2 from m3`. */
export function describeMembers(members: readonly TestMember[], network: TestNetwork): string {
  const states = members.map(({ name, state }) =>
    state === 'running' ? `${name} runs` : `${name} is ${state}`,
  );
  const cut = members.flatMap(({ name }, n) =>
    members
      .slice(n + 1)
      .filter((other) => !network.connects(name, other.name))
      .map((other) => `${name} from ${other.name}`),
  );
  return [states.join(', '), ...(cut.length === 0 ? [] : [`cut off: ${cut.join(', ')}`])].join(
    '; ',
  );
}

/** The members that run and that this one reaches, with itself; nobody when it does not run. */
function reachedFrom(
  from: TestMember,
  members: readonly TestMember[],
  network: TestNetwork,
): readonly TestMember[] {
  if (from.state !== 'running') return [];
  return members.filter(
    (member) => member.state === 'running' && network.connects(from.name, member.name),
  );
}
