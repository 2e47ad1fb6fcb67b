import { describe, expect, it } from 'vitest';
import { parseUrlList } from './url-list.js';

const read = (list: string): string => {
  const urls = parseUrlList(list);
  return urls.ok ? urls.value.map((url) => url.text).join(',') : urls.reason;
};

describe('URL lists', () => {
  it('cuts blanks, drops duplicates, sorts by text', () => {
    expect(read(' http://b:1 ,http://a:2,http://b:1')).toBe('http://a:2,http://b:1');
  });

  it('knows host, port and path', () => {
    const urls = parseUrlList('http://[::1]:2379,unix://a/b,HTTP://:80');
    expect(urls.ok && urls.value).toMatchObject([
      { scheme: 'http', host: '', port: 80 },
      { scheme: 'http', host: '::1', port: 2379 },
      { scheme: 'unix', port: undefined, socketPath: 'a/b' },
    ]);
  });

  // Each text was printed by etcd 3.7.1 for this value.
  it.each([
    ['127.0.0.1:2379', 'parse "127.0.0.1:2379": first path segment in URL cannot contain colon'],
    [':1', 'parse ":1": missing protocol scheme'],
    ['http://[::1', `parse "http://[::1": missing ']' in host`],
    ['http://a b:1', 'parse "http://a b:1": invalid character " " in host name'],
    ['http://a:b', 'parse "http://a:b": invalid port ":b" after host'],
    ['http://::1:2379', 'parse "http://::1:2379": invalid port "::1:2379" after host'],
    ['http://a:1%zz', 'parse "http://a:1%zz": invalid port ":1%zz" after host'],
    ['%', 'parse "%": invalid URL escape "%"'],
    ['http://a', 'URL address does not have the form "host:port": http://a'],
    ['http:///x', 'URL address does not have the form "host:port": http:///x'],
    ['http://a:1/', 'URL must not contain a path: http://a:1/'],
    ['ftp://a:1', 'URL scheme must be http, https, unix, or unixs: ftp://a:1'],
    ['http://127.0.0.1:21402,,', 'URL scheme must be http, https, unix, or unixs: '],
    ['http://u:p@127.0.0.1:1', 'http://u:p@127.0.0.1:1'],
    ['http://127.0.0.1:1?x=1', 'http://127.0.0.1:1?x=1'],
    ['http://127.0.0.1:99999', 'http://127.0.0.1:99999'],
  ])('B-154: %s', (list, expected) => {
    expect(read(list)).toBe(expected);
  });
});
