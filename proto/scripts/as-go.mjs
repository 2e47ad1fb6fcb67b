// Makes what ts-proto generates read and write as Go does. Each rule replaces one fixed fragment of the generated text and says
// why. A rule "of each decoder" must match in every one; a rule "of some fields" must leave nothing behind that it is about. So a new
// version of ts-proto that writes something else stops the build here instead of loosening the decoders. What the rules achieve is
// held by bytes and verdicts of Go (testdata/golden.txt, mutants.txt).

/** What occurs once in each decoder. */
const ofEachDecoder = [
  {
    why: 'a length of a message inside ends the reading there, whatever the lengths within say; and nesting has our bound',
    from: `    const previousRecursionDepth = (reader as any).__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    (reader as any).__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === undefined ? reader.len : reader.pos + length;
`,
    to: `    {
      const outer = reader.enter(length);
      const end = reader.len;
`,
  },
  {
    why: 'and after it the message around it goes on',
    from: `      return message;
    } finally {
      (reader as any).__tsProtoDecodeDepth = previousRecursionDepth;
    }
`,
    to: `      reader.leave(outer);
      return message;
    }
`,
  },
  {
    why: 'a message field that occurs twice is merged: the second is read into the first',
    from: /decode\(input: BinaryReader \| Uint8Array, length\?: number\): (\w+) \{/g,
    to: 'decode(input: WireReader | Uint8Array, length?: number, into?: $1): $1 {',
  },
  {
    why: 'the same',
    from: /const message = (createBase\w+\(\));\n(?= {6}while)/g,
    to: 'const message = into ?? $1;\n',
  },
  {
    why: 'our reader, which is as strict as that of Go',
    from: 'const reader = input instanceof BinaryReader ? input : new BinaryReader(input);',
    to: 'const reader = input instanceof WireReader ? input : new WireReader(input);',
  },
  {
    why: 'a tag with field number 0, or above the largest, is an error',
    from: 'const tag = reader.uint32();',
    to: 'const tag = reader.fieldTag();',
  },
  {
    why: 'an end of group, or a tag of 0, is an error and not the end of the message; a group ends by its own number',
    from: /if \(\(tag & 7\) === 4 \|\| tag === 0\) \{\n\s*break;\n\s*\}\n(\s*)reader\.skip\(tag & 7\);/g,
    to: 'reader.skip(tag & 7, tag >>> 3);',
  },
];

/** What occurs as often as messages have such fields. After it, nothing matches `left`. */
const ofSomeFields = [
  {
    why: 'a message in a oneof that occurs twice is merged; before the next rule, whose text this one contains',
    from: /message\.(\w+) = \{\s*\$case: "(\w+)",\s*value: (\w+)\.decode\(reader, reader\.uint32\(\)\),?\s*\};/g,
    to: 'message.$1 = { $case: "$2", value: $3.decode(reader, reader.readLength(), message.$1?.$case === "$2" ? message.$1.value : undefined) };',
    left: /value: \w+\.decode\(reader, reader\.uint32/,
  },
  {
    why: 'a message field that occurs twice is merged, and its length must fit into the message around it',
    from: /message\.(\w+) = (\w+)\.decode\(reader, reader\.uint32\(\)\);/g,
    to: 'message.$1 = $2.decode(reader, reader.readLength(), message.$1);',
    left: /message\.\w+ = \w+\.decode\(reader, reader\.uint32/,
  },
  {
    why: 'so must the length of a repeated message, and of an entry of a map',
    from: /(message\.\w+\.push\(|const entry\d+ = )(\w+)\.decode\(reader, reader\.uint32\(\)\)/g,
    to: '$1$2.decode(reader, reader.readLength())',
    left: /\.decode\(reader, reader\.uint32/,
  },
  {
    why: 'and that of a packed list, in which no number may end beyond it',
    from: /const end2 = reader\.uint32\(\) \+ reader\.pos;\n\s*while \(reader\.pos < end2\) \{\n(.*\n)\s*\}\n/g,
    to: 'const outer2 = reader.enter(reader.readLength());\nwhile (reader.pos < reader.len) {\n$1}\nreader.leave(outer2);\n',
    left: /end2/,
  },
  {
    why: 'an enum is open: an unknown number arrives as it is, and the type says so',
    from: /^(export type (\w+) =\s*typeof \2\[keyof typeof \2\]);$/gm,
    to: '$1 | (number & {});',
    left: /\[keyof typeof \w+\];/,
  },
  {
    why: 'Go writes the key of an entry of a map even when it is empty',
    from: /if \(message\.key !== ""\) \{\s*writer\.uint32\(10\)\.string\(message\.key\);\s*\}/g,
    to: 'writer.uint32(10).string(message.key);',
    left: /message\.key !== ""/,
  },
  {
    why: 'an entry of a map without a value has the empty message, and is not dropped',
    from: /if \((entry\d+)\.value !== undefined\) \{\s*message\.(\w+)\.set\(\1\.key, \1\.value\);\s*\}/g,
    to: (text, entry, field) => {
      const type = new RegExp(`^  ${field}: Map<string, (\\w+)>;`, 'm').exec(text)?.[1];
      if (type === undefined) throw new Error(`${field} is no map of messages`);
      return `message.${field}.set(${entry}.key, ${entry}.value ?? ${type}.create());`;
    },
    left: /entry\d+\.value !== undefined/,
  },
  {
    why: 'each file has the interface of its decoders',
    from: 'decode(input: BinaryReader | Uint8Array, length?: number): T;',
    to: 'decode(input: WireReader | Uint8Array, length?: number, into?: T): T;',
    left: /BinaryReader|__tsProto/,
  },
];

const importOfRuntime =
  /import \{ BinaryReader, BinaryWriter \} from "@bufbuild\/protobuf\/wire";\n/;

function countOf(text, from) {
  return typeof from === 'string' ? text.split(from).length - 1 : [...text.matchAll(from)].length;
}

function replaced(text, { from, to }) {
  return typeof to === 'string'
    ? text.replaceAll(from, to)
    : text.replaceAll(from, (_, ...found) => to(text, ...found));
}

/**
 * `text` is one generated file, `wirePath` leads from there to the folder of our reader and writer. Throws if the text is not as
 * expected.
 */
export function asGo(text, wirePath) {
  const decoders = countOf(text, /^(?:export )?const \w+: MessageFns</gm);
  let result = text
    .replace(
      importOfRuntime,
      `import { WireReader } from "${wirePath}/wire-reader.js";\nimport { WireWriter } from "${wirePath}/wire-writer.js";\n`,
    )
    .replaceAll('BinaryWriter', 'WireWriter');
  for (const rule of ofEachDecoder) {
    const count = countOf(result, rule.from);
    if (count !== decoders) throw new Error(`${count} of ${decoders} decoders have: ${rule.from}`);
    result = replaced(result, rule);
  }
  for (const rule of ofSomeFields) {
    result = replaced(result, rule);
    const left = rule.left.exec(result);
    if (left !== null) throw new Error(`not replaced: ${left[0]} (${rule.why})`);
  }
  return result;
}
