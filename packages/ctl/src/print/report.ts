/**
 * Answers about members, users and the like: each brings what every format shows of it, made by the command that asked. So printers
 * need not know them, and commands that are run often do not load them.
 */
import type { Codec } from '@kv/proto/codec';
import type { ResponseHeader } from '@kv/proto/kv';
import type { ByteString } from '../bytes.js';
import * as shapes from './json-shapes.js';
import { unlessEmpty, type Json } from './json-value.js';
import type { PrintOptions } from './printer.js';

export interface Report {
  readonly header: ResponseHeader | undefined;
  /** The simple format, newlines included. */
  readonly text: ByteString;
  readonly json: (options: PrintOptions) => Json;
  /** What the fields format prints after the header; absent where etcdctl does not support that format. */
  readonly fields?: ByteString;
  /** The message on the wire. */
  readonly bytes: () => Uint8Array;
}

/** A part of a method's descriptor: how its answer is written. */
export interface AnswerOf<T> {
  readonly response: Codec<T>;
}

interface WithHeader {
  readonly header: ResponseHeader | undefined;
}

/** An answer that says nothing beside its header; `sentence` has no newline. */
export function headerReport<T extends WithHeader>(
  method: AnswerOf<T>,
  answer: T,
  sentence: ByteString,
): Report {
  return { ...sentenceReport(method, answer, sentence), fields: '' };
}

/** The same where etcdctl does not support the fields format; `members` of the JSON follow the header. */
export function sentenceReport<T extends WithHeader>(
  method: AnswerOf<T>,
  answer: T,
  sentence: ByteString,
  ...members: shapes.Members
): Report {
  return {
    header: answer.header,
    text: `${sentence}\n`,
    json: () => shapes.object(shapes.header(answer.header), ...members),
    bytes: () => method.response.encode(answer),
  };
}

/** One name per line; in JSON a list under `key`. `fields` as in `Report`. */
export function listReport<T extends WithHeader>(
  method: AnswerOf<T>,
  answer: T,
  key: string,
  names: readonly ByteString[],
  fields?: ByteString,
): Report {
  return {
    header: answer.header,
    text: names.map((name) => `${name}\n`).join(''),
    json: () => shapes.object(shapes.header(answer.header), unlessEmpty(key, names)),
    ...(fields === undefined ? {} : { fields }),
    bytes: () => method.response.encode(answer),
  };
}
