/**
 * The chunks of the bundle take what they use of others by name, once, as they are loaded (test/build/chunk-imports.ts): an
 * export that gets its value later would be missing for ever.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { takeByName } from '../build/chunk-imports.js';
import { makeChunks } from '../build/chunks.js';

const user = 'import {\n  one,\n  two as other\n} from "./chunk-A.js";\nother(one);\n';

const rows: readonly (readonly [what: string, exporter: string, becomes: string])[] = [
  [
    'is taken by name',
    'var one = 1;\nfunction two() {\n  return one;\n}\nexport {\n  one,\n  two\n};\n',
    'const {\n  one,\n  two: other\n} = require("./chunk-A.js");\nother(one);\n',
  ],
  [
    'is left where a function assigns it',
    'var one;\nfunction two() {\n  one = 1;\n}\nexport {\n  one,\n  two\n};\n',
    user,
  ],
  [
    'is left where a function counts it up',
    'var one = 0;\nfunction two() {\n  one++;\n}\nexport {\n  one,\n  two\n};\n',
    user,
  ],
  [
    'is left where it has another name outside',
    'var own;\nvar init = () => own = 1;\nfunction two() {\n  init();\n}\nexport {\n  own as one,\n  two\n};\n',
    user,
  ],
];

describe('the chunks of the bundle', () => {
  for (const [what, exporter, becomes] of rows)
    it(`of which an export ${what}`, () => {
      const taken = takeByName(
        new Map([
          ['chunk-A.js', exporter],
          ['main.js', user],
        ]),
      );
      expect(taken.get('chunk-A.js')).to.equal(exporter);
      expect(taken.get('main.js')).to.equal(becomes);
    });

  it('take all that they use by name', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-chunks-'));
    try {
      const { chunks } = await makeChunks(folder);
      const text = chunks.map((chunk) => chunk.text).join('\n');
      expect(text).to.match(/[{,]loadPlaybook\b[^}]*\}=require\("\.\/chunk-/);
      const looked = new Set([...text.matchAll(/\bimport_chunk_\w+\.([\w$]+)/g)].map(([, name]) => name));
      expect([...looked]).to.deep.equal([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
