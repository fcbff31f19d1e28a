/**
 * Owns that each test of the lab is named when it begins: files go side by side, and mocha tells of one only once it has
 * ended. What hangs is seen, in a terminal and in what CI has kept.
 */
import path from 'node:path';
import type { Context, RootHookObject } from 'mocha';
import { say } from './progress.js';

export const mochaHooks: RootHookObject = {
  beforeEach(this: Context) {
    const { currentTest } = this;
    if (currentTest) say(`${path.basename(currentTest.file ?? '')}: ${currentTest.title} …`);
  },
};
