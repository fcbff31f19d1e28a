/**
 * Owns which verb a command line means. A verb is one file, loaded when it is meant; anything else is a run.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { nearest, ZrunError } from '../core/errors.js';
import { forgetSecrets } from '../core/secret.js';
import type { Environment } from './environment.js';
import { tellFailure } from './failure.js';
import { verbs } from './verbs.js';

/** `zrun lnt x.yaml` means no playbook that is called lnt. A word that names nothing is said to, before anything else. */
async function refuseMisspeltVerb(word: string, environment: Environment): Promise<void> {
  if (!/^[a-z][a-z0-9]*$/.test(word) || existsSync(path.resolve(environment.cwd, word))) return;
  const [{ findPlaybook }, { listOwnPlaybooks }] = await Promise.all([
    import('./playbooks/find-playbook.js'),
    import('./playbooks/own-playbooks.js'),
  ]);
  if (findPlaybook(word, environment).note !== undefined) return;
  const playbooks = listOwnPlaybooks(environment).map(({ name }) => name);
  const near = nearest(word, [...Object.keys(verbs), ...playbooks]);
  throw new ZrunError('usage', `there is no playbook and no verb '${word}'`, {
    hint:
      near === undefined
        ? `the verbs are ${Object.keys(verbs).sort().join(', ')}; zrun --help shows all options`
        : `did you mean 'zrun ${near}'?`,
  });
}

/** Does what the command line says. Never throws; returns the exit code. */
export async function main(environment: Environment): Promise<number> {
  forgetSecrets();
  try {
    const [first, ...rest] = environment.argv;
    const loadVerb = first !== undefined && Object.hasOwn(verbs, first) ? verbs[first]?.load : undefined;
    if (loadVerb) return await (await loadVerb())({ ...environment, argv: rest }, main);
    if (first !== undefined) await refuseMisspeltVerb(first, environment);
    const { runPlaybooks } = await import('./run.js');
    return await runPlaybooks(environment);
  } catch (error) {
    return tellFailure(error, environment);
  }
}
