import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { parseExtraVars } from '../../../src/config/index.js';
import { createScope } from '../../../src/config/expression/scope.js';

describe('extra variables', () => {
  let cwd = '';
  before(async () => {
    cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-extra-'));
    await writeFile(path.join(cwd, 'vars.yaml'), 'size: 8\npath: "{{base}}/x"\n');
  });
  after(async () => {
    await rm(cwd, { recursive: true });
  });

  const read: readonly (readonly [options: readonly string[], values: object])[] = [
    [[], {}],
    [['a=1 b=two'], { a: '1', b: 'two' }],
    [['a="x y" b=\'p q\' c='], { a: 'x y', b: 'p q', c: '' }],
    [['a=b=c'], { a: 'b=c' }],
    [['{"a": 1, "b": [true]}'], { a: 1, b: [true] }],
    [['{a: 1}'], { a: 1 }],
    [['@vars.yaml', 'base=/srv'], { size: 8, path: '/srv/x', base: '/srv' }],
    [['@vars.yaml', 'size=9', 'base=', 'path=.'], { size: '9', base: '', path: '.' }],
  ];
  for (const [options, values] of read) {
    it(`reads ${options.map((option) => `-e ${option}`).join(' ') || 'none'}`, async () => {
      const vars = await parseExtraVars(options, { cwd });
      const scope = createScope([vars]);
      expect(Object.fromEntries([...vars.keys()].map((name) => [name, scope.get(name)]))).to.deep.equal(
        values,
      );
    });
  }
});
