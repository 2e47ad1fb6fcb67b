/** The state of a whole cluster at one moment. */
import type { MemberName } from './options.js';
import type { MemberImage } from './test-member.js';

/** What the disks of all members held. For the cluster that it was taken from, or for another one with as many members. */
export class ClusterSnapshot {
  readonly members: readonly MemberName[];
  /** By member, in their order. */
  readonly images: readonly MemberImage[];

  constructor(members: readonly MemberName[], images: readonly MemberImage[]) {
    this.members = members;
    this.images = images;
  }
}
