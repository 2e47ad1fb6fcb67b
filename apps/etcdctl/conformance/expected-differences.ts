/** Where kvctl differs from etcdctl 3.7.1 on purpose, and why. Keys are invocations without their number. */

export interface ExpectedDifference {
  readonly reason: string;
  readonly fields: readonly ('stdout' | 'stderr' | 'exit')[];
}

export const expectedDifferences: ReadonlyMap<string, ExpectedDifference> = new Map([
  ['version', { reason: 'A third line names the version of kvctl itself.', fields: ['stdout'] }],
  ...['del --help', 'txn --help'].map((name): [string, ExpectedDifference] => [
    name,
    { reason: 'kvctl has --dry-run here.', fields: ['stdout'] },
  ]),
  ...['bash', 'zsh', 'fish', 'powershell'].map((shell): [string, ExpectedDifference] => [
    `completion ${shell}`,
    { reason: 'The scripts are our own; what they ask for is compared.', fields: ['stdout'] },
  ]),
]);
