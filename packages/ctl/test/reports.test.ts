/** Answers that bring their own forms: what the comparison with etcdctl cannot see, since the server chooses identifiers. */
import { expect, test } from 'vitest';
import { MemberAddResponse, clusterService } from '@kv/proto/cluster';
import { AuthRoleGetResponse, AuthRoleListResponse, authService } from '@kv/proto/auth';
import { memberSentence, membershipReport } from '../src/print/member-reports.js';
import { openPrinter, type Format } from '../src/print/printer.js';
import { headerReport, listReport, type Report } from '../src/print/report.js';
import { roleReport } from '../src/print/role-report.js';
import { splitPeerUrls } from '../src/commands/peer-urls.js';

async function printed(report: Report, format: Format, hex = false): Promise<Buffer> {
  const parts: Buffer[] = [];
  const stdout = (bytes: string | Uint8Array): void => {
    parts.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes));
  };
  const printer = await openPrinter(format, { hex }, { stdout, stderr: stdout });
  printer?.report(report);
  return Buffer.concat(parts);
}

const header = { clusterId: 2n ** 64n - 1n, memberId: 1n, revision: 0n, raftTerm: 3n };
const member = {
  ID: 2n ** 63n,
  name: '',
  peerURLs: ['http://a:1'],
  clientURLs: [],
  isLearner: true,
};
const added = MemberAddResponse.create({ header, member, members: [member] });
const membership = membershipReport(clusterService.memberAdd, added, 'text\n');

test('J-1: identifiers of 64 bits are exact in every format', async () => {
  expect((await printed(membership, 'json')).toString()).toBe(
    '{"header":{"cluster_id":18446744073709551615,"member_id":1,"raft_term":3},' +
      '"member":{"ID":9223372036854775808,"peerURLs":["http://a:1"],"isLearner":true},' +
      '"members":[{"ID":9223372036854775808,"peerURLs":["http://a:1"],"isLearner":true}]}\n',
  );
  expect((await printed(membership, 'json', true)).toString()).toBe(
    '{"header":{"cluster_id":"ffffffffffffffff","member_id":"1","raft_term":3},' +
      '"member":{"ID":"8000000000000000","peerURLs":["http://a:1"],"isLearner":true},' +
      '"members":[{"ID":"8000000000000000","peerURLs":["http://a:1"],"isLearner":true}]}\n',
  );
  const bytes = await printed(membership, 'protobuf');
  expect(MemberAddResponse.decode(bytes)).toEqual(added);
  expect(memberSentence(5n, 'removed from', header)).toBe(
    'Member                5 removed from cluster ffffffffffffffff\n',
  );
});

test('formats that etcdctl does not support for an answer are refused after the fact', async () => {
  await expect(printed(membership, 'fields')).rejects.toThrow(
    'fields not supported as output format',
  );
  await expect(printed(membership, 'table')).rejects.toThrow(
    'table not supported as output format',
  );
});

test('a list without names: no blank after the field, no member in JSON', async () => {
  const answer = AuthRoleListResponse.create({ header });
  const report = listReport(authService.roleList, answer, 'roles', [], '"Roles" :\n');
  expect((await printed(report, 'simple')).toString()).toBe('');
  expect((await printed(report, 'json')).toString()).not.toContain('roles');
  expect((await printed(report, 'fields')).toString()).toMatch(/\n"Roles" :\n$/);
});

test('an answer without a header has zeros in fields and nothing in JSON', async () => {
  const report = headerReport(authService.roleAdd, { header: undefined }, 'Role r created');
  expect((await printed(report, 'json')).toString()).toBe('{}\n');
  expect((await printed(report, 'fields')).toString()).toBe(
    '"ClusterID" : 0\n"MemberID" : 0\n"RaftTerm" : 0\n',
  );
});

test('rights: keys that are not UTF-8 keep their bytes, types that nobody knows their number', async () => {
  const answer = AuthRoleGetResponse.create({
    perm: [
      { permType: 2, key: Uint8Array.of(0xff, 0x22), rangeEnd: Uint8Array.of(0) },
      { permType: 9 },
    ],
  });
  const report = roleReport('r', answer);
  expect((await printed(report, 'simple')).toString('latin1')).toBe(
    'Role r\nKV Read:\n\t[\xff", <open ended>\nKV Write:\n\t[\xff", <open ended>\n',
  );
  expect((await printed(report, 'fields')).toString('latin1')).toContain(
    '"PermType" :  READWRITE\n"Key" : "\\xff\\""\n"RangeEnd" : "\\x00"\n"PermType" :  9\n',
  );
});

test.each(['http://a:1', 'HTTPS://[::1]:2', 'unix://x', 'unixs:/y', 'http://:', ' http://a:1 '])(
  'peer URL %j is one',
  (url) => {
    expect(splitPeerUrls(url)).toEqual([url]);
  },
);
test.each([
  ['', 'URL scheme must be http, https, unix, or unixs: '],
  ['http://a:1,', 'URL scheme must be http, https, unix, or unixs: '],
  ['http://a:1/', 'URL must not contain a path: http://a:1/'],
  ['http:a:1', 'URL address does not have the form "host:port": http:a:1'],
  ['http://a:b:1', 'URL address does not have the form "host:port": http://a:b:1'],
])('peer URL %j is none', (url, message) => {
  expect(() => splitPeerUrls(url)).toThrow(message);
});
