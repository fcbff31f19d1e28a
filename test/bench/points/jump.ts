/** Owns point 5: many hosts behind one jump host whose sshd has its default limits. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startSshd } from '../../integration/sshd.js';
import { startFleet } from '../fleet.js';
import { commandBook } from '../playbooks.js';
import { seconds, type Found, type Point, type Setting } from '../point.js';
import { median } from '../statistics.js';
import { runZrun } from '../subjects.js';

const [hosts, forks, runs] = [200, 200, 10];

export const jump: Point = {
  number: 5,
  title: `${hosts} hosts behind one jump host, ${forks} forks, ${runs} runs`,
  how: "The jump host's sshd has MaxStartups 10:30:100 and MaxSessions 10, OpenSSH's defaults. Every host must be reached in every run; the limits must not even show as a warning.",
  measure,
};

async function measure({ bench, say }: Setting): Promise<Found> {
  const fleet = await startFleet();
  const jumpHost = await startSshd({ config: ['MaxStartups 10:30:100', 'MaxSessions 10'] });
  const home = await mkdtemp(path.join(os.tmpdir(), 'zrun-bench-controller-'));
  try {
    // One key for both, and a known_hosts of the controller's own for the jump host.
    await mkdir(path.join(home, '.ssh'), { mode: 0o700 });
    await writeFile(path.join(home, '.ssh/known_hosts'), await readFile(jumpHost.knownHostsFile));
    await writeFile(path.join(home, '.ssh/id_ed25519'), await readFile(jumpHost.privateKeyFile), {
      mode: 0o600,
    });
    const playbook = await commandBook(bench.folder, 1);
    const proxyJump = `${jumpHost.user}@127.0.0.1:${jumpHost.port}`;
    const times: number[] = [];
    let lost = 0;
    for (let round = 1; round <= runs; round++) {
      say(`${round} of ${runs}`);
      const measured = await runZrun(bench, fleet, playbook, {
        hosts,
        forks,
        inventory: { proxyJump },
        env: { HOME: home },
        args: ['-T', '120'],
        // Hosts that are not reached are what is counted here.
        accept: [2, 3],
      });
      lost += measured.hosts.filter(({ outcome }) => outcome !== 'done').length;
      times.push(measured.wallMs);
    }
    const jumpLogins = jumpHost.log().split('Accepted publickey').length - 1;
    const drops = (jumpHost.log().match(/(drop|exceeded MaxStartups|beginning MaxStartups)/g) ?? []).length;
    return {
      columns: ['', 'wall, median', 'hosts not reached', 'logins on the jump host', 'drops in its log'],
      rows: [
        {
          name: `${runs} runs`,
          values: [seconds(median(times)), `${lost} of ${hosts * runs}`, String(jumpLogins), String(drops)],
        },
      ],
      notes: [],
      limits: [
        { what: 'hosts not reached', value: lost, kind: 'at most', limit: 0, unit: '' },
        { what: 'connections that the jump host dropped', value: drops, kind: 'at most', limit: 0, unit: '' },
      ],
    };
  } finally {
    await Promise.all([fleet.stop(), jumpHost.stop()]);
    await rm(home, { recursive: true, force: true });
  }
}
