/**
 * Owns how tests read JUnit's XML: by Python's parser, which is not ours.
 */
import { execFileSync } from 'node:child_process';

export interface Suite {
  readonly name: string;
  readonly tests: string;
  readonly failures: string;
  readonly errors: string;
  readonly skipped: string;
  readonly cases: readonly (readonly [name: string, verdict: string | null, message: string | null])[];
}

/** By a parser that is not ours; undefined where there is none on this machine. */
export function parseJunit(xml: string): readonly Suite[] | undefined {
  const script = `
import json, sys, xml.etree.ElementTree as tree
suites = []
for suite in tree.fromstring(sys.stdin.buffer.read()):
    cases = []
    for case in suite:
        child = next((one for one in case if one.tag != 'system-out'), None)
        cases.append([case.get('name'), None if child is None else child.tag, None if child is None else child.get('message')])
    suites.append({**suite.attrib, 'cases': cases})
json.dump(suites, sys.stdout)
`;
  try {
    return JSON.parse(execFileSync('python3', ['-c', script], { input: xml, encoding: 'utf8' })) as Suite[];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
