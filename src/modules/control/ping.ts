/** Owns `ping`: the proof that a host can be logged in to, becomes the right user, and runs what it is sent. */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule } from '../../core/module.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { sh } from '../../core/shell.js';

const echoKind: ProbeKind<string> = { kind: 'echo' };

function echoProbe(text: string): Probe<string> {
  return {
    of: echoKind,
    key: text,
    script: sh`printf '%s' ${text}`,
    parse({ stdout, stderr, status }) {
      const answer = stdout.toString();
      if (status === 0 && answer === text) return answer;
      throw new ZrunError('output-unexpected', 'the host answers, but not with what it was sent', {
        hint: 'Does a file that its shell reads at login (.bashrc, .profile) print something?',
        status,
        stdout: answer,
        stderr: stderr.toString(),
      });
    },
  };
}

export const ping = defineModule({
  name: 'ping',
  summary: 'Find out whether a host can be logged in to and runs what it is sent',
  params: z.strictObject({
    data: z.string().default('pong').describe('A text that the host must send back.'),
  }),
  returns: z.strictObject({ ping: z.string().describe('What the host has sent back: `data`.') }),
  examples: [
    {
      title: 'Before anything is done, is every host there?',
      task: 'ping: {}',
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
    },
  ],
  async plan(read, { data }) {
    return { change: 'none', reason: 'answers', result: { ping: await read(echoProbe(data)) } };
  },
});
