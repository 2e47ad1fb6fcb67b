// Makes what ts-proto generates read and write as Go does. As it comes, it accepts bytes that Go refuses, and replaces a message field that
// occurs twice where Go merges. Each rule below replaces one fixed fragment of the generated text. What every decoder has must be
// found in every decoder, and nothing of the old kind may be left: a new version of ts-proto that writes something else stops the
// build here instead of loosening the decoders.

/** The head and the foot of each decoder: a depth in an extra property becomes a message boundary in the reader. */
const head = `    const previousRecursionDepth = (reader as any).__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    (reader as any).__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === undefined ? reader.len : reader.pos + length;
`;
const foot = `      return message;
    } finally {
      (reader as any).__tsProtoDecodeDepth = previousRecursionDepth;
    }
`;

/** What occurs once in each decoder. */
const perMessage = [
  [head, `    {\n      const outer = reader.enter(length);\n      const end = reader.len;\n`],
  [foot, `      reader.leave(outer);\n      return message;\n    }\n`],
  [
    /decode\(input: BinaryReader \| Uint8Array, length\?: number\): (\w+) \{/g,
    'decode(input: WireReader | Uint8Array, length?: number, into?: $1): $1 {',
  ],
  [
    'const reader = input instanceof BinaryReader ? input : new BinaryReader(input);',
    'const reader = input instanceof WireReader ? input : new WireReader(input);',
  ],
  [/const message = (createBase\w+\(\));\n(?= {6}while)/g, 'const message = into ?? $1;\n'],
  ['const tag = reader.uint32();', 'const tag = reader.fieldTag();'],
  [
    /if \(\(tag & 7\) === 4 \|\| tag === 0\) \{\n\s*break;\n\s*\}\n(\s*)reader\.skip\(tag & 7\);/g,
    'reader.skip(tag & 7, tag >>> 3);',
  ],
];

/** What occurs as often as the messages have such fields. */
const perField = [
  // A oneof before a plain message field: the text of the one contains the text of the other.
  [
    /message\.(\w+) = \{\s*\$case: "(\w+)",\s*value: (\w+)\.decode\(reader, reader\.uint32\(\)\),?\s*\};/g,
    'message.$1 = { $case: "$2", value: $3.decode(reader, reader.readLength(), message.$1?.$case === "$2" ? message.$1.value : undefined) };',
  ],
  [
    /message\.(\w+) = (\w+)\.decode\(reader, reader\.uint32\(\)\);/g,
    'message.$1 = $2.decode(reader, reader.readLength(), message.$1);',
  ],
  [
    /(message\.\w+\.push\(|const entry\d+ = )(\w+)\.decode\(reader, reader\.uint32\(\)\)/g,
    '$1$2.decode(reader, reader.readLength())',
  ],
  [
    /const end2 = reader\.uint32\(\) \+ reader\.pos;\n\s*while \(reader\.pos < end2\) \{\n(.*\n)\s*\}\n/g,
    'const outer2 = reader.enter(reader.readLength());\nwhile (reader.pos < reader.len) {\n$1}\nreader.leave(outer2);\n',
  ],
  // Enums stay open: an unknown number arrives as it is, and the type says so.
  [/^(export type (\w+) =\s*typeof \2\[keyof typeof \2\]);$/gm, '$1 | (number & {});'],
];

/** Go writes the key of a map entry even when it is empty. */
const mapKey =
  /if \(message\.key !== ""\) \{\s*writer\.uint32\(10\)\.string\(message\.key\);\s*\}/g;

/** A map entry without a value has the empty message. `if` around the setter would drop it. */
const mapEntry =
  /if \((entry\d+)\.value !== undefined\) \{\s*message\.(\w+)\.set\(\1\.key, \1\.value\);\s*\}/g;

const leftovers = /BinaryReader|__tsProto|reader\.uint32\(\)(?! *;)|=== 4 \|\|/;

function replaceAll(text, [from, to]) {
  const parts = typeof from === 'string' ? text.split(from) : undefined;
  if (parts !== undefined) return { text: parts.join(to), count: parts.length - 1 };
  return { text: text.replace(from, to), count: [...text.matchAll(from)].length };
}

/** `text` is one generated file, `wirePath` leads from there to the folder of our reader and writer. Throws if the text is not as expected. */
export function asGo(text, wirePath) {
  const messages = text.match(/^export const \w+: MessageFns</gm)?.length ?? 0;
  const entries = text.match(/^const \w+: MessageFns</gm)?.length ?? 0;
  let result = text;
  for (const rule of perMessage) {
    const { text: replaced, count } = replaceAll(result, rule);
    if (count !== messages + entries) {
      throw new Error(`${count} of ${messages + entries} decoders have: ${String(rule[0])}`);
    }
    result = replaced;
  }
  for (const rule of perField) result = replaceAll(result, rule).text;
  result = result
    .replace(mapKey, 'writer.uint32(10).string(message.key);')
    .replace(mapEntry, (_, entry, field) => {
      const type = new RegExp(`^  ${field}: Map<string, (\\w+)>;`, 'm').exec(text)?.[1];
      if (type === undefined) throw new Error(`${field} is no map of messages`);
      return `message.${field}.set(${entry}.key, ${entry}.value ?? ${type}.create());`;
    })
    .replace(
      /import \{ BinaryReader, BinaryWriter \} from "@bufbuild\/protobuf\/wire";\n/,
      `import { WireReader } from "${wirePath}/wire-reader.js";\nimport { WireWriter } from "${wirePath}/wire-writer.js";\n`,
    )
    .replace(
      'decode(input: BinaryReader | Uint8Array, length?: number): T;',
      'decode(input: WireReader | Uint8Array, length?: number, into?: T): T;',
    )
    .replaceAll('BinaryWriter', 'WireWriter');
  const left = leftovers.exec(result);
  if (left !== null) throw new Error(`not replaced: ${left[0]}`);
  return result;
}
