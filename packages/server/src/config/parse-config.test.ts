/** The whole of configuration: grammar, sources and their precedence, checks. Texts were printed by etcd 3.7.1 where it has one. */
import { describe, expect, it } from 'vitest';
import type { ParsedConfig } from './daemon-config.js';
import { allFlags, commandFlags } from './flags/flag-spec.js';
import { flagListing, synopsis, versionText } from './help.js';
import { bootstrapProblem } from './initial-cluster.js';
import { parseConfig } from './parse-config.js';
import { withoutSecrets } from './secrets.js';

type Run = Extract<ParsedConfig, { type: 'run' }>;

const noFile = (path: string): { readonly error: string } => ({
  error: `open ${path}: no such file or directory`,
});

const parse = (words: readonly string[], env: Record<string, string> = {}): ParsedConfig =>
  parseConfig(words, env, noFile);

const parseYaml = (text: string): ParsedConfig =>
  parseConfig(['--config-file', 'c.yaml'], {}, () => ({ text }));

function run(found: ParsedConfig): Run {
  if (found.type !== 'run') throw new Error(`not a run: ${JSON.stringify(found)}`);
  return found;
}

/** All errors, in order. */
function errors(found: ParsedConfig): readonly string[] {
  if (found.type === 'usage') return [found.text];
  if (found.type !== 'problems') return [];
  return found.problems.map((problem) => {
    switch (problem.type) {
      case 'invalid':
        return problem.error;
      case 'fatal':
        return problem.message;
      case 'printed':
      case 'panic':
        return problem.text;
    }
  });
}

const notes = (found: ParsedConfig): readonly string[] =>
  'notes' in found ? found.notes.map((note) => note.message) : [];

