/**
 * Owns the tests of what a boot does with a data-root that was moved: the unit that loads its key, and the lists of
 * zfs-mount-generator that name the old dataset. Run on this machine, with stand-ins for zfs(8) and systemd.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { isMap, type Value } from '../../src/core/value.js';
import { play } from '../engine/play.js';
import { runProgram, withFolder } from '../modules/harness.js';
import { projectRoot } from './outcome.js';

const inProject = (name: string): string => path.join(projectRoot, name);

async function standIn(folder: string, name: string, script: string): Promise<void> {
  await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

async function perform(text: string): Promise<void> {
  const { outcome, lines } = await play(text);
  expect(outcome.exitCode, lines.join('\n')).to.equal(0);
}

describe('the unit that loads the key', () => {
  const unitFor = async (volume: string, root: string, keylocation: string): Promise<string> => {
    let unit = '';
    await withFolder(async (folder) => {
      const file = path.join(folder, 'unit');
      // JSON has no tags.
      const cel = { tag: '!cel', resolve: (text: string) => `{{cel "${text.replaceAll('"', '\\"')}"}}` };
      const text = await readFile(inProject('playbooks/vars/overlay2.yaml'), 'utf8');
      const all = parse(text, { customTags: [cel] }) as Value;
      const made = Object.entries(isMap(all) ? all : {}).filter(([name]) => /^(is_)?key_/.test(name));
      const vars = { ...Object.fromEntries(made), volume, key_root: root, key_location: keylocation };
      await perform(`
- hosts: all
  gather_facts: false
  vars: ${JSON.stringify({ ...vars, loaders: { stdout_lines: ['fetch-keys.service'] } })}
  tasks:
    - template: {src: '${inProject('templates/docker-key.service.hbs')}', dest: '${file}'}
`);
      unit = await readFile(file, 'utf8');
    });
    return unit;
  };

  /** The script in it, as systemd reads a command (systemd.service(5)). */
  const scriptIn = (unit: string): string => {
    const [, script = ''] = /^ExecStart=\/bin\/sh -c '([^']*)'$/m.exec(unit.replaceAll('\\\n', ' ')) ?? [];
    expect(script).not.to.equal('');
    expect(script).not.to.match(/[\\%]/);
    return script.replaceAll('$$', '\0').replaceAll('\0', '$');
  };

  it('reads names as they are, and goes after whoever else loads keys', async () => {
    const unit = await unitFor('tank/my data/50%', 'tank/en-c d', 'file:///keys/a "b" 5%\\x');
    expect(unit).to.contain('\nEnvironment="VOLUME=tank/my data/50%%"\n');
    expect(unit).to.contain('\nRequiresMountsFor="/keys/a \\"b\\" 5%%\\\\x"\n');
    expect(unit).to.match(
      /^After=zfs-import\.target .* zfs-load-key-tank-en\\x2dc\\x20d\.service zfs-load-key@tank-en\\x2dc\\x20d\.service fetch-keys\.service$/m,
    );
    expect(unit).not.to.contain('network-online');
  });

  it('waits for the network where the key comes from there', async () => {
    const unit = await unitFor('tank/v', 'tank', 'https://keys.example/k');
    expect(unit).to.contain('Wants=network-online.target\nAfter=network-online.target\n');
    expect(unit).not.to.contain('RequiresMountsFor');
  });

  const cases: readonly {
    readonly what: string;
    readonly loads: string;
    readonly keylocation?: string;
    readonly status: number;
    readonly calls?: RegExp;
    readonly asks?: string;
  }[] = [
    { what: 'loads the key', loads: 'touch "$0.loaded"', status: 0, calls: /^load-key tank\/enc$/m },
    {
      what: 'is content where somebody else was faster',
      loads: 'touch "$0.loaded"; echo already loaded >&2; exit 1',
      status: 0,
    },
    {
      what: 'gives up after three times, and lets nobody wait for the device',
      loads: 'exit 1',
      status: 1,
      calls: /^cancel 77$/m,
    },
    {
      what: 'asks for a passphrase',
      keylocation: 'prompt',
      loads: '[ "$(cat)" = secret ] && touch "$0.loaded"',
      status: 0,
      calls: /^ask .* Enter passphrase for tank\/enc:$/m,
    },
    {
      what: 'asks no longer where somebody has loaded it meanwhile',
      keylocation: 'prompt',
      asks: 'touch "${0%/*}/zfs.loaded"; exec tail -f /dev/null',
      loads: 'cat >/dev/null; exit 1',
      status: 0,
    },
  ];

  for (const { what, loads, keylocation = 'file:///k', status, calls, asks = 'echo secret' } of cases) {
    it(what, () =>
      withFolder(async (folder) => {
        const log = path.join(folder, 'log');
        await standIn(
          folder,
          'zfs',
          `case "$*" in
'get -H -o value encryptionroot tank/v') echo tank/enc ;;
'get -H -o value keystatus tank/enc') [ -e "$0.loaded" ] && echo available || echo unavailable ;;
'get -H -o value keylocation tank/enc') echo '${keylocation}' ;;
'load-key tank/enc') echo "$*" >>'${log}'; ${loads} ;;
*) exit 2 ;;
esac`,
        );
        await standIn(folder, 'sleep', ':');
        await standIn(folder, 'systemd-ask-password', `echo "ask $*" >>'${log}'; ${asks}`);
        await standIn(folder, 'systemd-escape', 'echo dev-v.device');
        await standIn(folder, 'systemctl', `case $1 in show) echo 77 ;; *) echo "$*" >>'${log}' ;; esac`);
        const script = scriptIn(await unitFor('tank/v', 'tank/enc', keylocation));
        const run = await runProgram(
          'env',
          [`PATH=${folder}:${process.env['PATH'] ?? ''}`, 'VOLUME=tank/v', 'setsid', 'sh', '-c', script],
          { stdin: undefined, killed: 128 },
        );
        expect(run.status, run.stderr.toString()).to.equal(status);
        expect(await readFile(log, 'utf8')).to.match(calls ?? /./);
      }),
    );
  }
});

