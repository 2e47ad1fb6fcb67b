/**
 * Messages to bytes and back, with one typed error for bytes that are no message.
 *
 * The generated object of a message (`RangeRequest`) makes messages (`RangeRequest.create({ key })`); the functions here move them
 * over the wire. A `Codec` is both for one message, as the service descriptors carry it.
 */
import { ProtoError } from './proto-error.js';
import type { WireWriter } from './wire-writer.js';

export { ProtoError } from './proto-error.js';
export type { ProtoErrorCode } from './proto-error.js';

/** The part of a generated message object that a codec uses. */
export interface MessageType<T> {
  /** Full name, such as `etcdserverpb.PutRequest`. */
  readonly $type: string;
  encode(message: T, writer?: WireWriter): WireWriter;
  decode(bytes: Uint8Array): T;
}

/** Bytes of one kind of message. */
export interface Codec<T> {
  /** Full name, such as `etcdserverpb.PutRequest`. */
  readonly name: string;
  /** The bytes are new and belong to the caller. Throws ProtoError `out_of_range` for an integer that its field cannot hold. */
  encode(message: T): Uint8Array;
  /**
   * Fields of type bytes are *borrowed*: views of `bytes`, to be copied if kept. Unknown fields are skipped. Throws ProtoError
   * `malformed` for bytes that are no message.
   */
  decode(bytes: Uint8Array): T;
}

/** See `Codec.encode`. */
export function encodeMessage<T>(type: MessageType<T>, message: T): Uint8Array {
  try {
    return type.encode(message).finish();
  } catch (thrown) {
    throw new ProtoError('out_of_range', `${type.$type} has no bytes: ${textOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** See `Codec.decode`. */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array): T {
  try {
    return type.decode(bytes);
  } catch (thrown) {
    throw new ProtoError(
      'malformed',
      `${bytes.length} bytes are no ${type.$type}: ${textOf(thrown)}`,
      { cause: thrown },
    );
  }
}

/** The codec of a generated message object. */
export function codecOf<T>(type: MessageType<T>): Codec<T> {
  return {
    name: type.$type,
    encode: (message) => encodeMessage(type, message),
    decode: (bytes) => decodeMessage(type, bytes),
  };
}

/** Whether a number that came over the wire is one of an enum's own: `isKnownEnum(RangeRequest_SortOrder, order)`. */
export function isKnownEnum<E extends Readonly<Record<string, number>>>(
  numbers: E,
  value: number,
): value is E[keyof E] {
  return Object.values(numbers).includes(value);
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
