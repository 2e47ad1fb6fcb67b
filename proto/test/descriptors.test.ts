/**
 * Goal: names, numbers, types and labels are etcd's (P1). Method: buf compiles our .proto files to descriptors, and the listing of those
 * is compared, line by line, with the listing that the real packages printed of theirs.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { referenceLines } from './reference.js';

interface Field {
  readonly name: string;
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly typeName?: string;
  readonly oneofIndex?: number;
}
interface Enum {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number }[];
}
interface Message {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly Message[];
  readonly enumType?: readonly Enum[];
  readonly oneofDecl?: readonly { readonly name: string }[];
}
interface Method {
  readonly name: string;
  readonly inputType: string;
  readonly outputType: string;
  readonly clientStreaming?: boolean;
  readonly serverStreaming?: boolean;
}
interface File {
  readonly package: string;
  readonly syntax?: string;
  readonly messageType?: readonly Message[];
  readonly enumType?: readonly Enum[];
  readonly service?: readonly { readonly name: string; readonly method: readonly Method[] }[];
}

function compiledFiles(): readonly File[] {
  const require = createRequire(import.meta.url);
  const buf = join(dirname(require.resolve('@bufbuild/buf/package.json')), 'bin', 'buf');
  const image = execFileSync(process.execPath, [buf, 'build', '-o', '-#format=json'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return (JSON.parse(image) as { file: File[] }).file;
}

const unqualified = (name: string): string => name.replace(/^\./, '');

function enumLines(prefix: string, { name, value }: Enum): string[] {
  return value.map((v) => `enum ${prefix}.${name} ${v.name} = ${v.number ?? 0}`);
}

function fieldLine(message: string, field: Field, oneofs: Message['oneofDecl'], proto3: boolean) {
  const type = field.typeName ?? field.type.replace('TYPE_', '').toLowerCase();
  const repeated = field.label === 'LABEL_REPEATED';
  const packable = !['TYPE_MESSAGE', 'TYPE_STRING', 'TYPE_BYTES'].includes(field.type);
  const label = repeated ? (proto3 && packable ? 'repeated packed' : 'repeated') : 'optional';
  const oneof = field.oneofIndex === undefined ? undefined : oneofs?.[field.oneofIndex]?.name;
  const suffix = oneof === undefined ? '' : ` oneof ${oneof}`;
  return `field ${message}.${field.name} = ${field.number} ${label} ${unqualified(type)}${suffix}`;
}

function messageLines(prefix: string, message: Message, proto3: boolean): string[] {
  const name = `${prefix}.${message.name}`;
  return [
    `message ${name} ${proto3 ? 'proto3' : 'proto2'}`,
    ...(message.field ?? []).map((f) => fieldLine(name, f, message.oneofDecl, proto3)),
    ...(message.enumType ?? []).flatMap((e) => enumLines(name, e)),
    ...(message.nestedType ?? []).flatMap((m) => messageLines(name, m, proto3)),
  ];
}

function methodLine(service: string, method: Method): string {
  const kind =
    method.clientStreaming === true
      ? 'bidi'
      : method.serverStreaming === true
        ? 'serverStream'
        : 'unary';
  const messages = `${unqualified(method.inputType)} ${unqualified(method.outputType)}`;
  return `method /${service}/${method.name} ${kind} ${messages}`;
}

function fileLines(file: File): string[] {
  const proto3 = file.syntax === 'proto3';
  return [
    ...(file.messageType ?? []).flatMap((m) => messageLines(file.package, m, proto3)),
    ...(file.enumType ?? []).flatMap((e) => enumLines(file.package, e)),
    ...(file.service ?? []).flatMap((s) =>
      s.method.map((m) => methodLine(`${file.package}.${s.name}`, m)),
    ),
  ];
}

it('P1: every message, field, enum number and method is that of the real packages, and there are no others', () => {
  const ours = compiledFiles().flatMap(fileLines).sort();
  const theirs = referenceLines('descriptors.txt').sort();
  expect(theirs.length).toBeGreaterThan(600);
  expect(ours).toEqual(theirs);
});