describe('lists of zfs-mount-generator that nobody keeps up to date', () => {
  const line = (name: string, at: string, canmount = 'on'): string =>
    `${name}\t${at}\t${canmount}\ton\ton\ton\ton\toff\ton\toff\ttank/enc\tnone${'\t-'.repeat(8)}\n`;
  const tank = [
    line('tank', 'none', 'off'),
    line('tank/enc/docker', '/var/lib/docker'),
    line('tank/home', '/srv/home'),
  ].join('');
  const old = line('gone/docker', '//var/lib/docker');

  const tasks = (folder: string, file: string): string => `
- hosts: all
  gather_facts: false
  environment: {PATH: '${folder}:${process.env['PATH'] ?? ''}'}
  vars:
    zfs_lists: '${folder}/lists'
    cached_before: '${folder}/saved'
    data_root: /var/lib/docker
    dataset: tank/enc/docker
    facts: {data_root: {cached: []}}
  tasks:
    - import_tasks: ${inProject(`playbooks/tasks/${file}`)}
`;

  async function withLists(test: (folder: string, read: (list: string) => Promise<string>) => Promise<void>) {
    await withFolder(async (folder) => {
      await mkdir(path.join(folder, 'lists'));
      await writeFile(path.join(folder, 'lists/tank'), tank);
      await writeFile(path.join(folder, 'lists/gone pool'), old);
      await standIn(
        folder,
        'zfs',
        `case "$*" in *mountpoint' tank/home') echo /srv/home ;; *encryptionroot*) echo - ;; *) exit 1 ;; esac`,
      );
      await test(folder, (list) => readFile(path.join(folder, 'lists', list), 'utf8'));
    });
  }

  it('lose the line of the old dataset, and have it again, byte for byte', () =>
    withLists(async (folder, read) => {
      // What was interrupted is resumed: the second time finds nothing.
      for (const time of ['first', 'second']) {
        await perform(tasks(folder, 'forget-old-mount.yaml'));
        expect(await read('tank'), time).to.equal(
          line('tank', 'none', 'off') + line('tank/home', '/srv/home'),
        );
        expect(await read('gone pool'), time).to.equal('');
      }
      for (const time of ['first', 'second']) {
        await perform(tasks(folder, 'recall-old-mount.yaml'));
        expect(await read('tank'), time).to.equal(tank);
        expect(await read('gone pool'), time).to.equal(old);
      }
    }));

  it('keep a line that ZFS itself means so', () =>
    withLists(async (folder, read) => {
      await standIn(folder, 'zfs', 'echo /var/lib/docker');
      await perform(tasks(folder, 'forget-old-mount.yaml'));
      expect(await read('tank')).to.equal(tank);
    }));

  it('are left as they are where ZED has mended them meanwhile, or somebody has removed one', () =>
    withLists(async (folder, read) => {
      await perform(tasks(folder, 'forget-old-mount.yaml'));
      const mended = line('tank/enc/docker', '/var/lib/docker') + line('tank/enc/new', 'legacy');
      await writeFile(path.join(folder, 'lists/tank.new'), mended);
      await rename(path.join(folder, 'lists/tank.new'), path.join(folder, 'lists/tank'));
      await rm(path.join(folder, 'lists/gone pool'));
      await perform(tasks(folder, 'recall-old-mount.yaml'));
      expect(await read('tank')).to.equal(mended);
    }));
});
