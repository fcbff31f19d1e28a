import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { script } from '../../../src/modules/commands/script.js';
import { play } from '../../engine/play.js';
import { createHost, failureOf, perform, performTwice, planOf, textIn, withFolder } from '../harness.js';

describe('script', () => {
  for (const [what, text, args, params, stdout] of [
    ['gets its arguments as words', '#!/bin/sh\nprintf "%s|" "$@"', ` a 'b c' "d'e"`, {}, "a|b c|d'e|"],
    ['is run by /bin/sh without a first line', 'echo $((1 + 1))', '', {}, '2'],
    ['is run by what its first line says', '#!/bin/sh -eu\nfalse\necho no', '', {}, ''],
    ['is run by env and its one argument', '#!/usr/bin/env sh\necho yes', '', {}, 'yes'],
    ['is run by what the task says', 'one\n', '', { executable: 'sed -e s/n/N/' }, 'oNe'],
    ['has an empty input', 'cat; echo end', '', {}, 'end'],
    ['runs where it is told', 'pwd', '', { chdir: '/usr/lib' }, '/usr/lib'],
    ['keeps its own name', 'basename "$0"', '', {}, 'a script.sh'],
    ['makes files as others do', 'umask', '', {}, '0022'],
  ] as const) {
    it(what, () =>
      withFolder(async (tmp) => {
        await writeFile(`${tmp}/a script.sh`, text);
        const { result, exchanges } = await perform(script, {
          cmd: `'${tmp}/a script.sh'${args}`,
          ...params,
        });
        expect(result['stdout']).to.equal(stdout);
        expect(exchanges, 'nothing to look at first').to.equal(1);
      }),
    );
  }

  it('leaves nothing behind, whatever comes of it', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/s`, 'echo "$0"; stat -c %a "$0" "${0%/*}"; exit 3');
      const { result } = await perform(script, { cmd: `${tmp}/s` });
      const [where = '', ...modes] = textIn(result, 'stdout').split('\n');
      expect(result['rc']).to.equal(3);
      expect(modes, 'closed to others').to.deep.equal(['600', '700']);
      expect(where).to.match(/^\/.*\/zrun-script-/);
      expect(existsSync(where.replace(/\/s$/, ''))).to.equal(false);
    }));

  it('leaves nothing behind and nothing running where it is interrupted', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/s`, 'echo "$0" >>"$1"; echo begun; sleep 60');
      const text = `- hosts: all\n  gather_facts: false\n  tasks:\n    - script: ${tmp}/s ${tmp}/where`;
      const { outcome } = await play(text, { interruptAt: (event) => event.type === 'task-output' });
      expect(outcome.hosts[0]?.outcome).to.equal('interrupted');
      const where = (await readFile(`${tmp}/where`, 'utf8')).trim();
      expect(existsSync(where)).to.equal(false);
      const still = spawnSync('pgrep', ['-f', where], { encoding: 'utf8' });
      expect(still.stdout).to.equal('');
    }));

  it('runs once where it says what it makes', () =>
    withFolder(async (tmp) => {
      await mkdir(`${tmp}/d`);
      await writeFile(`${tmp}/s`, 'touch made');
      const params = { cmd: `${tmp}/s`, chdir: `${tmp}/d`, creates: `${tmp}/d/made` };
      expect((await performTwice(script, params)).exchanges).to.equal(2);
    }));

  it('refuses a script with the line breaks of Windows before it is sent', () =>
    withFolder(async (tmp) => {
      await writeFile(`${tmp}/s`, '#!/bin/sh\r\necho x\r\n');
      const host = createHost();
      const error = await failureOf(planOf(script, { cmd: `${tmp}/s` }, host.read));
      expect(error.message).to.match(/line breaks of Windows/);
      expect(host.exchanges()).to.equal(0);
    }));

  it('is missed before any host is touched', async () => {
    const text = '- hosts: all\n  tasks:\n    - script: none.sh arg';
    try {
      await play(text);
    } catch (error) {
      expect(String(error)).to.match(/none\.sh/);
      return;
    }
    expect.fail('a script that is not there was not missed');
  });

  for (const cmd of ['', 'a | b', "a 'b", 'a $HOME']) {
    it(`refuses ${JSON.stringify(cmd)}`, () => expect(() => script.bind({ cmd })).to.throw());
  }
});
