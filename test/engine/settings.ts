/** Owns what a run in a test is told when nothing is asked for: the settings of a command line without options. */
import type { RunSettings } from '../../src/engine/index.js';

export const usualSettings: RunSettings = {
  runId: 'test',
  version: '0',
  check: false,
  verify: false,
  forks: 10,
  become: {},
  becomePassword: undefined,
  connectTimeoutMs: 10_000,
  taskTimeoutMs: 60_000,
  tags: [],
  skipTags: [],
  startAtTask: undefined,
  forceHandlers: false,
  step: false,
  extraVars: {},
  limit: undefined,
  inventorySources: [],
  diff: false,
  verbosity: 0,
};