describe('defaults', () => {
  it('without any argument a member on localhost is described', () => {
    const { member, daemon } = run(parse([]));
    expect(member).toMatchObject({
      name: 'default',
      dataDir: 'default.etcd',
      advertiseClientUrls: ['http://localhost:2379'],
      initialCluster: [{ name: 'default', peerUrls: ['http://localhost:2380'] }],
      heartbeatIntervalMs: 100,
      electionTimeoutMs: 1000,
      requestTimeoutMs: 7000,
      maxRequestBytes: 1_572_864,
      watchProgressNotifyIntervalMs: 600_000,
      watchRestMsMax: 50,
      autoCompaction: { mode: 'off' },
      compactionBatchLimit: 1000,
      compactionSleepIntervalMs: 10,
    });
    expect(daemon.listenClientUrls.map((url) => url.text)).toEqual(['http://localhost:2379']);
    expect(daemon.maxConcurrentStreams).toBe(4_294_967_295);
    expect(bootstrapProblem(member, undefined)).toBeUndefined();
  });

  it('the result can not be changed', () => {
    const { member, daemon } = run(parse([]));
    expect(Object.isFrozen(member) && Object.isFrozen(daemon)).toBe(true);
  });

  it('every flag is in the help with its default, and in the file at most once', () => {
    const help = flagListing();
    for (const flag of commandFlags.filter((f) => !['version', 'config-file'].includes(f.name))) {
      expect(help).toContain(`\n  --${flag.name} '${flag.default}'\n    `);
    }
    const keys = allFlags.map((flag) => flag.file).filter((key) => key !== '');
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('the help has the headings of etcd in their order', () => {
    const headings = [...flagListing().matchAll(/^(\S.*):$/gm)].map((match) => match[1]);
    expect(headings).toEqual([
      'Member',
      'Clustering',
      'Security',
      'Auth',
      'Profiling and Monitoring',
      'Logging',
      'Distributed tracing',
      'Features',
      'Unsafe feature',
    ]);
    expect(synopsis).toContain('etcd -h | --help');
  });

  it('the version has four lines of etcd and one of ours', () => {
    const text = versionText({
      packageVersion: '0.1.0',
      nodeVersion: 'v26.10.0',
      platform: 'linux',
      arch: 'x64',
    });
    expect(text.split('\n')).toEqual([
      'etcd Version: 3.7.1',
      'Git SHA: Not provided (use ./build instead of go build)',
      'Go Version: node26.10.0',
      'Go OS/Arch: linux/amd64',
      'Package Version: 0.1.0',
      '',
    ]);
  });
});

describe('command line', () => {
  it.each([
    [['--bogus'], 'flag provided but not defined: -bogus'],
    [['--discovery=x'], 'flag provided but not defined: -discovery'],
    [['--data-dir'], 'flag needs an argument: -data-dir'],
    [['---x'], 'bad flag syntax: ---x'],
    [['-=x'], 'bad flag syntax: -=x'],
    [['--heartbeat-interval=x'], 'invalid value "x" for flag -heartbeat-interval: parse error'],
    [
      ['--heartbeat-interval=99999999999999999999'],
      'invalid value "99999999999999999999" for flag -heartbeat-interval: value out of range',
    ],
    [['--pre-vote=maybe'], 'invalid boolean value "maybe" for -pre-vote: parse error'],
    [
      ['--max-concurrent-streams=x'],
      'invalid value "x" for flag -max-concurrent-streams: strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [
      ['--max-concurrent-streams=99999999999'],
      'invalid value "99999999999" for flag -max-concurrent-streams: strconv.ParseUint: parsing "99999999999": value out of range',
    ],
    [
      ['--grpc-keepalive-min-time=5'],
      'invalid value "5" for flag -grpc-keepalive-min-time: parse error',
    ],
    [
      ['--initial-cluster-state='],
      'invalid value "" for flag -initial-cluster-state: invalid value',
    ],
    [
      ['--v2-deprecation=not-yet'],
      'invalid value "not-yet" for flag -v2-deprecation: invalid value "not-yet"',
    ],
    [
      ['--cors=foo'],
      'invalid value "foo" for flag -cors: URL scheme must be http, https, unix, or unixs: foo',
    ],
    [
      ['--feature-gates=foo'],
      'invalid value "foo" for flag -feature-gates: missing bool value for foo',
    ],
    [
      ['--feature-gates=Foo=true'],
      'invalid value "Foo=true" for flag -feature-gates: unrecognized feature gate: Foo',
    ],
    [
      ['--feature-gates=AllAlpha=x'],
      'invalid value "AllAlpha=x" for flag -feature-gates: invalid value of AllAlpha=x, err: strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ])('B-150: %j is a syntax error', (words, text) => {
    expect(parse(words)).toMatchObject({ type: 'usage', text });
  });

  it('B-150: a mistyped flag gets a suggestion', () => {
    expect(parse(['--data-dri=x'])).toMatchObject({ hint: 'did you mean --data-dir?' });
    expect(parse(['--zzzzzzzzzz'])).toMatchObject({ hint: undefined });
  });

  it('B-150: a stray word is named, also after --version and after a switch that takes no value', () => {
    expect(errors(parse(['--version', 'stray']))).toEqual(['"stray" is not a valid flag']);
    expect(errors(parse(['--pre-vote', 'false']))).toEqual(['"false" is not a valid flag']);
    expect(errors(parse(['--', '--name']))).toEqual(['"--name" is not a valid flag']);
  });

  it('one and two dashes, = and the next word are the same; the last of equals wins', () => {
    expect(run(parse(['-name', 'a', '--name=b'])).member.name).toBe('b');
    expect(run(parse(['--pre-vote=F'])).member.preVote).toBe(false);
    expect(run(parse(['--max-txn-ops', '0x10'])).member.maxTxnOps).toBe(16);
  });

  it('--help and --version win over what is wrong elsewhere', () => {
    expect(parse(['-h']).type).toBe('help');
    expect(parse(['--heartbeat-interval=0', '--help']).type).toBe('help');
    expect(parse(['--version'], { ETCD_HEARTBEAT_INTERVAL: 'x' }).type).toBe('version');
  });

  it('feature gates accumulate', () => {
    const { daemon } = run(
      parse(['--feature-gates=LeaseCheckpoint=true', '--feature-gates=CompactHashCheck=true']),
    );
    expect([...daemon.featureGates.keys()]).toEqual(['LeaseCheckpoint', 'CompactHashCheck']);
  });

  it('flags of old versions parse and do nothing', () => {
    expect(run(parse(['--force', '--v=true', '--snapshot'])).member.name).toBe('default');
  });
});

describe('environment', () => {
  it('counts below the command line and above the default', () => {
    const found = run(parse([], { ETCD_NAME: 'e', ETCD_PRE_VOTE: '' }));
    expect(found.member.name).toBe('e');
    expect(notes(found)).toContain('recognized and used environment variable');
  });

  it('B-151: a variable that a flag shadows is fatal', () => {
    const found = parse(['--name=a'], { ETCD_NAME: 'b' });
    expect(errors(found)).toEqual([
      'conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))',
    ]);
    expect(errors(parse(['--name=a'], { ETCD_NAME: '' }))).toHaveLength(1);
  });

  it('B-151: unknown variables only warn, whole, and so does an empty known one', () => {
    const found = run(
      parse([], { ETCD_PORT: '1', ETCD_PRE_VOTE: '', PATH: 'x', ETCD_VERSION: 'true' }),
    );
    expect(found.notes).toEqual(
      expect.arrayContaining([
        {
          level: 'warn',
          message: 'unrecognized environment variable',
          fields: { 'environment-variable': 'ETCD_PORT=1' },
        },
        {
          level: 'warn',
          message: 'unrecognized environment variable',
          fields: { 'environment-variable': 'ETCD_PRE_VOTE=' },
        },
        {
          level: 'warn',
          message: 'cannot set special environment variable',
          fields: { key: 'ETCD_VERSION', value: 'true' },
        },
      ]),
    );
  });

  it('B-163: a bad value names the variable', () => {
    expect(errors(parse([], { ETCD_HEARTBEAT_INTERVAL: 'x' }))).toEqual([
      'invalid value "x" for ETCD_HEARTBEAT_INTERVAL: parse error',
    ]);
  });
});

describe('checks between settings', () => {
  const listen = ['--listen-client-urls=http://127.0.0.1:1', '--advertise-client-urls=http://a:1'];

  it.each([
    ['B-153', ['--heartbeat-interval=0'], '--heartbeat-interval must be >0 (set to 0ms)'],
    ['B-153', ['--election-timeout=0'], '--election-timeout must be >0 (set to 0ms)'],
    [
      'B-153',
      ['--election-timeout=400'],
      '--election-timeout[400ms] should be at least as 5 times as --heartbeat-interval[100ms]',
    ],
    [
      'B-153',
      ['--election-timeout=60000'],
      '--election-timeout[60000ms] is too long, and should be set less than 50000ms',
    ],
    [
      'B-154',
      ['--listen-peer-urls=http://foo.example:1'],
      'expected IP in URL for binding (http://foo.example:1)',
    ],
    ['B-154', ['--listen-metrics-urls=http://:1'], 'expected IP in URL for binding (http://:1)'],
    [
      'B-154',
      [...listen, '--listen-client-http-urls=http://127.0.0.1:1'],
      'cannot bind both --listen-client-urls and --listen-client-http-urls on the same url http://127.0.0.1:1',
    ],
    [
      'B-154',
      ['--advertise-client-urls=http://:2379'],
      '--advertise-client-urls "http://:2379" must be in the format "host:port", "unix:/path/to/socket" or "unixs:/path/to/socket" (unexpected empty host (http://:2379))',
    ],
    [
      'B-155',
      ['--listen-client-urls=http://127.0.0.1:1'],
      '--advertise-client-urls is required when --listen-client-urls is set explicitly',
    ],
    [
      'B-155',
      ['--listen-client-urls='],
      '--advertise-client-urls is required when --listen-client-urls is set explicitly',
    ],
    [
      'B-156',
      ['--initial-cluster=a'],
      'error setting up initial cluster: URL scheme must be http, https, unix, or unixs: ',
    ],
    [
      'B-157',
      ['--discovery-token=x'],
      'both --discovery-token and --discovery-endpoints must be set',
    ],
    [
      'B-157',
      ['--initial-cluster=a=http://127.0.0.1:1', '--discovery-srv=x'],
      'multiple discovery or bootstrap flags are set. Choose one of "initial-cluster", "discovery-endpoints" or "discovery-srv"',
    ],
    [
      'B-157',
      ['--discovery-fallback=proxy'],
      `v2 proxy is deprecated, and --discovery-fallback can't be configured as "proxy"`,
    ],
    ['B-158', ['--auto-compaction-mode=x'], 'unknown auto-compaction-mode "x"'],
    ['B-158', ['--auto-compaction-mode='], 'undefined auto-compaction-mode'],
    [
      'B-158',
      ['--auto-compaction-retention=5x'],
      'error parsing CompactionRetention: time: unknown unit "x" in duration "5x"',
    ],
    [
      'B-158',
      ['--auto-compaction-retention=-1'],
      'error parsing CompactionRetention: time: missing unit in duration "-1"',
    ],
    [
      'B-158',
      ['--auto-compaction-retention=-1h'],
      'error parsing CompactionRetention: negative retention "-1h"',
    ],
    [
      'B-158',
      ['--auto-compaction-mode=revision', '--auto-compaction-retention=1.5h'],
      'error parsing CompactionRetention: a number of revisions is expected, not the duration "1.5h"',
    ],
    [
      'B-160',
      ['--tls-min-version=x'],
      'unexpected TLS version "x" (must be one of: TLS1.2, TLS1.3)',
    ],
    [
      'B-160',
      ['--tls-min-version=TLS1.3', '--tls-max-version=TLS1.2'],
      'min version (TLS1.3) is greater than max version (TLS1.2)',
    ],
    [
      'B-160',
      ['--tls-min-version=TLS1.3', '--cipher-suites=a'],
      'cipher suites cannot be configured when only TLS1.3 is enabled',
    ],
    ['B-164', ['--name='], '--name must not be empty'],
    [
      '§8',
      ['--feature-gates=LeaseCheckpointPersist=true'],
      'enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint',
    ],
    ['§9', ['--compact-hash-check-time=0'], '--compact-hash-check-time must be >0 (set to 0s)'],
    ['§16', ['--logger=foo'], 'unknown logger option "foo"'],
    ['§16', ['--logger=capnslog'], '--logger=capnslog is removed in v3.5'],
    ['§16', ['--log-format=x'], 'unknown log format: x, supported values json, console'],
    ['§16', ['--log-outputs=default,stderr'], 'multi logoutput for "default" is not supported yet'],
    [
      '§16',
      ['--enable-log-rotation'],
      '--log-outputs requires a single file path when --log-rotate-config-json is defined',
    ],
    ['§16', ['--log-level=foo'], 'unrecognized level: "foo"'],
  ])('%s: %j', (_row, words, text) => {
    expect(errors(parse(words))[0]).toBe(text);
  });

  it('finds all problems at once', () => {
    const found = errors(parse(['--heartbeat-interval=0', '--auto-compaction-mode=x', '--name=']));
    expect(found).toEqual([
      '--heartbeat-interval must be >0 (set to 0ms)',
      'unknown auto-compaction-mode "x"',
      '--name must not be empty',
    ]);
  });

  it('finds its cluster by DNS or by a token, when told so', () => {
    expect(run(parse([])).daemon.discovery).toEqual({ type: 'none' });
    const bySrv = run(parse(['--discovery-srv=example.com', '--discovery-srv-name=x']));
    expect(bySrv.daemon.discovery).toEqual({ type: 'srv', domain: 'example.com', suffix: 'x' });
    expect(bySrv.member.initialCluster).toEqual([]);
    const byToken = run(
      parse(['--discovery-token=t', '--discovery-endpoints=b:1,a:1', '--discovery-user=root']),
    );
    expect(byToken.daemon.discovery).toMatchObject({
      type: 'token',
      token: 't',
      endpoints: ['a:1', 'b:1'],
      requestTimeoutMs: 5000,
      dialTimeoutMs: 2000,
      keepaliveTimeMs: 2000,
      keepaliveTimeoutMs: 6000,
      insecureTransport: true,
      user: 'root',
      authToken: '',
    });
    const inFile =
      'discovery-config:\n  token: t\n  client:\n    endpoints: [a:1]\n' +
      '    secure: { server-name: s }\n    auth: { token: secret }';
    const fromFile = run(parseYaml(inFile));
    expect(fromFile.daemon.discovery).toMatchObject({ serverName: 's', authToken: 'secret' });
  });

  it('settings that only the file has are no flags and no variables', () => {
    const words = ['--discovery-auth-token=x'];
    expect(parse(words)).toMatchObject({
      type: 'usage',
      text: 'flag provided but not defined: -discovery-auth-token',
    });
    const found = parse([], { ETCD_CLIENT_CERT_ALLOWED_CN: 'x' });
    expect(notes(found)).toContain('unrecognized environment variable');
  });

  it('S-43 a password is written into no log, given as a variable or as a flag', () => {
    const said = JSON.stringify(run(parse([], { ETCD_DISCOVERY_PASSWORD: 'secret' })).notes);
    expect(said).not.toContain('secret');
    expect(said).toContain('ETCD_DISCOVERY_PASSWORD');
    const words = ['etcd', '--discovery-password=secret', '--name=a', '-discovery-password'];
    expect(withoutSecrets([...words, 'secret', '--discovery-user', 'u'])).toEqual([
      ...['etcd', '--discovery-password=***', '--name=a', '-discovery-password', '***'],
      ...['--discovery-user', 'u'],
    ]);
  });

  it('warns of every flag that has no effect', () => {
    const found = run(parse(['--memory-mlock', '--enable-pprof', '--name=a']));
    expect(found.notes.filter((note) => note.message === 'flag has no effect')).toHaveLength(2);
  });

  it('warns of TLS material beside plain addresses in the words of etcd', () => {
    const found = notes(parse(['--cert-file=a', '--client-cert-auth', '--peer-client-cert-auth']));
    expect(found).toContain(
      'scheme is http or unix while key and cert files are present; ignoring key and cert files',
    );
    expect(found.join()).toContain('--client-cert-auth is enabled; ignoring client cert auth');
    expect(found.join()).toContain('--peer-client-cert-auth is enabled');
  });

  it('warns of values that change nothing yet', () => {
    const found = run(parse(['--metrics=extensive', '--feature-gates=PriorityRequest=true']));
    const flags = found.notes
      .filter((note) => note.message === 'flag has no effect')
      .map((note) => note.fields?.['flag']);
    expect(flags).toEqual(['metrics', 'feature-gates']);
    expect(notes(parse(['--metrics=basic']))).not.toContain('flag has no effect');
  });

  it('warns of deprecated flags with the texts of etcd', () => {
    const found = notes(parse(['--max-snapshots=3', '--v2-deprecation=gone']));
    expect(found).toContain(
      '--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8.',
    );
    expect(found.join()).toContain('--v2-deprecation is deprecated and scheduled');
  });

  it('B-159: zero means the default for counts of entries, and negative no quota', () => {
    const { member } = run(parse(['--snapshot-count=0', '--quota-backend-bytes=-1']));
    expect(member.snapshotCount).toBe(10_000);
    expect(member.quotaBackendBytes).toBe(-1);
    expect(notes(parse(['--max-request-bytes=20000000']))).toContain(
      'exceeded recommended request limit',
    );
  });

  it('B-158: retention counts hours, durations, or revisions', () => {
    const compaction = (...words: string[]): unknown => run(parse(words)).member.autoCompaction;
    expect(compaction('--auto-compaction-retention=2')).toEqual({
      mode: 'periodic',
      retentionMs: 7_200_000,
    });
    expect(compaction('--auto-compaction-retention=5m')).toEqual({
      mode: 'periodic',
      retentionMs: 300_000,
    });
    expect(
      compaction('--auto-compaction-mode=revision', '--auto-compaction-retention=1000'),
    ).toEqual({
      mode: 'revision',
      retentionRevisions: 1000,
    });
  });

  it('a changed name makes its own initial cluster, a changed address does not', () => {
    const named = run(
      parse(['--name=a', '--initial-advertise-peer-urls=http://127.0.0.1:1']),
    ).member;
    expect(named.initialCluster).toEqual([{ name: 'a', peerUrls: ['http://127.0.0.1:1'] }]);
    const moved = run(parse(['--initial-advertise-peer-urls=http://127.0.0.1:1'])).member;
    expect(bootstrapProblem(moved, 'they differ')).toBe(
      '--initial-cluster has default=http://localhost:2380 but missing from --initial-advertise-peer-urls=http://127.0.0.1:1 (they differ)',
    );
  });

  it('B-156: a member that is not in its own initial cluster', () => {
    const { member } = run(parse(['--initial-cluster=a=http://127.0.0.1:1']));
    expect(bootstrapProblem(member, undefined)).toBe(
      `couldn't find local name "default" in the initial cluster configuration`,
    );
  });
});

describe('configuration file', () => {
  const goField = 'error unmarshaling JSON: while decoding JSON: json: cannot unmarshal';

  it('replaces flags and environment altogether', () => {
    const found = run(
      parseConfig(['--config-file=x', '--name=flag'], { ETCD_DATA_DIR: 'env' }, () => ({
        text: 'name: file\nlisten-client-urls: http://127.0.0.1:1\ncorrupt-check-time: 1000000000\n',
      })),
    );
    expect(found.member.name).toBe('file');
    expect(found.member.dataDir).toBe('file.etcd');
    // In a file the listen address does not cancel the default of the advertised one.
    expect(found.member.advertiseClientUrls).toEqual(['http://localhost:2379']);
    expect(notes(found)[0]).toMatch(/^loaded server configuration, other configuration/);
  });

  it('is found by its variable', () => {
    const found = parseConfig([], { ETCD_CONFIG_FILE: 'y' }, () => ({ text: 'name: file' }));
    expect(run(found).member.name).toBe('file');
  });

  it('reads nested sections and lists', () => {
    const { daemon, member } = run(
      parseYaml(
        'socket-options:\n  reuse-port: true\nlog-outputs: [stderr]\nfeature-gates: LeaseCheckpoint=true\npre-vote: false\nauto-compaction-retention: "5m"\n',
      ),
    );
    expect(daemon.socketReusePort).toBe(true);
    expect(daemon.logging.outputs).toEqual(['stderr']);
    expect(member).toMatchObject({ leaseCheckpoint: true, preVote: false });
  });

  it('B-152: a missing file, and an empty one', () => {
    expect(errors(parse(['--config-file=/nope']))).toEqual([
      'open /nope: no such file or directory',
    ]);
    expect(run(parseYaml('')).member.name).toBe('default');
  });

  it.each([
    [
      'snapshot-count: "x"',
      `${goField} string into Go struct field configYAML.Config.snapshot-count of type uint64`,
    ],
    [
      'snapshot-count: -1',
      `${goField} number -1 into Go struct field configYAML.Config.snapshot-count of type uint64`,
    ],
    [
      'snapshot-count: 1.5',
      `${goField} number 1.5 into Go struct field configYAML.Config.snapshot-count of type uint64`,
    ],
    [
      'max-concurrent-streams: 99999999999',
      `${goField} number 99999999999 into Go struct field configYAML.Config.max-concurrent-streams of type uint32`,
    ],
    ['name: 5', `${goField} number into Go struct field configYAML.Config.name of type string`],
    ['name: [a]', `${goField} array into Go struct field configYAML.Config.name of type string`],
    [
      'name: {a: 1}',
      `${goField} object into Go struct field configYAML.Config.name of type string`,
    ],
    ['name: true', `${goField} bool into Go struct field configYAML.Config.name of type string`],
    [
      'auto-compaction-retention: 1',
      `${goField} number into Go struct field configYAML.Config.auto-compaction-retention of type string`,
    ],
    [
      'corrupt-check-time: 10m',
      `${goField} string into Go struct field configYAML.Config.corrupt-check-time of type time.Duration`,
    ],
    [
      'listen-client-urls: 5',
      `${goField} number into Go struct field configYAML.configJSON.listen-client-urls of type string`,
    ],
    [
      'listen-client-urls: foo',
      'unexpected error setting up listen-client-urls: URL scheme must be http, https, unix, or unixs: foo',
    ],
    [
      'advertise-client-urls: foo',
      'unexpected error setting up advertise-peer-urls: URL scheme must be http, https, unix, or unixs: foo',
    ],
    [
      'cors: [a]',
      `${goField} array into Go struct field configYAML.configJSON.cors of type string`,
    ],
    ['feature-gates: x', 'missing bool value for x'],
    [
      'client-transport-security: x',
      `${goField} string into Go struct field configYAML.configJSON.client-transport-security of type embed.securityConfig`,
    ],
    [
      'client-transport-security:\n  cert-file: 5',
      `${goField} number into Go struct field securityConfig.configJSON.client-transport-security.cert-file of type string`,
    ],
    [
      'peer-transport-security:\n  allowed-cn: x',
      `${goField} string into Go struct field securityConfig.configJSON.peer-transport-security.allowed-cn of type []string`,
    ],
    [
      'log-outputs: x',
      `${goField} string into Go struct field configYAML.Config.log-outputs of type []string`,
    ],
    [
      'log-outputs: [5]',
      `${goField} number into Go struct field configYAML.Config.log-outputs of type string`,
    ],
    [
      'discovery-config: x',
      `${goField} string into Go struct field configYAML.Config.discovery-config of type v3discovery.DiscoveryConfig`,
    ],
    [
      'discovery-config:\n  client: x',
      `${goField} string into Go struct field DiscoveryConfig.Config.discovery-config.client of type clientv3.ConfigSpec`,
    ],
    [
      'discovery-config:\n  client:\n    endpoints: x',
      `${goField} string into Go struct field ConfigSpec.Config.discovery-config.client.endpoints of type []string`,
    ],
    [
      'socket-options: 1',
      `${goField} number into Go struct field configYAML.Config.socket-options of type transport.SocketOpts`,
    ],
    ['[]', `${goField} array into Go value of type embed.configYAML`],
    ['x', `${goField} string into Go value of type embed.configYAML`],
    ['initial-cluster-state: foo', 'unexpected clusterState "foo"'],
  ])('B-152: %j', (text, expected) => {
    expect(errors(parseYaml(text))[0]).toBe(expected);
  });

  it('B-152: broken YAML names its line; a key that is there twice is broken', () => {
    expect(errors(parseYaml('name: a\nx: [\n'))[0]).toMatch(
      /^error converting YAML to JSON: yaml: line \d+: /,
    );
    expect(errors(parseYaml('name: a\nname: b\n'))[0]).toMatch(/line 2: .*unique/);
  });

  it('B-152: unknown keys are reported, not fatal', () => {
    const found = run(parseYaml('nmae: a\nclient-transport-security:\n  cret-file: b\n'));
    expect(
      found.notes.filter((n) => n.message === 'unrecognized key in configuration file'),
    ).toEqual([
      expect.objectContaining({ fields: { key: 'nmae' } }),
      expect.objectContaining({ fields: { key: 'client-transport-security.cret-file' } }),
    ]);
  });

  it('B-152: alias bombs and tags of other languages do nothing', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let level = 0; level < 8; level += 1) {
      const name = String.fromCharCode(97 + level);
      const next = String.fromCharCode(98 + level);
      bomb.push(`${next}: &${next} [${Array(9).fill(`*${name}`).join(', ')}]`);
    }
    expect(errors(parseYaml(bomb.join('\n')))).toEqual([
      'yaml: document contains excessive aliasing',
    ]);
    expect(errors(parseYaml('name: !!js/function "function () {}"\n'))[0]).toMatch(
      /line 1: Unresolved tag/,
    );
  });
});
