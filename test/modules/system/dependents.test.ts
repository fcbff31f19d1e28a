/** Which units count as depending on Docker, by what systemctl prints of them; the lab asks a real systemd. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { sh } from '../../../src/core/shell.js';
import {
  dependentsScript,
  isActive,
  isToBeHeld,
  parseDependents,
} from '../../../src/modules/system/dependents.js';
import { localRun, withFolder } from '../harness.js';

interface Unit {
  readonly id: string;
  readonly state?: string;
  /** Further lines of `systemctl show`. */
  readonly lines?: readonly string[];
}

const exec = (argv: string, key = 'ExecStart'): string =>
  `${key}={ path=${argv.split(' ')[0] ?? ''} ; argv[]=${argv} ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }`;

const loaded = (file: string): string[] => ['LoadState=loaded', `FragmentPath=${file}`];

const once = ['Type=oneshot', 'RemainAfterExit=yes', 'MainPID=0'];

/** What the script prints for Docker's two units, where systemctl knows these. */
async function dependentsOf(
  units: readonly Unit[],
  options: {
    readonly mounts?: string;
    readonly root?: string;
    readonly isDocker?: boolean;
    readonly script?: string;
    readonly below?: string;
  } = {},
): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await withFolder(async (folder) => {
    const bin = path.join(folder, 'bin');
    await mkdir(bin);
    const blocks = [
      ...units,
      { id: 'docker.service' },
      { id: 'docker.socket', lines: ['Triggers=docker.service'] },
    ];
    const text = blocks
      .map(({ id, state = 'active running', lines = [] }: Unit) => {
        const [active = '', sub = ''] = state.split(' ');
        return [...lines, `Id=${id}`, `ActiveState=${active}`, `SubState=${sub}`].join('\n');
      })
      .join('\n\n')
      .replaceAll('@BIN@', bin);
    await writeFile(path.join(folder, 'units'), `${text}\n`);
    await writeFile(
      path.join(bin, 'systemctl'),
      `#!/bin/sh
case "$*" in
'show --no-pager --value -p RequiredBy,RequisiteOf,BoundBy,ConsistsOf docker.service docker.socket${options.root === undefined ? '' : ` ${options.root}`}') echo '${options.mounts ?? ''}' ;;
'show --no-pager --all -p Id,'*) cat '${folder}/units' ;;
*) echo "unexpected: $*" >&2; exit 9 ;;
esac
`,
    );
    await chmod(path.join(bin, 'systemctl'), 0o755);
    if (options.script !== undefined) await writeFile(path.join(bin, 'start-app'), options.script);
    const { shellText } = dependentsScript(
      sh`docker.service docker.socket ${options.root === undefined ? [] : [options.root]}`,
      options.isDocker ?? true,
      options.below,
    );
    const output = await localRun()({ shellText: `PATH='${bin}':$PATH; export PATH\n${shellText}` });
    expect(output.stderr.toString()).to.equal('');
    found = parseDependents(output.stdout.toString().split('\n')).map(
      (each) =>
        `${each.unit} ${each.how}${isToBeHeld(each) ? '' : ' left'}${isActive(each) ? '' : ' idle'}${each.obstacle === undefined ? '' : ` ${each.obstacle}`}${each.isJob === true ? ' job' : ''}${each.stopsWithDocker === true ? ' with-docker' : ''}`,
    );
  });
  return found;
}

