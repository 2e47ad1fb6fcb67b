/** Where a discovery service is, and whether TLS is spoken to it, in the words of etcd's client (client/v3/internal/endpoint/endpoint.go). */

export interface DiscoveryEndpoint {
  /** As it was given. */
  readonly text: string;
  /** As gRPC names it: `host:port`, or `unix:path`. */
  readonly target: string;
  /** `either`: as the other settings say. */
  readonly security: 'plain' | 'tls' | 'either';
  /** What its certificate must be valid for: the host, or the name of the file of a socket. */
  readonly serverName: string;
}

/** Any text is an endpoint; one that is none is found when it is called. */
export function discoveryEndpoint(text: string): DiscoveryEndpoint {
  const socket = /^(unixs?):(?:\/\/)?(.+)$/.exec(text);
  if (socket !== null) {
    const [, scheme, path = ''] = socket;
    const serverName = path.slice(path.lastIndexOf('/') + 1);
    const security = scheme === 'unixs' ? 'tls' : 'either';
    return { text, target: `unix:${path}`, security, serverName };
  }
  const [, scheme = '', rest = text] = /^([a-z]+):\/\/([^/]*)/i.exec(text) ?? [];
  const security = securities[scheme.toLowerCase()] ?? 'either';
  const serverName = rest.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return { text, target: rest, security, serverName };
}

const securities: Readonly<Record<string, DiscoveryEndpoint['security']>> = {
  http: 'plain',
  https: 'tls',
};
