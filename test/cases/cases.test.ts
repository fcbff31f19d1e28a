/**
 * Runs the table of cases and prints it as Markdown; with ZRUN_CASES_TABLE, also into the file of that name. A case
 * whose proof is a test from elsewhere is as good as that test: here it is only seen to be there.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import type { Proof, Recorded, Tested } from './case.js';
import { cases } from './cases.js';
import { ask, projectRoot, type Outcome } from './outcome.js';
import { nameOf, tableOf } from './report.js';

const came = new Map<Proof, string>();

describe('the cases', () => {
  after(async () => {
    const table = tableOf(cases.map((of) => ({ of, outcomes: of.proofs.map((proof) => came.get(proof)) })));
    const file = process.env['ZRUN_CASES_TABLE'];
    if (file !== undefined) await writeFile(file, table);
    console.log(`\n${table}`);
  });

  it('are forty-five', () => {
    expect(cases.map(({ number }) => number)).to.deep.equal(Array.from({ length: 45 }, (_, i) => i + 1));
    for (const { number, proofs, open } of cases) {
      expect(proofs.length > 0 || open !== undefined, `case ${number} is neither proved nor open`).to.equal(
        true,
      );
    }
  });

  for (const { number, what, proofs } of cases) {
    describe(`${number}. ${what}`, () => {
      for (const proof of proofs) {
        it(nameOf(proof), async () => {
          came.set(proof, await prove(proof));
        });
      }
    });
  }
});

function prove(proof: Proof): Promise<string> {
  switch (proof.by) {
    case 'recording':
      return judge(proof);
    case 'look':
      return proof.look();
    case 'lab':
    case 'test':
      return findTest(proof);
  }
}

async function findTest({ file, title }: Tested): Promise<string> {
  const text = await readFile(path.join(projectRoot, 'test', file), 'utf8');
  expect(text.includes(title), `${file} has no test '${title}'`).to.equal(true);
  return 'there';
}

/** What the audit says; and that the migration refuses for the same reason, before it sends anything but looks. */
async function judge({
  of,
  recording,
  args = [],
  verdict,
  says,
  remark,
  atCloserLook,
}: Recorded): Promise<string> {
  const audit = await ask({ playbook: 'audit', recording, extraVars: args });
  const said = audit.events.flatMap(({ result }) => result.message ?? []);
  // At the very end the audit says how many hosts are what.
  const last = said.at(-2) ?? '';
  expect(audit.rejected, of).to.deep.equal([]);
  expect(audit.exitCode, explain(audit)).to.equal(0);
  expect(last).to.match(new RegExp(`^${verdict}: `));
  if (says) expect(last).to.match(says);
  if (remark) expect(said.slice(0, -2).join('\n')).to.match(remark);
  for (const check of [true, false]) {
    const run = await ask({ playbook: 'overlay2', recording, extraVars: args, settings: { check } });
    if (verdict === 'blocked') expectRefusal(run, last, atCloserLook ?? false);
    else if (verdict === 'already') expectNothing(run);
    else if (verdict === 'ready') expectToGoOn(run);
    else expect(run.rejected, explain(run)).not.to.be.empty;
    // A recording cannot be changed: what a run does with such a host is seen in the lab.
    if (verdict === 'ready' || verdict === 'unfinished') break;
  }
  return [
    ...(remark ? said.slice(0, -2).map((text) => `says: ${text}`) : []),
    brief(last, verdict, says),
  ].join('; ');
}

/** Of a verdict, what the row is about. */
function brief(said: string, verdict: string, says: RegExp | undefined): string {
  const about = says?.exec(said)?.[0];
  if (about === undefined) return verdict;
  const reasons = said.slice(verdict.length + 2).split('; ');
  return `${verdict}: ${verdict === 'blocked' ? (reasons.find((reason) => reason.includes(about)) ?? about) : about}`;
}

const refusalTasks = {
  atOnce: 'Refuse a host that cannot be moved safely',
  atCloserLook: 'Refuse what only shows on a closer look',
};

/** Past both refusals, to where it would change something. */
function expectToGoOn(run: Outcome): void {
  const names: readonly string[] = Object.values(refusalTasks);
  const judged = run.events.filter(({ task }) => names.includes(task.name));
  expect(
    judged.map(({ result }) => result.status),
    explain(run),
  ).to.deep.equal(['ok', 'ok']);
  expect(run.rejected).not.to.be.empty;
}

function expectRefusal(run: Outcome, verdict: string, atCloserLook: boolean): void {
  expect(run.exitCode, explain(run)).to.equal(2);
  const [failed] = run.events.filter(({ result }) => result.status === 'failed');
  expect(failed?.task.name).to.equal(atCloserLook ? refusalTasks.atCloserLook : refusalTasks.atOnce);
  expect(failed?.result.problem?.message).to.contain(verdict.replace(/^blocked: /, ''));
  expect(run.rejected, 'sent before refusing').to.deep.equal([]);
  expect(run.events.filter(({ result }) => result.status === 'changed')).to.deep.equal([]);
}

function expectNothing(run: Outcome): void {
  expect(run.exitCode, explain(run)).to.equal(0);
  expect(run.rejected, 'sent to a host that is there').to.deep.equal([]);
  expect(run.events.filter(({ result }) => result.status === 'changed')).to.deep.equal([]);
}

function explain({ exitCode, events }: Outcome): string {
  const lines = events.map(({ task, result }) =>
    [result.status, task.name, result.message ?? result.problem?.message ?? result.summary].join(' | '),
  );
  return [`exit code ${exitCode}`, ...lines].join('\n');
}
