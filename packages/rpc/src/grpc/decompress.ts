/** Compressed request messages (gRPC compression): gzip is understood, as etcd's server does. Texts are grpc-go's (rpc_util.go). */
import { gunzipSync } from 'node:zlib';
import { RpcCode, RpcError } from '../errors.js';

/** The message unpacked, or why it can not be. What it unpacks to is bounded while it is unpacked. */
export function decompress(message: Buffer, encoding: string, bytesMax: number): Buffer | RpcError {
  if (encoding === '' || encoding === 'identity') {
    return new RpcError(
      RpcCode.internal,
      'grpc: compressed flag set with identity or empty encoding',
    );
  }
  if (encoding !== 'gzip') {
    const text = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`;
    return new RpcError(RpcCode.unimplemented, text);
  }
  try {
    return gunzipSync(message, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const text = `grpc: message after decompression larger than max ${String(bytesMax)}`;
      return new RpcError(RpcCode.resourceExhausted, text);
    }
    const text = `grpc: failed to decompress the message: ${(error as Error).message}`;
    return new RpcError(RpcCode.internal, text);
  }
}
