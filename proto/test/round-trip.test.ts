/**
 * Goal: decode ∘ encode is the identity for every message. Method: messages are drawn from the listing of the real packages, not from
 * our generated code, so that a field that is missing or of the wrong kind fails.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../src/codec.js';
import { messageType, messageTypes, referenceLines } from './reference.js';

interface Field {
  readonly name: string;
  readonly repeated: boolean;
  readonly type: string;
  readonly oneof: string | undefined;
}

const proto2 = new Set<string>();
const enums = new Set<string>();
const fieldsOf = new Map<string, Field[]>();

/** As ts-proto turns names of fields: `remaining_TTL` into `remainingTTL`, `ID` stays. */
const camelCase = (name: string): string =>
  name.replace(/_([a-zA-Z])/g, (_, letter: string) => letter.toUpperCase());

for (const line of referenceLines('descriptors.txt')) {
  const message = /^message (\S+) (\w+)$/.exec(line);
  if (message?.[1] !== undefined && message[2] === 'proto2') proto2.add(message[1]);
  const ofEnum = /^enum (\S+) /.exec(line);
  if (ofEnum?.[1] !== undefined) enums.add(ofEnum[1]);
  const field =
    /^field (\S+)\.(\w+) = \d+ (optional|repeated)(?: packed)? (\S+)(?: oneof (\w+))?$/.exec(line);
  if (field === null) continue;
  const [, owner = '', name = '', label, type = '', oneof] = field;
  const fields = fieldsOf.get(owner) ?? [];
  fields.push({ name: camelCase(name), repeated: label === 'repeated', type, oneof });
  fieldsOf.set(owner, fields);
}

const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 40 }),
  string: fc.string({ unit: 'grapheme', maxLength: 60 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  uint32: fc.nat({ max: 2 ** 32 - 1 }),
};
const enumNumber = fc.oneof(fc.nat({ max: 4 }), fc.integer());

function valueOf(type: string, depth: number): fc.Arbitrary<unknown> {
  if (enums.has(type)) return enumNumber;
  return scalars[type] ?? messageOf(type, depth - 1);
}

function fieldOf(owner: string, field: Field, depth: number): fc.Arbitrary<unknown> {
  const isMessage = scalars[field.type] === undefined && !enums.has(field.type);
  if (field.type.endsWith('.StatusesEntry')) {
    const status = messageOf('grpc.health.v1.HealthCheckResponse', depth - 1);
    return fc
      .dictionary(fc.string(), status, { maxKeys: 3 })
      .map((entries) => new Map(Object.entries(entries)));
  }
  if (isMessage && depth <= 0) return fc.constant(field.repeated ? [] : undefined);
  const value = valueOf(field.type, depth);
  if (field.repeated) return fc.array(value, { maxLength: 3 });
  return isMessage || proto2.has(owner) ? fc.option(value, { nil: undefined }) : value;
}

function oneofOf(members: readonly Field[], depth: number): fc.Arbitrary<unknown> {
  const cases = members
    .filter(({ type }) => depth > 0 || scalars[type] !== undefined)
    .map(({ name, type }) => valueOf(type, depth).map((value) => ({ $case: name, value })));
  return fc.oneof(fc.constant(undefined), ...cases);
}

function messageOf(name: string, depth: number): fc.Arbitrary<unknown> {
  const fields = fieldsOf.get(name) ?? [];
  const record: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of fields) {
    if (field.oneof === undefined) record[field.name] = fieldOf(name, field, depth);
    else {
      const members = fields.filter(({ oneof }) => oneof === field.oneof);
      record[camelCase(field.oneof)] ??= oneofOf(members, depth);
    }
  }
  // Prototypes and absent keys would make equal messages unequal.
  return fc.record(record, { noNullPrototype: true });
}

describe('decode ∘ encode is the identity', () => {
  it.each([...messageTypes.keys()])('%s', (name) => {
    const type = messageType(name);
    fc.assert(
      fc.property(messageOf(name, 3), (message) => {
        expect(decodeMessage(type, encodeMessage(type, message))).toEqual(message);
      }),
      { numRuns: 60 },
    );
  });
});

describe('decoding never fails in another way than by its typed error (H-P1, S-26)', () => {
  it('for arbitrary bytes, as every message', () => {
    const names = fc.constantFrom(...messageTypes.keys());
    fc.assert(
      fc.property(names, fc.uint8Array({ maxLength: 200 }), (name, input) => {
        const type = messageType(name);
        try {
          const message = decodeMessage(type, input);
          const again = encodeMessage(type, message);
          expect(decodeMessage(type, again)).toEqual(message);
        } catch (error) {
          expect(error).toHaveProperty('code', 'malformed');
        }
      }),
      { numRuns: 5000 },
    );
  });
});
