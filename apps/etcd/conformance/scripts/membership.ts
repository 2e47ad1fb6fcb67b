/** Changes of membership on one member (rpc.md §8): every answer and every refusal that needs no second process. */
import { services } from '@kv/proto';
import type { Member } from '@kv/proto';
import type { Script, Session } from '../script.js';

const { cluster } = services;

/** The address of the only member there is. */
const OWN_URL = 'http://127.0.0.1:21451';

/** The id of a member that is added is made of the time: it is shown as what it belongs to. */
class Changes {
  readonly #session: Session;
  readonly #names = new Map<bigint, string>();

  constructor(session: Session) {
    this.#session = session;
  }

  idOf(name: string): bigint {
    return [...this.#names].find(([, known]) => known === name)?.[0] ?? 0n;
  }

  async list(linearizable: boolean): Promise<void> {
    await this.#session.call('list', cluster.memberList, { linearizable }, (message) => ({
      ...message,
      members: this.#shown(message.members),
    }));
  }

  async add(name: string, peerURLs: string[], isLearner: boolean): Promise<void> {
    const request = { peerURLs, isLearner };
    await this.#session.call('add', cluster.memberAdd, request, (message) => {
      const { member } = message;
      if (member !== undefined) this.#names.set(member.ID, name);
      const members = this.#shown(message.members);
      return { ...message, member: this.#shown(member === undefined ? [] : [member]), members };
    });
  }

  async update(ID: bigint, peerURLs: string[]): Promise<void> {
    await this.#session.call('update', cluster.memberUpdate, { ID, peerURLs }, (message) => ({
      ...message,
      members: this.#shown(message.members),
    }));
  }

  async promote(ID: bigint): Promise<void> {
    await this.#session.call('promote', cluster.memberPromote, { ID });
  }

  async remove(ID: bigint): Promise<void> {
    await this.#session.call('remove', cluster.memberRemove, { ID }, (message) => ({
      ...message,
      members: this.#shown(message.members),
    }));
  }

  /** By address: ids of the time stand in no order. */
  #shown(members: readonly Member[]): readonly unknown[] {
    return members
      .map((member) => ({ ...member, ID: this.#names.get(member.ID) ?? member.ID }))
      .toSorted((a, b) => (a.peerURLs.join() < b.peerURLs.join() ? -1 : 1));
  }
}

export const membershipScripts: readonly Script[] = [
  {
    name: 'members are added, promoted, updated and removed',
    async run(session) {
      const changes = new Changes(session);
      await changes.list(true);
      for (const bad of [[], ['x'], ['ftp://a:1'], ['http://a'], ['http://a:1/x'], ['']]) {
        await changes.add('bad', bad, false);
      }
      await changes.add('own', [OWN_URL], true);
      await changes.add('learner', [' HTTP://127.0.0.1:21453', 'http://127.0.0.1:21452'], true);
      await changes.add('second', ['http://127.0.0.1:21454'], true);
      await changes.list(false);
      await changes.promote(changes.idOf('learner'));
      await changes.promote(99n);
      await changes.update(99n, ['http://127.0.0.1:21455']);
      await changes.update(changes.idOf('learner'), [OWN_URL]);
      await changes.update(changes.idOf('learner'), ['http://127.0.0.1:21455']);
      await changes.remove(99n);
      await changes.remove(changes.idOf('learner'));
      await changes.remove(changes.idOf('learner'));
      await changes.update(changes.idOf('learner'), ['http://127.0.0.1:21456']);
      await changes.promote(changes.idOf('learner'));
      await changes.list(true);
    },
  },
  {
    name: 'the strict check of a cluster whose second member has not started',
    async run(session) {
      const changes = new Changes(session);
      await changes.add('voter', ['http://127.0.0.1:21452'], false);
      await changes.list(false);
      await changes.add('third', ['http://127.0.0.1:21453'], false);
      await changes.add('learner', ['http://127.0.0.1:21454'], true);
    },
  },
];
