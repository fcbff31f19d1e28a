/**
 * Owns what a playbook asks the user before it runs (`vars_prompt`), and what `--step` asks before each task.
 */
import { createScope } from '../config/index.js';
import { ZrunError } from '../core/errors.js';
import type { Play, VarsPrompt } from '../core/plan.js';
import type { Template } from '../core/template.js';
import { keepSecret } from '../core/secret.js';
import type { ValueMap } from '../core/value.js';
import type { PlaybookRun, StepAnswer } from '../engine/index.js';
import { visibleLine } from '../report/visible.js';
import type { Loaded } from './load.js';
import { ask, askTwice, checkTerminal } from './terminal.js';

/**
 * Asks for every variable that `-e` has not given, play after play. Throws ZrunError `usage` where there is no terminal
 * and no default, `interrupted` on Ctrl-C.
 */
export async function answerPrompts({ playbooks, extraVars }: Loaded): Promise<PlaybookRun[]> {
  const answers = new Map<Play, ValueMap>();
  for (const { playbook } of playbooks) {
    for (const play of playbook.plays) {
      const given: Record<string, string> = {};
      for (const prompt of play.prompts) {
        const instead = extraVars.get(prompt.name);
        if (!instead) given[prompt.name] = await answer(prompt);
        else if (prompt.isPrivate) keepGiven(instead);
      }
      answers.set(play, given);
    }
  }
  return playbooks.map((each) => ({ ...each, answersOf: (play) => answers.get(play) ?? {} }));
}

/** What `-e` says in place of a private answer is as secret as that. */
function keepGiven(given: Template): void {
  const value = given.isConstant ? given.render(createScope([])) : null;
  if (typeof value === 'string' || typeof value === 'number') keepSecret(String(value));
}

async function answer(prompt: VarsPrompt): Promise<string> {
  const { name, isPrivate, confirm, at } = prompt;
  const otherwise = `Give it with -e ${name}=…`;
  // A default is shown, as Ansible does; one of a secret is not.
  const shown = prompt.default === undefined || isPrivate ? '' : ` [${visibleLine(prompt.default)}]`;
  const question = { echo: !isPrivate, about: `the variable '${name}'`, otherwise };
  const text = `${visibleLine(prompt.text)}${shown}: `;
  try {
    const typed = confirm
      ? await askTwice({ ...question, text }, `confirm ${text}`)
      : await ask({ ...question, text });
    if (isPrivate) keepSecret(typed);
    return typed === '' ? (prompt.default ?? '') : typed;
  } catch (error) {
    if (!(error instanceof ZrunError) || error.code !== 'usage') throw error;
    // A run from cron has nobody to ask: a default is what it is for.
    if (prompt.default !== undefined) return prompt.default;
    throw new ZrunError(error.code, error.message, { hint: error.hint, at, cause: error });
  }
}

const stepping = { about: 'each task', otherwise: '--step needs somebody who answers; leave it out' };

/** Throws ZrunError `usage` where nobody can be asked before each task. */
export function checkStepping(): void {
  checkTerminal(stepping);
}

/** Ansible's question before each task; anything else than its answers is no. */
export async function confirmStep(task: string, signal: AbortSignal): Promise<StepAnswer> {
  const typed = await ask({
    text: `Perform task: ${visibleLine(task)} (N)o/(y)es/(c)ontinue: `,
    echo: true,
    ...stepping,
    signal,
  });
  if (/^y(es)?$/i.test(typed.trim())) return 'yes';
  return /^c(ontinue)?$/i.test(typed.trim()) ? 'continue' : 'no';
}
