/**
 * Whom one process speaks to, and by which addresses: the members that it was told of, and those of its cluster that have introduced
 * themselves and that its log does not tell of yet (as `peer/http-transport.ts` has it).
 */
import type { MemberRecord } from '../cluster/member-record.js';
import type { MemberId } from '../ids.js';

export class Links {
  readonly #urls = new Map<MemberId, readonly string[]>();
  readonly #strangers = new Set<MemberId>();

  /** Undefined for a member that nothing is sent to. */
  urlsOf(id: MemberId): readonly string[] | undefined {
    return this.#urls.get(id);
  }

  get all(): readonly (readonly string[])[] {
    return [...this.#urls.values()];
  }

  /** The members that there are, this one left out. Strangers stay, unless they were removed. */
  set(peers: readonly MemberRecord[], isRemoved: (id: MemberId) => boolean): void {
    const wanted = new Set(peers.map(({ id }) => id));
    for (const id of [...this.#urls.keys()]) {
      if (wanted.has(id)) this.#strangers.delete(id);
      else if (!this.#strangers.has(id) || isRemoved(id)) {
        this.#strangers.delete(id);
        this.#urls.delete(id);
      }
    }
    for (const { id, peerUrls } of peers) this.#urls.set(id, peerUrls);
  }

  introduce(id: MemberId, urls: readonly string[]): void {
    if (this.#urls.has(id)) return;
    this.#strangers.add(id);
    this.#urls.set(id, urls);
  }
}
