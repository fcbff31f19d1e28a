/**
 * What `zrun exec`, `ping` and `facts` answer: each row is a command, as it is typed, and all that it writes. The hosts
 * are this machine (local transport, a real sh); the last story has a real sshd.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { freePort, sshdMissing, startSshd, type Sshd } from '../../integration/sshd.js';
import { skipFor } from '../../integration/skip.js';
import { zrun, type Ended } from '../fake-environment.js';

const HOSTS = `all:
  vars: {ansible_connection: local}
  children:
    web: {hosts: {'web[1:3]': }}
    db: {hosts: {db1: }}
`;

interface Wanted {
  readonly code: number;
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
}

describe('zrun exec', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'zrun-exec-'));
    writeFileSync(path.join(folder, 'hosts.yaml'), HOSTS);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** How long it took is not compared. */
  async function start(argv: readonly string[]): Promise<Ended> {
    const { code, stdout, stderr } = await zrun(argv, { cwd: folder, homeFolder: folder });
    const settled = stdout.replaceAll(folder, 'FOLDER').replace(/; [\d.]+ m?s$/m, '; TIME');
    return { code, stdout: settled, stderr: stderr.replaceAll(folder, 'FOLDER') };
  }

  const rows: readonly (readonly [what: string, argv: readonly string[], wanted: Wanted])[] = [
    [
      'folds equal answers over their hosts, the largest group first',
      [
        'all',
        '-i',
        'hosts.yaml',
        '-m',
        'shell',
        '-a',
        'case {{inventory_hostname}} in db*) echo b;; *) echo a;; esac',
      ],
      { code: 0, stdout: 'web[1-3] (3 hosts):\n    a\ndb1:\n    b\n4 hosts: 4 answered; TIME\n', stderr: '' },
    ],
    [
      'gives the output of one host as it is',
      ['web1', '-i', 'hosts.yaml', '--', 'echo out; echo err >&2'],
      { code: 0, stdout: 'out\n', stderr: 'err\n' },
    ],
    [
      'takes several words as they are, and reads no template in them',
      ['web1', '-i', 'hosts.yaml', '--', 'echo', '{{.Names}}', '$HOME', 'a  b'],
      { code: 0, stdout: '{{.Names}} $HOME a  b\n', stderr: '' },
    ],
    [
      'has a shell read a single word',
      ['web1', '-i', 'hosts.yaml', '--', 'echo a | tr a b'],
      { code: 0, stdout: 'b\n' },
    ],
    [
      'says how a command failed, with all that it wrote',
      ['web', '-i', 'hosts.yaml', '--', 'echo out; echo err >&2; exit 3'],
      {
        code: 2,
        stdout: 'web[1-3] (3 hosts): exit code 3\n    out\n    err\n3 hosts: 3 failed; TIME\n',
        stderr: '',
      },
    ],
    [
      'says that there is no such program',
      ['web1', '-i', 'hosts.yaml', '--', 'nosuchprogram'],
      {
        code: 2,
        stdout: '',
        stderr: /not found\nweb1: failed: the host has no program 'nosuchprogram'\n1 host: 1 failed; /,
      },
    ],
    [
      'keeps how a command failed on one host out of what it wrote',
      ['web1', '-i', 'hosts.yaml', '--', 'echo out; echo err >&2; exit 3'],
      { code: 2, stdout: 'out\n', stderr: /^err\nweb1: exit code 3\n1 host: 1 failed; / },
    ],
    [
      'says that there was no output',
      ['web', '-i', 'hosts.yaml', '--', 'true'],
      { code: 0, stdout: 'web[1-3] (3 hosts): no output\n3 hosts: 3 answered; TIME\n' },
    ],
    [
      'needs no inventory for this machine',
      ['localhost', '--', 'echo', 'here'],
      { code: 0, stdout: 'here\n' },
    ],
    [
      "reads Ansible's name=value",
      [
        'web1',
        '-i',
        'hosts.yaml',
        '-C',
        '-D',
        '-m',
        'copy',
        '-a',
        'content="a b\\n" dest=/nowhere-x mode=0640',
      ],
      {
        code: 0,
        stdout:
          'web1: would change: create /nowhere-x\n    --- before: (no such file)\n    +++ after: /nowhere-x\n    @@ -0,0 +1 @@\n    +a b\n',
      },
    ],
    [
      'reads JSON',
      ['localhost', '-m', 'debug', '-a', '{"msg": "a: {{inventory_hostname}}"}'],
      { code: 0, stdout: 'localhost: ok\n    a: localhost\n' },
    ],
    [
      'reads parameters among the words of a command',
      ['localhost', '-a', 'pwd chdir=/usr'],
      { code: 0, stdout: '/usr\n' },
    ],
    [
      "takes Ansible's long names of modules",
      ['localhost', '-m', 'ansible.builtin.ping'],
      { code: 0, stdout: 'localhost: ok: answers\n    ping: pong\n' },
    ],
    [
      'points at what is wrong in -a',
      ['localhost', '-m', 'copy', '-a', 'content=x det=/x'],
      {
        code: 4,
        stdout: '',
        stderr:
          "error: -a:1:11: 'copy' has no parameter 'det'\n  1 | content=x det=/x\n    |           ^^^\n  hint: did you mean 'dest'?\n",
      },
    ],
    [
      'knows the nearest module',
      ['localhost', '-m', 'copyy', '-a', 'a=b'],
      {
        code: 4,
        stderr:
          "error: -m:1:1: there is no module 'copyy'\n  1 | copyy\n    | ^^^^^\n  hint: did you mean 'copy'?\n",
      },
    ],
    [
      'refuses a word that is no name=value',
      ['localhost', '-m', 'file', '-a', '/etc/hosts'],
      {
        code: 4,
        stderr:
          "error: -a:1:1: '/etc/hosts' is no name=value\n  1 | /etc/hosts\n    | ^^^^^^^^^^\n" +
          '  hint: write name=value, as in path=…, or a map in JSON; zrun doc file lists the names\n',
      },
    ],
    [
      'says where a command belongs',
      ['web', 'uptime', '-i', 'hosts.yaml'],
      {
        code: 4,
        stderr:
          "error: 'uptime' stands where nothing belongs\n" +
          '  hint: a command stands behind --: zrun exec web -- uptime; several hosts have commas between them\n',
      },
    ],
    [
      'needs something to do',
      ['web', '-i', 'hosts.yaml'],
      {
        code: 4,
        stderr:
          'error: nothing to do is given\n  hint: zrun exec web -- COMMAND, or zrun exec web -m MODULE -a ARGS\n',
      },
    ],
    ['needs hosts', [], { code: 4, stderr: /^error: no host is named\n {2}hint: zrun exec PATTERN: a host/ }],
    [
      'knows the nearest host',
      ['weeb', '-i', 'hosts.yaml', '--', 'true'],
      { code: 4, stderr: /the pattern names 'weeb'[\s\S]*did you mean 'web'/ },
    ],
    [
      'needs an inventory for any other host',
      ['web', '--', 'true'],
      { code: 4, stderr: /^error: no inventory is given\n/ },
    ],
    ['says what is not there instead', ['web', '-c', 'local'], { code: 4, stderr: /unknown option -c/ }],
  ];
  for (const [what, argv, wanted] of rows) {
    it(what, async () => {
      const ended = await start(['exec', ...argv]);
      expect(ended.code, ended.stderr + ended.stdout).to.equal(wanted.code);
      for (const name of ['stdout', 'stderr'] as const) {
        const text = wanted[name];
        if (text instanceof RegExp) expect(ended[name]).to.match(text);
        else if (text !== undefined) expect(ended[name]).to.equal(text);
      }
    });
  }

  it('shows no escape sequence of several hosts', async () => {
    const { stdout } = await start(['exec', 'web', '-i', 'hosts.yaml', '--', "printf '\\033]0;x\\007'"]);
    expect(stdout).to.contain('\\x1b]0;x\\x07\n');
  });

  describe('of one host, into a file', () => {
    const main = path.resolve(import.meta.dirname, '../../../src/main.ts');
    /** In a process of its own, whose bytes are seen. */
    function startAlone(argv: readonly string[], out?: number): Ended & { readonly bytes: Buffer } {
      const words = ['--import', import.meta.resolve('tsx'), main, 'exec', ...argv];
      const { status, stdout, stderr } = spawnSync(process.execPath, words, {
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: folder },
        stdio: ['ignore', out ?? 'pipe', 'pipe'],
        maxBuffer: 1 << 26,
      });
      const bytes = out === undefined ? stdout : Buffer.alloc(0);
      return { code: status ?? -1, stdout: '', stderr: stderr.toString('utf8'), bytes };
    }

    it('gives all bytes as they are', () => {
      const given = Buffer.from(Array.from({ length: 1_200_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
      writeFileSync(path.join(folder, 'given'), given);
      const { code, stderr, bytes } = startAlone(['localhost', '--', 'cat', path.join(folder, 'given')]);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(bytes.equals(given)).to.equal(true);
    });

    it('hides secrets between bytes that are no text', () => {
      writeFileSync(path.join(folder, 'vars.yaml'), '# zrun: secret\ntoken: correct-horse\n');
      const { stderr, bytes } = startAlone([
        ...['localhost', '-e', '@vars.yaml', '--'],
        "printf '\\377correct-'; sleep 0.2; printf 'horse\\376\\n'; printf 'correct-horse' >&2",
      ]);
      expect(bytes).to.deep.equal(
        Buffer.concat([Buffer.from([0xff]), Buffer.from('••••••'), Buffer.from([0xfe, 0x0a])]),
      );
      expect(stderr).to.equal('••••••');
    });

    it('that takes no more: does not end well', function () {
      skipFor(this, existsSync('/dev/full') ? undefined : 'needs /dev/full');
      const full = openSync('/dev/full', 'w');
      const { code, stderr } = startAlone(['localhost', '--', 'seq', '100000'], full);
      closeSync(full);
      expect(code).to.equal(1);
      expect(stderr).to.match(/^zrun: standard output cannot be written \(ENOSPC.*\)\n$/);
    });
  });

  it('gives JSON, an entry for each host', async () => {
    const { stdout } = await start(['exec', 'web', '-i', 'hosts.yaml', '--json', '--', 'echo', 'hi']);
    const answers = JSON.parse(stdout) as readonly {
      host: string;
      status: string;
      result: { stdout: string };
    }[];
    expect(answers.map(({ host }) => host)).to.have.members(['web1', 'web2', 'web3']);
    for (const { status, result } of answers)
      expect([status, result.stdout]).to.deep.equal(['changed', 'hi']);
  });

  it('changes what it is told to change, and leaves no run behind', async () => {
    const file = path.join(folder, 'made');
    await start(['exec', 'localhost', '-m', 'copy', '-a', `content=x dest=${file}`]);
    expect(readFileSync(file, 'utf8')).to.equal('x');
    expect(existsSync(path.join(folder, '.local'))).to.equal(false);
  });

  it('ping: says who answers', async () => {
    const port = await freePort();
    writeFileSync(
      path.join(folder, 'hosts.yaml'),
      `${HOSTS}  hosts: {'gone[1:2]': {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: ${port}}}\n`,
    );
    const { code, stdout } = await start(['ping', 'all', '-i', 'hosts.yaml']);
    expect(stdout).to.equal(
      'db1, web[1-3] (4 hosts): pong\n' +
        `gone[1-2] (2 hosts): unreachable: cannot connect to <host> (<address> port ${port}): connection refused\n` +
        '    hint: Is sshd running there, and is this the right port?\n' +
        '6 hosts: 4 answered, 2 unreachable; TIME\n',
    );
    expect(code).to.equal(3);
  });

  it('ping and facts: have no --check and no --diff, since they change nothing', async () => {
    for (const verb of ['ping', 'facts']) {
      expect((await start([verb, '--help'])).stdout).not.to.match(/--check|--diff/);
      for (const option of ['-C', '--diff'])
        expect(await start([verb, 'localhost', option])).to.deep.equal({
          code: 4,
          stdout: '',
          stderr: `error: unknown option ${option}\n  hint: this verb changes nothing: leave it out\n`,
        });
    }
  });

  const keys: readonly (readonly [name: string, message: string])[] = [
    ['nope', 'error: there is no private key nope\n'],
    ['open', 'error: the private key open is not safe: others than its owner can read it (mode 0644)\n'],
    ['text', 'error: the private key text cannot be used: '],
    ['.', 'error: the private key . cannot be used: it is a folder\n'],
    ['', 'error: --private-key is empty\n'],
  ];
  for (const [name, message] of keys)
    it(`--private-key '${name}' is refused before a host is tried`, async () => {
      for (const file of ['open', 'text'])
        writeFileSync(path.join(folder, file), 'no key\n', { mode: 0o600 });
      chmodSync(path.join(folder, 'open'), 0o644);
      const { code, stdout, stderr } = await start([
        'ping',
        'all',
        '-i',
        'hosts.yaml',
        '--private-key',
        name,
      ]);
      expect(stderr).to.contain(message);
      expect([code, stdout]).to.deep.equal([4, '']);
    });

  it('facts: gives a part by its name, or all in lines that a condition can use', async () => {
    const { stdout } = await start(['facts', 'localhost', 'host.kernel']);
    expect(stdout).to.match(/^\d+\.\d+.*\n$/);
    const flat = (await start(['facts', 'localhost', '--flat'])).stdout;
    expect(flat).to.contain(`facts.host.kernel: ${stdout}`);
    const whole = (await start(['facts', 'localhost'])).stdout;
    expect(whole).to.match(/^facts:\n(?: .*\n)+ {2}host:\n/);
    const { code, stderr } = await start(['facts', 'localhost', 'facts.host.kernl']);
    expect([code, stderr]).to.deep.equal([
      4,
      "error: there is no fact 'host.kernl'\n  hint: did you mean 'host.kernel'?\n",
    ]);
    for (const name of ['ansible_os_family', 'os_family', 'ansible_facts.os_family'])
      expect((await start(['facts', 'localhost', name])).stderr).to.equal(
        `error: there is no fact '${name}'\n  hint: zrun's is called facts.os.family\n`,
      );
  });
});

describe('zrun exec over a real sshd', () => {
  let sshd: Sshd | undefined;
  before(async function () {
    skipFor(this, sshdMissing());
    sshd = await startSshd();
  });
  after(() => sshd?.stop());

  it('logs in, and hands over what is on the command line', async () => {
    if (!sshd) return;
    const { folder, port, user, privateKeyFile, knownHostsFile } = sshd;
    const hosts = ['one', 'two'].map(
      (name) => `    ${name}: {ansible_host: 127.0.0.1, ansible_port: ${port}}\n`,
    );
    writeFileSync(
      path.join(folder, 'hosts.yaml'),
      `all:\n  vars: {zrun_known_hosts_file: ${knownHostsFile}}\n  hosts:\n${hosts.join('')}`,
    );
    const options = ['-i', 'hosts.yaml', '-u', user, '--private-key', privateKeyFile];
    const { code, stdout, stderr } = await zrun(['exec', 'all', ...options, '--', 'whoami'], {
      cwd: folder,
      homeFolder: folder,
    });
    expect(stderr).to.equal('');
    expect(stdout).to.match(new RegExp(`^one, two \\(2 hosts\\):\\n    ${user}\\n2 hosts: 2 answered; `));
    expect(code).to.equal(0);
  });
});
