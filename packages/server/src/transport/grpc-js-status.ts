/** Statuses that grpc-js makes on its own, in the words of grpc-go: clients of etcd compare texts. */
import { status as GrpcCode } from '@grpc/grpc-js';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { RpcCode } from '@kv/rpc';
import type { RpcError } from '@kv/rpc';

/** A status as grpc-js takes it. */
export type GrpcStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

const codes: Readonly<Record<RpcCode, GrpcCode>> = {
  [RpcCode.ok]: GrpcCode.OK,
  [RpcCode.cancelled]: GrpcCode.CANCELLED,
  [RpcCode.unknown]: GrpcCode.UNKNOWN,
  [RpcCode.invalidArgument]: GrpcCode.INVALID_ARGUMENT,
  [RpcCode.deadlineExceeded]: GrpcCode.DEADLINE_EXCEEDED,
  [RpcCode.notFound]: GrpcCode.NOT_FOUND,
  [RpcCode.alreadyExists]: GrpcCode.ALREADY_EXISTS,
  [RpcCode.permissionDenied]: GrpcCode.PERMISSION_DENIED,
  [RpcCode.resourceExhausted]: GrpcCode.RESOURCE_EXHAUSTED,
  [RpcCode.failedPrecondition]: GrpcCode.FAILED_PRECONDITION,
  [RpcCode.aborted]: GrpcCode.ABORTED,
  [RpcCode.outOfRange]: GrpcCode.OUT_OF_RANGE,
  [RpcCode.unimplemented]: GrpcCode.UNIMPLEMENTED,
  [RpcCode.internal]: GrpcCode.INTERNAL,
  [RpcCode.unavailable]: GrpcCode.UNAVAILABLE,
  [RpcCode.dataLoss]: GrpcCode.DATA_LOSS,
  [RpcCode.unauthenticated]: GrpcCode.UNAUTHENTICATED,
};

/** Lone surrogates can not be percent-encoded; UTF-8 has replacement characters instead. */
export function grpcStatus(code: RpcCode, details: string): GrpcStatus {
  return { code: codes[code], details: Buffer.from(details).toString() };
}

export function statusOf(error: RpcError): GrpcStatus {
  return grpcStatus(error.code, error.message);
}

const byNumber = new Map<number, RpcCode>(Object.values(RpcCode).map((code) => [code, code]));

/** The code of a status that grpc-js made. */
export function rpcCodeOf(status: GrpcStatus): RpcCode {
  return byNumber.get(status.code) ?? RpcCode.unknown;
}

const rewrites: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [
    /^Received message larger than max \((\d+) vs (\d+)\)$/,
    ([, size = '', max = '']) => `grpc: received message larger than max (${size} vs. ${max})`,
  ],
  [
    /^Received message that decompresses to a size larger than (\d+)$/,
    ([, max = '']) => `grpc: message after decompression larger than max ${max}`,
  ],
  [
    /^Received message compressed with unsupported encoding "(.*)"$/,
    ([, encoding = '']) => `grpc: Decompressor is not installed for grpc-encoding "${encoding}"`,
  ],
  [/^Failed to decompress message$/, () => 'grpc: failed to decompress the message'],
  [/^Deadline exceeded$/, () => 'context deadline exceeded'],
  [/^Invalid grpc-timeout value (.*)$/, ([, value = '']) => `malformed grpc-timeout: ${value}`],
];

/** The same status as grpc-go words it (google.golang.org/grpc rpc_util.go, stream.go). */
export function etcdStatus(status: GrpcStatus): GrpcStatus {
  for (const [pattern, text] of rewrites) {
    const match = pattern.exec(status.details);
    if (match !== null) return { ...status, details: text(match) };
  }
  return status;
}

/** How grpc-go answers a path that no service has. */
export function unimplementedStatus(
  path: string,
  hasService: (name: string) => boolean,
): GrpcStatus {
  const slash = path.lastIndexOf('/');
  const answer = (details: string): GrpcStatus => grpcStatus(RpcCode.unimplemented, details);
  if (!path.startsWith('/') || slash <= 0) {
    return answer(`malformed method name: ${JSON.stringify(path)}`);
  }
  const service = path.slice(1, slash);
  if (!hasService(service)) return answer(`unknown service ${service}`);
  return answer(`unknown method ${path.slice(slash + 1)} for service ${service}`);
}
