/** From the path of a request to the method that serves it. */
import type { Method, Service } from '../handler.js';
import type { CallType, MethodObserver, TransportOptions } from '../transport.js';

/** A method with what its calls share. */
export interface Route {
  /** `/etcdserverpb.KV/Put` */
  readonly path: string;
  readonly method: Method;
  readonly observer: MethodObserver | undefined;
}

function callTypeOf(method: Method): CallType {
  if (method.type === 'unary') return 'unary';
  return method.requestStream ? 'bidi_stream' : 'server_stream';
}

export class Routes {
  readonly #byPath = new Map<string, Route>();
  readonly #services: ReadonlySet<string>;

  constructor(services: readonly Service[], observe: TransportOptions['observe']) {
    this.#services = new Set(services.map((service) => service.name));
    for (const service of services) {
      for (const [name, method] of Object.entries(service.methods)) {
        const path = `/${service.name}/${name}`;
        const observer = observe?.(service.name, name, callTypeOf(method));
        this.#byPath.set(path, { path, method, observer });
      }
    }
  }

  /** The route, or grpc-go's words for why there is none (server.go, handleStream). */
  find(path: string): Route | string {
    const route = this.#byPath.get(path);
    if (route !== undefined) return route;
    const name = path.startsWith('/') ? path.slice(1) : path;
    const slash = name.lastIndexOf('/');
    if (slash < 0) return `malformed method name: ${JSON.stringify(path)}`;
    const service = name.slice(0, slash);
    return this.#services.has(service)
      ? `unknown method ${name.slice(slash + 1)} for service ${service}`
      : `unknown service ${service}`;
  }
}
