/** What a gRPC method is, free of any transport: its path, how many messages go which way, and their codecs. */
import { codecOf } from './codec.js';
import type { Codec, MessageType } from './codec.js';

/** Which side sends how many messages. etcd has no method where only the client sends many. */
export type MethodKind =
  /** One request, one response. */
  | 'unary'
  /** One request, any number of responses. */
  | 'serverStream'
  /** Any number of both. */
  | 'bidi';

/** One method of a service. A wrapper infers the types of its messages from it: see `RequestOf` and `ResponseOf`. */
export interface MethodDescriptor<
  Request = unknown,
  Response = unknown,
  Kind extends MethodKind = MethodKind,
> {
  /** Full name of the service: `etcdserverpb.KV`. */
  readonly service: string;
  /** Name of the method on the wire: `Put`. */
  readonly name: string;
  /** `:path` of the call: `/etcdserverpb.KV/Put`. */
  readonly path: string;
  readonly kind: Kind;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

export type UnaryMethod<Request, Response> = MethodDescriptor<Request, Response, 'unary'>;
export type ServerStreamMethod<Request, Response> = MethodDescriptor<
  Request,
  Response,
  'serverStream'
>;
export type BidiMethod<Request, Response> = MethodDescriptor<Request, Response, 'bidi'>;

/** Methods of one service by their name in lower camel case. */
export type ServiceDescriptor = Readonly<Record<string, MethodDescriptor>>;

/** The request message of a method: `RequestOf<typeof kvService.put>` is `PutRequest`. */
export type RequestOf<M extends MethodDescriptor> =
  M extends MethodDescriptor<infer Request> ? Request : never;

/** The response message of a method. */
export type ResponseOf<M extends MethodDescriptor> =
  M extends MethodDescriptor<unknown, infer Response> ? Response : never;

/** Makes a descriptor. `service` is the full name. */
export function method<Request, Response, Kind extends MethodKind>(
  kind: Kind,
  service: string,
  name: string,
  request: MessageType<Request>,
  response: MessageType<Response>,
): MethodDescriptor<Request, Response, Kind> {
  return {
    service,
    name,
    path: `/${service}/${name}`,
    kind,
    request: codecOf(request),
    response: codecOf(response),
  };
}
