/** Where kvctl differs from etcdctl 3.7.1 on purpose, and why. Keys are invocations without their number. */

export interface ExpectedDifference {
  readonly reason: string;
  readonly fields: readonly ('stdout' | 'stderr' | 'exit')[];
}

const listsWhatIsThere = 'Help and suggestions list the commands that kvctl has so far.';

export const expectedDifferences: ReadonlyMap<string, ExpectedDifference> = new Map([
  ['version', { reason: 'A third line names the version of kvctl itself.', fields: ['stdout'] }],
  ...['', '--help', 'help', 'member --help', 'alarm --help'].map(
    (name): [string, ExpectedDifference] => [
      name,
      { reason: listsWhatIsThere, fields: ['stdout'] },
    ],
  ),
  ...['help bogus', 'wacth a', 'e', 'comp x', '--bogus get a'].map(
    (name): [string, ExpectedDifference] => [
      name,
      { reason: listsWhatIsThere, fields: ['stderr'] },
    ],
  ),
  [
    'get foo --user root',
    {
      reason: 'etcdctl calls stty also when there is no terminal, which complains; kvctl does not.',
      fields: ['stderr'],
    },
  ],
]);
