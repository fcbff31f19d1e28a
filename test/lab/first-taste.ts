/**
 * Owns what the demonstration shows while its machines are built: zrun on this machine, the audit of hosts that were
 * recorded, a report. It needs nothing but this repository.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ask } from '../cases/outcome.js';
import type { Recording } from '../cases/recorded-host.js';
import { debian12, moved, trueNas } from '../cases/systems.js';
import { title, zrun } from './show.js';

const recorded: Readonly<Record<string, Recording>> = {
  'Debian 12, Docker on zfs': debian12(),
  'moved already': debian12(moved),
  'TrueNAS SCALE': trueNas(),
};

export async function showFirstTaste(): Promise<void> {
  title('Meanwhile, on this machine: a file as it is to be, without an agent and without root');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-demo-'));
  try {
    const playbook = path.join(folder, 'taste.yaml');
    await writeFile(playbook, playbookText(folder));
    await zrun([playbook, '-i', 'localhost,', '--diff']);
    console.log('\nOnce more: what is as it is to be is left alone.');
    await zrun([playbook, '-i', 'localhost,']);
  } finally {
    await rm(folder, { recursive: true });
  }
  const report = path.join(os.tmpdir(), 'zrun-demo-report.html');
  console.log('\nA page of that run, for a browser:');
  await zrun(['report', '-o', report]);

  title('What the audit says of hosts that were recorded');
  for (const [what, recording] of Object.entries(recorded)) {
    const { events } = await ask({ playbook: 'audit', recording });
    // At the very end the audit says how many hosts are what.
    console.log(`${what}\n    ${events.flatMap(({ result }) => result.message ?? []).at(-2) ?? 'nothing'}`);
  }
}

function playbookText(folder: string): string {
  return `- name: This machine
  hosts: localhost
  connection: local
  tasks:
    - name: Say what it is
      debug: {msg: "{{default facts.os.pretty_name 'an unknown system'}} on {{facts.os.architecture}}"}
    - name: A file
      copy: {dest: '${folder}/motd', content: "Kernel {{facts.os.kernel}}\\n", mode: "0644"}
`;
}
