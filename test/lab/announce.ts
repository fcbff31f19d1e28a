/**
 * Owns that each test of the lab is named when it begins: files go side by side, and mocha tells of one only once it has
 * ended. What hangs is seen, in a terminal and in what CI has kept. And that no test is begun too late for a run that must
 * end in time: ZRUN_LAB_UNTIL is that moment, in seconds since 1970. What is left out is named, with the reason.
 */
import path from 'node:path';
import type { Context, RootHookObject } from 'mocha';
import { say } from './progress.js';

const until = process.env['ZRUN_LAB_UNTIL'];

/**
 * Nothing is too late by itself, only where whoever starts the tests has said how long they may take.
 * @param minutes what must be left, for what takes long before its first test
 */
export const isTooLate = (minutes = 0): boolean =>
  until !== undefined && Date.now() / 1000 + minutes * 60 > Number(until);

export const mochaHooks: RootHookObject = {
  beforeEach(this: Context) {
    const { currentTest } = this;
    if (!currentTest) return;
    const name = `${path.basename(currentTest.file ?? '')}: ${currentTest.title}`;
    if (isTooLate()) {
      say(`not run, since the time that these tests were given is over: ${name}`);
      this.skip();
    }
    say(`${name} …`);
  },
};
