/** Endpoint texts: `host:port`, `http://host:port`, `https://host:port`, `unix:path`, `unix://path`, `unixs:…`. */
import { KvError } from './errors.js';
import type { Endpoint } from './transport/port.js';

const portMax = 65_535;

/** `secureByDefault`: whether a text without a scheme means TLS. Throws `KvError` of code `config` that names the text. */
export function parseEndpoint(text: string, secureByDefault: boolean): Endpoint {
  const unix = /^unix(s?):(?:\/\/)?(.*)$/.exec(text);
  if (unix !== null) return unixEndpoint(text, unix[2] ?? '', unix[1] === 's');
  const url = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text);
  const scheme = url?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    throw configError(text, `scheme "${scheme}" is not http, https, unix or unixs`);
  }
  const secure = scheme === undefined ? secureByDefault : scheme === 'https';
  const rest = (url?.[2] ?? text).replace(/\/+$/, '');
  if (rest.includes('@'))
    throw configError(text.replace(/\/\/.*@/, '//…@'), 'credentials do not belong in an address');
  const parts = /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^:/?#[\]\s]+)):([0-9]{1,5})$/.exec(rest);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port > portMax || port === 0) {
    throw configError(text, 'expected host:port, as in 127.0.0.1:2379 or https://[::1]:2379');
  }
  return { text, secure, address: { kind: 'tcp', host, port }, authority: rest };
}

function unixEndpoint(text: string, path: string, secure: boolean): Endpoint {
  if (path === '') throw configError(text, 'the path of the socket is missing');
  return { text, secure, address: { kind: 'unix', path }, authority: 'localhost' };
}

function configError(text: string, problem: string): KvError {
  return new KvError('config', `endpoint "${text}": ${problem}`, { outcome: 'definite' });
}
