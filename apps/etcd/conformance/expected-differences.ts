/** Where our daemon answers otherwise than etcd 3.7.1 on purpose: a pattern for the lines concerned, and why. */

export interface ExpectedDifference {
  /** The script, by name. */
  readonly script: string;
  /** Lines of the reference's transcript that may differ. */
  readonly line: RegExp;
  readonly reason: string;
}

export const expectedDifferences: readonly ExpectedDifference[] = [];

/** A line that is not as it should be. */
export interface Difference {
  readonly at: number;
  readonly expected: string;
  readonly actual: string | undefined;
}

/** The lines of a script's transcript that differ from those of the reference and are not expected to. */
export function findDifferences(
  script: string,
  expected: readonly string[],
  actual: readonly string[],
): readonly Difference[] {
  const excused = expectedDifferences.filter((difference) => difference.script === script);
  return expected.flatMap((line, at) =>
    line === actual[at] || excused.some((difference) => difference.line.test(line))
      ? []
      : [{ at, expected: line, actual: actual[at] }],
  );
}
