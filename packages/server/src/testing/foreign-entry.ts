/** Puts an entry that another program could have written at the end of a member's log. */
import { Wal, type FileSystem } from '@kv/wal';
import { toIndex } from '@kv/raft';
import { WireType } from '../wire/reader.js';
import { tagOf, writeVarint } from '../wire/writer.js';

/** `etcdserverpb.InternalRaftRequest` with one empty request of this field number. */
export function emptyRequest(field: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const end = writeVarint(bytes, writeVarint(bytes, 0, tagOf(field, WireType.length)), 0);
  return bytes.slice(0, end);
}

/** Appends the entry as committed, to a log that nobody has open. */
export async function appendForeignEntry(
  fileSystem: FileSystem,
  directory: string,
  data: Uint8Array,
): Promise<void> {
  const { wal, recovered } = await Wal.open(directory, { fileSystem });
  const last = recovered.entries.at(-1);
  const { hardState } = recovered;
  if (last === undefined || hardState === undefined) throw new Error('the log is empty');
  const index = toIndex(last.index + 1);
  wal.append({
    entries: [{ term: last.term, index, type: 'normal', data }],
    hardState: { ...hardState, commit: index },
  });
  await wal.close();
}
