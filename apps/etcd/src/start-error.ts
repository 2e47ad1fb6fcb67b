/** Why the daemon can not start, or can not go on: the line for the log, and what a person can do about it. */

const brand = Symbol.for('@kv/etcd.StartError');

export class StartError extends Error {
  override readonly name: string = 'StartError';
  /** The `msg` of the fatal line; `discovery failed` for most, as etcd has it. */
  readonly title: string;
  readonly hint: string | undefined;

  constructor(
    title: string,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.title = title;
    this.hint = options.hint;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** What to do about errors of the parts of a member, by class and code; the messages say what happened and where. */
const hints: Readonly<Record<string, string>> = {
  'MvccError.disk-full':
    'free some space on the disk of the data directory, then start again; nothing that was acknowledged is lost',
  'WalError.no-space':
    'free some space on the disk of the log, then start again; nothing that was acknowledged is lost',
  'MvccError.io': 'check the disk and the permissions of the data directory, then start again',
  'WalError.io': 'check the disk and the permissions of the log, then start again',
  'WalError.sync-failed':
    'the disk did not confirm a write: check it before you start again; what was acknowledged before is on it',
  'MvccError.corrupt':
    'the store is damaged: keep a copy of the data directory, then restore a backup or rebuild this member from the others',
  'WalError.crc-mismatch':
    'the log is damaged: keep a copy of the data directory, then restore a backup or rebuild this member from the others',
  'WalError.corrupt':
    'the log is damaged: keep a copy of the data directory, then restore a backup or rebuild this member from the others',
  'WalError.sequence-gap':
    'a file of the log is missing: put it back, or restore a backup; starting without it would lose acknowledged data',
  'WalError.entry-gap':
    'a part of the log is missing: put it back, or restore a backup; starting without it would lose acknowledged data',
  'WalError.unknown-record': 'a newer version wrote this log: start that version',
  'MvccError.newer-schema': 'a newer version wrote this store: start that version',
  'MvccError.not-a-store':
    'this is no store of ours (etcd keeps another format there): use another data directory; to take over the data of an etcd, let this ' +
    'member join its cluster, or copy them with "etcdctl make-mirror"',
  'MvccError.old-engine': 'install a newer better-sqlite3',
  'MemberError.damaged_data': 'keep a copy of the data directory before you change anything in it',
  'MemberError.unsupported_data': 'start the version that wrote this data directory',
  'MemberError.removed':
    'to let it join again, remove its data directory and add it as a new member',
  'MemberError.bootstrap_failed':
    '--initial-cluster must name this member with its peer URLs, and all others; with --initial-cluster-state=existing ' +
    'the members that "member list" shows, this one among them',
  'MemberError.discovery_failed':
    'a token serves one cluster: write the size of the new one under /_etcd/registry/<token>/_config/size of a new token',
  'MemberError.discovery_denied':
    '--discovery-user and --discovery-password must be those of a user of the discovery service; --discovery-cert, --discovery-key ' +
    'and --discovery-cacert must name files that this user can read',
  'MemberError.config_mismatch': 'compare the flags with those of the last start',
};

/** The code of an error, looked for through its causes: `WalError.no-space`. */
export function codesOf(error: unknown): readonly string[] {
  const codes: string[] = [];
  for (let at: unknown = error; at instanceof Error && codes.length < 10; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') codes.push(`${at.name}.${at.code}`);
  }
  return codes;
}

/** What to do about an error, if we know. */
export function hintFor(error: unknown): string | undefined {
  if (error instanceof StartError && error.hint !== undefined) return error.hint;
  return codesOf(error)
    .map((code) => hints[code])
    .find((hint) => hint !== undefined);
}
