/** Tables in box-drawing characters: members and endpoints only. */
import { fromText, toText, type ByteString } from '../bytes.js';
import { unsupported, type Output, type Printer } from './printer.js';
import { hashRows, healthRows, memberRows, statusRows, type Rows } from './rows.js';

export function tablePrinter(output: Output): Printer {
  const print = (rows: Rows): void => {
    output.stdout(table(rows));
  };
  const no = (): never => unsupported('table');
  return {
    format: 'table',
    get: no,
    put: no,
    del: no,
    txn: no,
    watch: no,
    leaseGrant: no,
    leaseRevoke: no,
    leaseKeepAlive: no,
    leaseTimeToLive: no,
    leaseList: no,
    alarms: no,
    report: no,
    memberList: (answer) => {
      print(memberRows(answer));
    },
    endpointHealth: (list) => {
      print(healthRows(list));
    },
    endpointStatus: (list) => {
      print(statusRows(list));
    },
    endpointHashKV: (list) => {
      print(hashRows(list));
    },
  };
}

/** Header in capitals and centred (what cannot be halved goes right), cells to the right, one blank on either side. */
export function table({ header, rows }: Rows): ByteString {
  const titles = header.map((title) => title.replaceAll('_', ' ').toUpperCase());
  const cells = rows.map((row) => row.map(toText));
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => width(row[column] ?? ''))),
  );
  const rule = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((columns) => '─'.repeat(columns + 2)).join(middle)}${right}\n`;
  const line = (texts: readonly string[]): string => `│ ${texts.join(' │ ')} │\n`;
  const text =
    rule('┌', '┬', '┐') +
    line(titles.map((title, column) => centred(title, widths[column] ?? 0))) +
    (cells.length === 0 ? '' : rule('├', '┼', '┤')) +
    cells.map((row) => line(row.map((cell, column) => right(cell, widths[column] ?? 0)))).join('') +
    rule('└', '┴', '┘');
  return fromText(text);
}

function centred(text: string, columns: number): string {
  const free = columns - width(text);
  const before = Math.floor(free / 2);
  return `${' '.repeat(before)}${text}${' '.repeat(free - before)}`;
}

function right(text: string, columns: number): string {
  return `${' '.repeat(columns - width(text))}${text}`;
}

/** Columns on a terminal, near enough: characters, without combining marks. */
function width(text: string): number {
  return Array.from(text.replace(/\p{M}/gu, '')).length;
}