describe('units that depend on Docker', () => {
  for (const [what, units, expected, options] of [
    ['none', [{ id: 'cron.service', lines: ['Requires=system.slice', exec('/usr/sbin/cron -f')] }], []],
    [
      'one that requires it',
      [{ id: 'app.service', lines: ['Requires=system.slice docker.service'] }],
      ['app.service requires'],
    ],
    [
      'one that is bound to its socket',
      [{ id: 'app.service', lines: ['BindsTo=docker.socket'] }],
      ['app.service requires'],
    ],
    [
      'one that is part of it',
      [{ id: 'app.service', lines: ['PartOf=docker.service'] }],
      ['app.service requires'],
    ],
    [
      'at a distance, in whichever order they are told',
      [
        { id: 'c.service', lines: ['Requires=b.target'] },
        { id: 'b.target', lines: ['Requisite=a.service'] },
        { id: 'a.service', lines: ['Requires=docker.service'] },
      ],
      ['a.service requires', 'b.target requires', 'c.service requires'],
    ],
    [
      'one that only comes after it',
      [{ id: 'app.service', lines: ['After=docker.service'] }],
      ['app.service after left'],
    ],
    [
      'a target that comes after it is nobody',
      [{ id: 'multi-user.target', lines: ['After=docker.service', 'Wants=docker.service'] }],
      [],
    ],
    [
      'one that does not run',
      [{ id: 'app.service', state: 'failed failed', lines: ['Requires=docker.service'] }],
      ['app.service requires idle'],
    ],
    [
      'one between two tries',
      [{ id: 'app.service', state: 'activating auto-restart', lines: ['Requires=docker.service'] }],
      ['app.service requires'],
    ],
    [
      'one that runs the client',
      [{ id: 'app.service', lines: [exec('/usr/bin/docker run --name app app:1')] }],
      ['app.service calls'],
    ],
    [
      'Compose of either kind',
      [
        { id: 'a.service', lines: [exec('/usr/local/bin/docker-compose up')] },
        { id: 'b.service', lines: [exec('/bin/sh -c cd /srv && docker --context x compose up -d')] },
      ],
      ['a.service calls', 'b.service calls'],
    ],
    [
      'one whose preparation calls it',
      [{ id: 'app.service', lines: [exec('/usr/bin/docker rm -f app', 'ExecStartPre'), exec('/srv/app')] }],
      ['app.service calls'],
    ],
    [
      'one that only reads about it',
      [{ id: 'logs.service', lines: [exec('/bin/sh -c journalctl -fu docker | cat')] }],
      [],
    ],
    [
      'one that copies its folder',
      [{ id: 'backup.service', lines: [exec('/usr/bin/rsync -a /var/lib/docker /mnt')] }],
      [],
    ],
    [
      'another dockerd',
      [{ id: 'docker2.service', lines: [exec('/usr/bin/dockerd --data-root /srv/2')] }],
      [],
    ],
    [
      'a script of several lines, one of them empty',
      [{ id: 'app.service', lines: [exec('/bin/sh -c set -e\n\nId=1\ndocker start -a app')] }],
      ['app.service calls'],
    ],
    [
      'one that has done its work stays, and what requires it does too',
      [
        { id: 'up.service', state: 'active exited', lines: [...once, exec('/usr/bin/docker compose up -d')] },
        { id: 'user.service', lines: ['Requires=up.service'] },
      ],
      ['up.service calls left'],
    ],
    [
      'unless Docker takes it along',
      [
        {
          id: 'up.service',
          state: 'active exited',
          lines: [...once, 'Requires=docker.service', exec('/usr/bin/docker compose up -d')],
        },
      ],
      ['up.service requires'],
    ],
    [
      'a timer that starts one',
      [
        { id: 'prune.timer', state: 'active waiting', lines: ['Triggers=prune.service'] },
        {
          id: 'prune.service',
          state: 'inactive dead',
          lines: ['Type=oneshot', exec('/usr/bin/docker system prune -f')],
        },
      ],
      ['prune.service calls idle', 'prune.timer triggers'],
    ],
    [
      'what holds the connection that zrun came by',
      [{ id: 'ssh.service', lines: ['Requires=docker.service'] }],
      [],
    ],
    [
      'a mount that requires it, but none of Docker’s own below its data-root',
      [
        { id: 'srv-app.mount', state: 'active mounted', lines: ['Requires=var-lib-docker.mount'] },
        {
          id: 'var-lib-docker-overlay2-8f07-merged.mount',
          state: 'active mounted',
          lines: ['Requires=var-lib-docker.mount -.mount'],
        },
        { id: 'app.service', lines: ['Requires=var-lib-docker.mount'] },
      ],
      ['app.service requires', 'srv-app.mount requires'],
      {
        root: 'var-lib-docker.mount',
        mounts: 'srv-app.mount var-lib-docker-overlay2-8f07-merged.mount app.service',
      },
    ],
    [
      'not asked for clients',
      [{ id: 'app.service', lines: [exec('/usr/bin/docker run app:1')] }],
      [],
      { isDocker: false },
    ],
    [
      'a script that calls it',
      [{ id: 'app.service', lines: [exec('@BIN@/start-app')] }],
      ['app.service calls'],
      { script: '#!/bin/sh\nexec docker start -a app\n' },
    ],
    [
      'a script that an interpreter runs',
      [{ id: 'app.service', lines: [exec('/bin/sh -e @BIN@/start-app now')] }],
      ['app.service calls'],
      { script: 'docker start -a app\n' },
    ],
    [
      'what Docker itself requires, though it calls it',
      [
        { id: 'docker.service', lines: ['Requires=prepare.service'] },
        {
          id: 'prepare.service',
          lines: ['BindsTo=data.service', exec('/usr/bin/docker network create app')],
        },
        { id: 'data.service', lines: [exec('/usr/bin/docker volume prune')] },
      ],
      [],
    ],
    [
      'a script of the boot is left, and so is the target of it',
      [
        {
          id: 'rc-local.service',
          lines: ['Type=forking', 'RemainAfterExit=yes', exec('/etc/rc.local start')],
        },
        {
          id: 'legacy.service',
          state: 'active exited',
          lines: ['Type=forking', 'RemainAfterExit=yes', 'MainPID=0', exec('/usr/bin/docker start app')],
        },
        { id: 'multi-user.target', lines: ['Requires=docker.service'] },
      ],
      ['legacy.service calls left'],
    ],
    [
      'what cannot be started again, as long as it runs',
      [
        { id: 'a.service', lines: ['Requires=docker.service', 'Transient=yes', ...loaded('/run/a')] },
        { id: 'b.service', lines: ['Requires=docker.service', 'LoadState=not-found', 'FragmentPath='] },
        { id: 'c.service', lines: ['Requires=docker.service', 'LoadState=masked', 'FragmentPath='] },
        { id: 'd.service', lines: ['Requires=docker.service', 'NeedDaemonReload=yes', ...loaded('/gone')] },
        {
          id: 'e.service',
          lines: ['Requires=docker.service', 'NeedDaemonReload=yes', ...loaded('@BIN@/systemctl')],
        },
        { id: 'f.service', lines: ['Requires=docker.service', 'LoadState=bad-setting', 'FragmentPath=/f'] },
        { id: 'g.service', lines: ['Requires=docker.service', ...loaded('@BIN@/systemctl')] },
        { id: 'h.mount', state: 'active mounted', lines: ['Requires=docker.service', ...loaded('')] },
        { id: 'i.service', state: 'inactive dead', lines: ['Requires=docker.service', 'LoadState=masked'] },
        { id: 'j.service', lines: ['Requires=docker.service', 'UnitFileState=masked', ...loaded('/j')] },
      ],
      [
        'a.service requires transient',
        'b.service requires missing',
        'c.service requires masked',
        'd.service requires missing',
        'e.service requires changed',
        'f.service requires broken',
        'g.service requires',
        'h.mount requires missing',
        'i.service requires idle',
        'j.service requires masked',
      ],
      { mounts: 'h.mount' },
    ],
    [
      'what nobody may stop by hand: systemd stops it with Docker, or it is refused',
      [
        { id: 'a.service', lines: ['Requires=docker.service', 'RefuseManualStop=yes'] },
        { id: 'b.service', lines: [exec('/usr/bin/docker wait app'), 'RefuseManualStop=yes'] },
      ],
      ['a.service requires with-docker', 'b.service calls refuses-stop'],
    ],
    [
      'a job at its work, and one that waits to be tried again',
      [
        {
          id: 'a.service',
          state: 'activating start',
          lines: ['Type=oneshot', exec('/usr/bin/docker wait app')],
        },
        {
          id: 'b.service',
          state: 'activating auto-restart',
          lines: ['Type=oneshot', exec('/usr/bin/docker wait app')],
        },
      ],
      ['a.service calls job', 'b.service calls'],
    ],
    [
      'what needs a folder of the data-root, whoever has mounted that',
      [
        { id: 'a.service', lines: ['RequiresMountsFor=/srv /var/lib/docker/volumes/a/_data'] },
        { id: 'b.service', lines: ['RequiresMountsFor=/var/lib/docker'] },
        { id: 'c.service', lines: ['RequiresMountsFor=/var/lib/docker-b /var/lib'] },
        { id: 'd.service', lines: ['RequiresMountsFor=/var/lib/docker', 'RefuseManualStop=yes'] },
      ],
      ['a.service requires', 'b.service requires', 'd.service requires refuses-stop'],
      { below: '/var/lib/docker' },
    ],
    [
      'a program that has the words in it',
      [{ id: 'app.service', lines: [exec('@BIN@/start-app')] }],
      [],
      { script: '\u007fELF\0 docker start -a app\n' },
    ],
  ] as const) {
    it(what, async () => {
      expect(await dependentsOf(units, options)).to.deep.equal(expected);
    });
  }
});
