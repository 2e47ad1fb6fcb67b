/** Both sides sync to disk before they answer: single puts, one after the other, with the system calls counted by strace. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled } from '../command.js';
import { putsByH2load } from '../generators.js';
import type { Setting } from '../rounds.js';
import type { Side } from '../side.js';

const puts = 200;
const calls = ['fsync', 'fdatasync', 'sync_file_range', 'msync'];

/** Sum of the calls in strace's summary; 0 when it counted none. */
export function parseStraceCounts(summary: string): number {
  let sum = 0;
  for (const line of summary.split('\n')) {
    const words = line.trim().split(/\s+/);
    // % time, seconds, usecs/call, calls, errors (may be empty), syscall
    if (calls.includes(words.at(-1) ?? '')) sum += Number(words[3]);
  }
  return sum;
}

/** Resolves when strace has attached to every thread. */
async function attached(strace: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let text = '';
    strace.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('attached')) resolve();
    });
    strace.once('error', reject);
    strace.once('close', () => {
      reject(new Error(`strace: ${text.trim()}`));
    });
  });
}

async function syncsPerPut(side: Side): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'kv-strace-'));
  const summary = join(dir, 'summary');
  const args = ['-f', '-c', '-e', `trace=${calls.join(',')}`, '-o', summary];
  const strace = spawn('strace', [...args, '-p', String(side.leader.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => {
    strace.once('close', () => {
      resolve();
    });
  });
  try {
    await attached(strace);
    await putsByH2load(side, { connections: 1, streams: 1 }, puts);
    strace.kill('SIGINT');
    await ended;
    return parseStraceCounts(readFileSync(summary, 'utf8')) / puts;
  } finally {
    strace.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A line for the head of the report; rejects when a side answered a put without a sync of its own. */
export async function checkDurability({ ours, theirs }: Setting): Promise<string> {
  if (!(await isInstalled('strace'))) return 'durability: not checked, strace is not installed';
  const counts: string[] = [];
  for (const side of [ours, theirs]) {
    const count = await syncsPerPut(side);
    if (count < 1) {
      throw new Error(`${side.name} syncs ${count.toFixed(2)} times for each put that it answers`);
    }
    counts.push(`${side.name} ${count.toFixed(2)}`);
  }
  return `durability is equal: syncs to disk for each of ${String(puts)} single puts, counted by strace: ${counts.join(', ')}`;
}
