/** JSON as Go's encoding/json writes it: integers of any size as numbers, bytes in base64, members in a given order. */
import { toText, type ByteString } from '../bytes.js';

/** Text is a `ByteString`; bytes become base64. */
export type Json =
  bigint | number | boolean | null | ByteString | Uint8Array | readonly Json[] | JsonObject;

/** Members in order. */
export class JsonObject {
  readonly members: readonly JsonMember[];

  constructor(members: readonly (JsonMember | undefined)[]) {
    this.members = members.filter((member) => member !== undefined);
  }
}
export type JsonMember = readonly [name: string, value: Json];

/** A member that is always there. */
export function always(name: string, value: Json): JsonMember {
  return [name, value];
}

/** A member that Go leaves out when it is zero, false, empty or nil (`omitempty`). */
export function unlessEmpty(name: string, value: Json | undefined): JsonMember | undefined {
  return value === undefined || isEmpty(value) ? undefined : [name, value];
}

function isEmpty(value: Json): boolean {
  if (value === null || value === false || value === 0 || value === 0n || value === '') return true;
  return (Array.isArray(value) || value instanceof Uint8Array) && value.length === 0;
}

export function writeJson(value: Json): ByteString {
  if (value === null) return 'null';
  if (typeof value === 'string') return writeString(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  if (value instanceof JsonObject) {
    return `{${value.members.map(([name, member]) => `"${name}":${writeJson(member)}`).join(',')}}`;
  }
  return `[${value.map(writeJson).join(',')}]`;
}

/** Characters that Go escapes beside those of JSON: for HTML, and for old JavaScript. Invalid UTF-8 becomes `\ufffd`. */
function writeString(bytes: ByteString): ByteString {
  const text = JSON.stringify(toText(bytes)).replace(
    /[<>&\u2028\u2029\ufffd]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(text, 'utf8').toString('latin1');
}
