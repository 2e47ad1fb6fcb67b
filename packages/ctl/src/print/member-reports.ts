/** What changes of the membership answer: a sentence for people, and all members for programs. */
import type { Member } from '@kv/proto/cluster';
import type { ResponseHeader } from '@kv/proto/kv';
import type { ByteString } from '../bytes.js';
import * as shapes from './json-shapes.js';
import { always, unlessEmpty } from './json-value.js';
import type { AnswerOf, Report } from './report.js';

interface MembershipAnswer {
  readonly header: ResponseHeader | undefined;
  /** The new one, of `member add`. */
  readonly member?: Member | undefined;
  readonly members: Member[];
}

/** `text` is the simple format, newlines included. */
export function membershipReport<T extends MembershipAnswer>(
  method: AnswerOf<T>,
  answer: T,
  text: ByteString,
): Report {
  const { header, member, members } = answer;
  return {
    header,
    text,
    json: ({ hex }) =>
      hex
        ? shapes.object(
            always('header', shapes.hexHeader(header)),
            member === undefined ? undefined : always('member', shapes.hexMember(member)),
            always('members', members.map(shapes.hexMember)),
          )
        : shapes.object(
            shapes.header(header),
            member === undefined ? undefined : always('member', shapes.member(member)),
            unlessEmpty('members', members.map(shapes.member)),
          ),
    bytes: () => method.response.encode(answer),
  };
}

/** `%16x` of an identifier. */
function paddedHex(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16).padStart(16, ' ');
}

/** `Member <id> <what> cluster <id>`. */
export function memberSentence(
  id: bigint,
  what: string,
  header: ResponseHeader | undefined,
): ByteString {
  return `Member ${paddedHex(id)} ${what} cluster ${paddedHex(header?.clusterId ?? 0n)}\n`;
}
