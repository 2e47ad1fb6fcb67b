/** The same calls over a transport of `@kv/client`: how the scripts reach a test cluster inside of this process. */
import { StatusError } from '@kv/client/transport';
import type { Channel, StreamCall, Transport } from '@kv/client/transport';
import type { MethodDescriptor, RequestOf, ResponseOf } from '@kv/proto';
import { CALL_MS_MAX, type Answer, type DuplexCall, type StreamEnd, type Wire } from './wire.js';

const channelOptions = {
  tls: {},
  keepAliveMs: Infinity,
  keepAliveTimeoutMs: Infinity,
  receiveBytesMax: Infinity,
};

export class PortWire implements Wire {
  readonly #channel: Channel;

  /** `endpoint`: `host:port`, as the transport knows it. */
  constructor(transport: Transport, endpoint: string) {
    const [host = '', port = ''] = endpoint.split(':');
    const address = { kind: 'tcp', host, port: Number(port) } as const;
    this.#channel = transport.channel(
      { text: endpoint, secure: false, address, authority: endpoint },
      channelOptions,
    );
  }

  async unary<M extends MethodDescriptor>(
    method: M,
    request: RequestOf<M>,
  ): Promise<Answer<ResponseOf<M>>> {
    try {
      const bytes = await this.#channel.unary(method.path, method.request.encode(request), {
        metadata: [],
        signal: AbortSignal.timeout(CALL_MS_MAX),
      });
      return { ok: true, message: method.response.decode(bytes) as ResponseOf<M> };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { ok: false, code: error.grpcCode, text: error.message };
    }
  }

  async serverStream<M extends MethodDescriptor>(
    method: M,
    request: RequestOf<M>,
  ): Promise<StreamEnd<ResponseOf<M>>> {
    const stream = this.#open(method);
    stream.send(method.request.encode(request));
    stream.finish();
    const messages: ResponseOf<M>[] = [];
    try {
      for await (const bytes of stream) {
        messages.push(method.response.decode(bytes) as ResponseOf<M>);
      }
      return { messages, code: 0, text: '' };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { messages, code: error.grpcCode, text: error.message };
    }
  }

  duplex<M extends MethodDescriptor>(method: M): DuplexCall<M> {
    const stream = this.#open(method);
    const answers = stream[Symbol.asyncIterator]();
    return {
      send: (request) => {
        stream.send(method.request.encode(request));
      },
      finish: () => {
        stream.finish();
      },
      cancel: () => {
        stream.cancel();
      },
      next: async () => {
        try {
          const read = await answers.next();
          if (read.done === true) return 'end';
          return method.response.decode(read.value) as ResponseOf<M>;
        } catch (error) {
          if (error instanceof StatusError) return 'end';
          throw error;
        }
      },
    };
  }

  close(): void {
    this.#channel.close();
  }

  #open(method: MethodDescriptor): StreamCall {
    return this.#channel.stream(method.path, {
      metadata: [],
      signal: AbortSignal.timeout(CALL_MS_MAX),
    });
  }
}
