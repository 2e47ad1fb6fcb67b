/** One operation of an entry; `value` only of a put. */
export interface WorkloadOperation {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly value?: string;
}
export function operationsOf(index: number): WorkloadOperation[];
export function compactionOf(index: number, revision: number): number | undefined;
