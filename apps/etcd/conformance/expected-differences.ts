/** Where our daemon answers otherwise than etcd 3.7.1 on purpose: a pattern for the lines concerned, and why. */

export interface ExpectedDifference {
  /** The script, by name. */
  readonly script: string;
  /** Lines of the reference's transcript that may differ. */
  readonly line: RegExp;
  readonly reason: string;
}

export const expectedDifferences: readonly ExpectedDifference[] = [];
