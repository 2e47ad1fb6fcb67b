/**
 * Who is in the cluster, as a naive reading of the log has it: every change of membership in order, refused or done by the rules of
 * rpc.md §8. What members say is compared with this, and the operator of the simulated cluster knows from here what has happened.
 */
import { decodeConfChange } from '@kv/raft/codec';
import type { ConfChange, Entry } from '@kv/raft';
import type { InternalRaftRequest } from '@kv/proto/internal';
import type { MemberId } from '../../ids.js';
import { promised } from '../violation.js';

export interface ModelMember {
  readonly id: MemberId;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
  /** It has told its name: it has a log. */
  readonly hasPublished: boolean;
}

export type MembershipChangeKind = 'added' | 'promoted' | 'removed' | 'updated' | 'refused';

export interface MembershipStep {
  readonly kind: MembershipChangeKind;
  /** After the change, or before its removal. */
  readonly member: ModelMember;
}

/** What a member or this model says, for comparison. */
export type MemberFacts = Pick<ModelMember, 'id' | 'peerUrls' | 'isLearner'>;

interface Version {
  /** From this index on, inclusive. */
  readonly index: number;
  readonly text: string;
}

/** Of the product's default configuration, with which all simulated members run. */
const LEARNERS_MAX = 1;

export class MembershipModel {
  readonly #members = new Map<MemberId, ModelMember>();
  readonly #removed = new Set<MemberId>();
  readonly #versions: Version[] = [];
  #hasVersion = false;
  readonly counts: Map<MembershipChangeKind, number> = new Map<MembershipChangeKind, number>();
  /** Hears of each change as the first member applies it. */
  changed: (step: MembershipStep) => void = () => undefined;

  /** In the order in which they came. */
  get members(): readonly ModelMember[] {
    return [...this.#members.values()];
  }

  get voters(): readonly ModelMember[] {
    return this.members.filter(({ isLearner }) => !isLearner);
  }

  /** Of the last change. */
  get newestIndex(): number {
    return this.#versions.at(-1)?.index ?? 0;
  }

  find(id: MemberId): ModelMember | undefined {
    return this.#members.get(id);
  }

  isRemoved(id: MemberId): boolean {
    return this.#removed.has(id);
  }

  /** The version of the cluster was decided. */
  get hasVersion(): boolean {
    return this.#hasVersion;
  }

  /** A member has told its name, or the cluster's version was decided. */
  request({ clusterMemberAttrSet, clusterVersionSet }: InternalRaftRequest): void {
    if (clusterVersionSet !== undefined) this.#hasVersion = true;
    const id = clusterMemberAttrSet?.memberID as MemberId | undefined;
    const member = id === undefined ? undefined : this.#members.get(id);
    if (member !== undefined) this.#members.set(member.id, { ...member, hasPublished: true });
  }

  /** The next change in the log. */
  apply({ index, data }: Entry): void {
    const change = decodeConfChange(data);
    const step = this.#step(change);
    this.counts.set(step.kind, (this.counts.get(step.kind) ?? 0) + 1);
    this.#versions.push({ index, text: textOf(this.members) });
    this.changed(step);
  }

  /** What a member that has applied everything up to `index` says of the cluster is what the log says (G-12, G-14). */
  compare(who: string, index: number, said: readonly MemberFacts[]): void {
    const version = this.#versions.findLast((candidate) => candidate.index <= index);
    const text = textOf(said);
    promised(version?.text === text, 'membership', () => {
      return `${who} at entry ${index} knows the members ${text}, the log says ${version?.text ?? ''}`;
    });
  }

  #step(change: ConfChange): MembershipStep {
    const id = change.nodeId;
    const { peerUrls, isLearner, isPromotion } = contextOf(change);
    const before = this.#members.get(id);
    const subject = before ?? { id, peerUrls, isLearner, hasPublished: false };
    const done = (kind: MembershipChangeKind, member: ModelMember): MembershipStep => {
      if (kind === 'removed') this.#members.delete(id);
      else this.#members.set(id, member);
      return { kind, member };
    };
    const refused: MembershipStep = { kind: 'refused', member: subject };
    if (this.#removed.has(id)) return refused;
    switch (change.type) {
      case 'addNode':
      case 'addLearnerNode':
        if (isPromotion) {
          return before?.isLearner === true
            ? done('promoted', { ...before, isLearner: false })
            : refused;
        }
        if (before !== undefined || this.#isTaken(id, peerUrls)) return refused;
        if (isLearner && this.members.length - this.voters.length >= LEARNERS_MAX) return refused;
        return done('added', subject);
      case 'removeNode':
        if (before === undefined) return refused;
        this.#removed.add(id);
        return done('removed', before);
      case 'updateNode':
        if (before === undefined || this.#isTaken(id, peerUrls)) return refused;
        return done('updated', { ...before, peerUrls });
    }
  }

  #isTaken(id: MemberId, urls: readonly string[]): boolean {
    return this.members.some(
      (other) => other.id !== id && other.peerUrls.some((url) => urls.includes(url)),
    );
  }
}

interface ChangeContext extends Pick<ModelMember, 'peerUrls' | 'isLearner'> {
  readonly isPromotion: boolean;
}

/** The JSON of the change. Its 64-bit id is in the change itself, so that it does not matter what becomes of it here. */
function contextOf({ context }: ConfChange): ChangeContext {
  const text = Buffer.from(context).toString('utf8');
  const fields = (text === '' ? {} : JSON.parse(text)) as {
    readonly peerURLs?: readonly string[] | null;
    readonly isLearner?: boolean;
    readonly isPromote?: boolean;
  };
  return {
    peerUrls: fields.peerURLs ?? [],
    isLearner: fields.isLearner ?? false,
    isPromotion: fields.isPromote ?? false,
  };
}

function textOf(members: readonly MemberFacts[]): string {
  const ascending = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return ascending
    .map(({ id, peerUrls, isLearner }) => {
      const role = isLearner ? 'learner' : 'voter';
      return `${id.toString(16)} ${role} ${peerUrls.join('+')}`;
    })
    .join(', ');
}
