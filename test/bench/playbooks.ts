/**
 * Owns the work of the benchmark: playbooks, and the same looks as somebody would write them by hand for a shell.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** So many tasks that run /bin/true, which is the least that a task can be. */
export async function commandBook(folder: string, tasks: number): Promise<string> {
  const file = path.join(folder, `commands-${tasks}.yaml`);
  await writeFile(
    file,
    `${playHead}${Array.from(
      { length: tasks },
      (_, i) => `    - {name: Task ${i + 1}, command: /bin/true, changed_when: false}\n`,
    ).join('')}`,
  );
  return file;
}

const playHead = '- name: Benchmark\n  hosts: all\n  gather_facts: false\n  tasks:\n';

interface IdempotentWork {
  readonly playbook: string;
  /** The same twenty looks by hand, one for each task. */
  readonly scripts: readonly string[];
}

/** Twenty tasks of ten modules that find nothing to change once they have run. All hosts share this machine's files. */
export async function idempotentWork(folder: string): Promise<IdempotentWork> {
  const work = path.join(folder, 'work');
  await mkdir(path.join(folder, 'templates'), { recursive: true });
  await mkdir(work, { recursive: true });
  await writeFile(path.join(work, 'lines.conf'), 'first=1\nsecond=2\n');
  await writeFile(path.join(folder, 'templates/greeting.conf.hbs'), 'greeting={{greeting}}\nat={{place}}\n');
  const at = (name: string): string => path.join(work, name);
  const tasks: string[] = [];
  const scripts: string[] = [];
  for (const turn of [1, 2]) {
    const add = (task: string, script: string): void => {
      tasks.push(`    - {name: Task ${tasks.length + 1}, ${task}}\n`);
      scripts.push(script);
    };
    const look = (file: string): string => `stat -c '%f %u %g %s' ${file} && sha256sum ${file}`;
    add(
      `file: {path: ${at(`folder${turn}`)}, state: directory, mode: "0755"}`,
      `stat -c '%f %u %g' ${at(`folder${turn}`)}`,
    );
    add(`copy: {content: "text ${turn}", dest: ${at(`copy${turn}`)}, mode: "0644"}`, look(at(`copy${turn}`)));
    add(`template: {src: greeting.conf.hbs, dest: ${at(`template${turn}`)}}`, look(at(`template${turn}`)));
    add(`lineinfile: {path: ${at('lines.conf')}, line: "third${turn}=3"}`, `cat ${at('lines.conf')}`);
    add(
      `blockinfile: {path: ${at(`block${turn}`)}, create: true, block: "a block\\nof ${turn}"}`,
      `cat ${at(`block${turn}`)}`,
    );
    add(`stat: {path: ${at(`copy${turn}`)}}`, look(at(`copy${turn}`)));
    add(`slurp: {src: ${at(`copy${turn}`)}}`, look(at(`copy${turn}`)));
    add(
      `command: {cmd: touch ${at(`made${turn}`)}, creates: ${at(`made${turn}`)}}`,
      `stat -c %f ${at(`made${turn}`)}`,
    );
    add(
      `shell: {cmd: echo > ${at(`shell${turn}`)}, creates: ${at(`shell${turn}`)}}`,
      `stat -c %f ${at(`shell${turn}`)}`,
    );
    add(`wait_for: {path: ${at(`copy${turn}`)}}`, `test -e ${at(`copy${turn}`)}`);
  }
  const playbook = path.join(folder, 'idempotent.yaml');
  await writeFile(
    playbook,
    playHead.replace('  tasks:', '  vars: {greeting: hello, place: here}\n  tasks:') + tasks.join(''),
  );
  return { playbook, scripts };
}
