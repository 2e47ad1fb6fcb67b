/** How gRPC's Go library prints a status: `rpc error: code = NotFound desc = …`. */

const names: readonly string[] = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

export function statusText(code: number, message: string): string {
  return `rpc error: code = ${names[code] ?? `Code(${code})`} desc = ${message}`;
}
