/** A unary call from the client's side. */
import { StatusError } from '@kv/client/transport';
import { RpcError } from '@kv/rpc';
import { findMethod, refusalOfSize, runHandler, type Inside } from './door.js';
import { Exchange, type ExchangeParts } from './exchange.js';
import { InProcessUnary, type CallStart } from './unary.js';

export interface UnaryRequest {
  /** `/etcdserverpb.KV/Put`. */
  readonly method: string;
  readonly bytes: Uint8Array;
  readonly start: CallStart;
  /** How the client refuses an answer. */
  readonly refusal: (answer: Uint8Array) => StatusError | undefined;
}

/** Resolves with the answer; rejects with a `StatusError`, or with the reason of the signal. */
export function exchangeUnary(parts: ExchangeParts, request: UnaryRequest): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(parts, (reason) => {
      reject(reason);
      exchange.toMember(() => {
        call.cancel();
      });
    });
    const failed = (error: StatusError): void => {
      if (exchange.end()) reject(error);
    };
    const call = new InProcessUnary(request.bytes, request.start, {
      answered: (answer) => {
        exchange.toClient(() => {
          const refusal = request.refusal(answer);
          if (refusal !== undefined) failed(refusal);
          else if (exchange.end()) resolve(answer);
        });
      },
      failed: (error) => {
        exchange.toClient(() => {
          failed(new StatusError(error.code, error.message, { cause: error }));
        });
      },
    });
    exchange.expectAnswer();
    exchange.toMember(() => {
      serve(parts.inside, request.method, call);
    });
  });
}

function serve(inside: Inside, path: string, call: InProcessUnary): void {
  const method = findMethod(inside.services, path);
  const refusal = refusalOfSize(inside, call.request.length);
  if (method instanceof RpcError) call.fail(method);
  else if (method.type !== 'unary') call.fail(new RpcError(12, `${path} is not unary`));
  else if (refusal !== undefined) call.fail(refusal);
  else {
    const { handler } = method;
    runHandler(
      () => {
        handler(call);
      },
      (error) => {
        call.fail(error);
      },
    );
  }
}
