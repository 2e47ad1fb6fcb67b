/** A role's rights in every format. */
import {
  Permission_Type,
  authService,
  type AuthRoleGetResponse,
  type Permission,
} from '@kv/proto/auth';
import { fromBytes, type ByteString } from '../bytes.js';
import { openEnd, prefixEnd } from '../commands/range.js';
import { quote } from '../go/quote.js';
import * as shapes from './json-shapes.js';
import { unlessEmpty, type Json } from './json-value.js';
import type { Report } from './report.js';

const everything = `\t[, <open ended>\n`;

export function roleReport(role: ByteString, answer: AuthRoleGetResponse): Report {
  return {
    header: answer.header,
    text: roleText(role, answer),
    json: () =>
      shapes.object(shapes.header(answer.header), unlessEmpty('perm', answer.perm.map(json))),
    fields: answer.perm.map(fields).join(''),
    bytes: () => authService.roleGet.response.encode(answer),
  };
}

/** The role `root` may do everything without being given any right. */
function roleText(role: ByteString, { perm }: AuthRoleGetResponse): ByteString {
  const isRoot = role === 'root' && perm.length === 0;
  const lines = (only: Permission_Type): ByteString =>
    isRoot
      ? everything
      : perm
          .filter(({ permType }) => permType === only || permType === Permission_Type.READWRITE)
          .map((permission) => `\t${rangeText(permission)}\n`)
          .join('');
  const read = lines(Permission_Type.READ);
  return `Role ${role}\nKV Read:\n${read}KV Write:\n${lines(Permission_Type.WRITE)}`;
}

function rangeText(permission: Permission): ByteString {
  const key = fromBytes(permission.key);
  const end = fromBytes(permission.rangeEnd);
  if (end === '') return key;
  const range = end === openEnd ? `[${key}, <open ended>` : `[${key}, ${end})`;
  return key !== '' && prefixEnd(key) === end ? `${range} (prefix ${key})` : range;
}

const typeNames: readonly string[] = ['READ', 'WRITE', 'READWRITE'];

/** Two blanks before the type, as etcdctl has them. */
function fields({ permType, key, rangeEnd }: Permission): ByteString {
  return (
    `"PermType" :  ${typeNames[permType] ?? String(permType)}\n` +
    `"Key" : ${quote(fromBytes(key))}\n"RangeEnd" : ${quote(fromBytes(rangeEnd))}\n`
  );
}

function json({ permType, key, rangeEnd }: Permission): Json {
  return shapes.object(
    unlessEmpty('permType', permType),
    unlessEmpty('key', key),
    unlessEmpty('range_end', rangeEnd),
  );
}
