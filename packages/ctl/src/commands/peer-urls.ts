/** The peer URLs of a member, checked before they are sent (etcd client/pkg/types/urls.go). */
import { toText, type ByteString } from '../bytes.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import { quote } from '../go/quote.js';

/** The value of `--peer-urls`. Throws `ExitError` when it is empty. */
export function requirePeerUrls(text: ByteString): ByteString {
  if (text === '') throw badArgs('member peer urls not provided');
  return text;
}

/** One URL each. Throws `ExitError` for one that no member can have. */
export function splitPeerUrls(text: ByteString): string[] {
  const urls = text.split(',');
  for (const url of urls) {
    const problem = problemOf(url.trim());
    if (problem !== undefined) throw new ExitError(ExitCode.error, problem);
  }
  return urls.map(toText);
}

/** Go's parts of a URL: scheme, authority, path. */
const parts = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/;

function problemOf(url: ByteString): ByteString | undefined {
  const [, scheme = '', authority = '', path = ''] = parts.exec(url) ?? [];
  switch (scheme.toLowerCase()) {
    case 'unix':
    case 'unixs':
      return undefined;
    case 'http':
    case 'https':
      if (/^\[[^\]]*$/.test(authority)) return `parse ${quote(url)}: missing ']' in host`;
      if (!hasPort(authority)) return `URL address does not have the form "host:port": ${url}`;
      return path === '' ? undefined : `URL must not contain a path: ${url}`;
    case '':
      if (url.startsWith(':')) return `parse ${quote(url)}: missing protocol scheme`;
      if (/^[^/?#]*:/.test(url)) {
        return `parse ${quote(url)}: first path segment in URL cannot contain colon`;
      }
      return `URL scheme must be http, https, unix, or unixs: ${url}`;
    default:
      return `URL scheme must be http, https, unix, or unixs: ${url}`;
  }
}

/** `host:port`, where the host may be in brackets and either may be empty. */
function hasPort(authority: ByteString): boolean {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return /^(?:\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(host);
}
