/** URL lists as etcd reads them (etcd v3.7.1 client/pkg/types/urls.go), with the texts of Go's URL parser. */
import { parsed, quote, refused } from './go-values.js';
import type { Parsed } from './go-values.js';

export type UrlScheme = 'http' | 'https' | 'unix' | 'unixs';

/** An address to listen on or to advertise. */
export interface EtcdUrl {
  readonly scheme: UrlScheme;
  /** Without brackets; empty for "all interfaces". For sockets of the file system the first part of the path. */
  readonly host: string;
  /** undefined for sockets of the file system. */
  readonly port: number | undefined;
  /** For sockets of the file system: host and path together. Empty otherwise. */
  readonly socketPath: string;
  /** As etcd prints it. */
  readonly text: string;
}

/** Whether connections to this address are to be encrypted. */
export const isSecure = ({ scheme }: EtcdUrl): boolean => scheme === 'https' || scheme === 'unixs';

const schemes: ReadonlySet<string> = new Set(['http', 'https', 'unix', 'unixs']);

function isScheme(text: string): text is UrlScheme {
  return schemes.has(text);
}

/** What Go's net/url splits a URL into, as far as etcd looks at it. */
interface GoUrl {
  readonly scheme: string;
  /** With `user:password@` in front when there is one; etcd keeps it. */
  readonly authority: string;
  readonly host: string;
  readonly path: string;
  /** Query and fragment, which etcd keeps and does not use. */
  readonly tail: string;
}

/** Go's url.Parse for the URLs that appear on command lines; the reasons are Go's. */
export function parseGoUrl(text: string): Parsed<GoUrl> {
  const fail = (why: string): Parsed<GoUrl> => refused(`parse ${quote(text)}: ${why}`);
  // eslint-disable-next-line no-control-regex -- Go refuses exactly these
  if (/[\u0000-\u001f\u007f]/.test(text)) return fail('net/url: invalid control character in URL');
  const colon = text.indexOf(':');
  const head = colon < 0 ? '' : text.slice(0, colon);
  if (colon === 0) return fail('missing protocol scheme');
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*$/.test(head) ? head.toLowerCase() : '';
  const rest = scheme === '' ? text : text.slice(colon + 1);
  if (scheme === '' && /^[^/?#]*:/.test(rest)) {
    return fail('first path segment in URL cannot contain colon');
  }
  // Go calls this opaque and looks no further.
  if (scheme !== '' && !rest.startsWith('/')) {
    return parsed({ scheme, authority: '', host: '', path: '', tail: rest });
  }
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(rest)?.[0];
  if (!rest.startsWith('//')) {
    if (badEscape !== undefined) return fail(`invalid URL escape ${quote(badEscape)}`);
    return parsed({ scheme, authority: '', host: '', path: rest, tail: '' });
  }
  const authority = /^[^/?#]*/.exec(rest.slice(2))?.[0] ?? '';
  const path = /^[^?#]*/.exec(rest.slice(2 + authority.length))?.[0] ?? '';
  const tail = rest.slice(2 + authority.length + path.length);
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const why = hostProblem(host);
  if (why !== undefined) return fail(why);
  if (badEscape !== undefined) return fail(`invalid URL escape ${quote(badEscape)}`);
  return parsed({ scheme, authority, host, path, tail });
}

function hostProblem(host: string): string | undefined {
  if (host.startsWith('[') && !host.includes(']')) return "missing ']' in host";
  const bad = /[ "<>\\^`{|}]/.exec(host)?.[0];
  if (bad !== undefined) return `invalid character ${quote(bad)} in host name`;
  const bracket = host.lastIndexOf(']');
  const afterHost =
    bracket >= 0
      ? host.slice(bracket + 1)
      : host.slice(host.indexOf(':') < 0 ? host.length : host.indexOf(':'));
  if (afterHost.startsWith(':') && !/^:\d*$/.test(afterHost)) {
    return `invalid port ${quote(afterHost)} after host`;
  }
  return undefined;
}

/** One item of a list. */
export function parseEtcdUrl(item: string): Parsed<EtcdUrl> {
  const url = parseGoUrl(item);
  if (!url.ok) return url;
  const { scheme, authority, host, path, tail } = url.value;
  if (!isScheme(scheme)) {
    return refused(`URL scheme must be http, https, unix, or unixs: ${item}`);
  }
  const text = `${scheme}://${authority}${path}${tail}`;
  if (scheme === 'unix' || scheme === 'unixs') {
    return parsed({ scheme, host, port: undefined, socketPath: host + path, text });
  }
  const split = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>[^:[\]]*)):(?<port>\d*)$/.exec(host);
  if (split === null) return refused(`URL address does not have the form "host:port": ${item}`);
  if (path !== '') return refused(`URL must not contain a path: ${item}`);
  const name = split.groups?.['v6'] ?? split.groups?.['v4'] ?? '';
  const port = Number(split.groups?.['port'] ?? '');
  return parsed({ scheme, host: name, port, socketPath: '', text });
}

/** A comma list: blanks around items are cut, duplicates dropped, the rest sorted by text. */
export function parseUrlList(list: string): Parsed<readonly EtcdUrl[]> {
  const found = new Map<string, EtcdUrl>();
  for (const item of list.split(',')) {
    const url = parseEtcdUrl(item.trim());
    if (!url.ok) return url;
    found.set(url.value.text, url.value);
  }
  return parsed([...found.values()].sort((a, b) => (a.text < b.text ? -1 : 1)));
}
