/** What every module in the list owes to its readers, whatever it does. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import * as z from 'zod';
import { modules } from '../../src/modules/index.js';
import { parseExample } from './harness.js';

const folder = path.resolve(import.meta.dirname, '../../src/modules');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => path.basename(file));

for (const [name, module] of modules) {
  describe(`module ${name}`, () => {
    it('is named as its file', () => {
      expect(module.name).to.equal(name);
      expect(files).to.include(`${name}.ts`);
    });

    it('has a summary of one line in the imperative', () => {
      expect(module.summary).to.match(/^[A-Z][^\n]*[^.]$/);
      expect(module.summary.length, 'length').to.be.at.most(80);
    });

    it('describes every parameter and every return value', () => {
      const { params, returns, vars } = module;
      for (const [group, schema] of Object.entries({ params, returns, vars })) {
        if (schema === undefined) continue;
        const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
        for (const [field, property] of Object.entries(properties)) {
          const description = typeof property === 'boolean' ? undefined : property.description;
          expect(description, `${group}.${field}`).to.be.a('string').and.not.equal('');
        }
      }
    });

    it('refuses a parameter that it does not have', () => {
      // All others are variables.
      if (module.paramsAreVars || module.name === 'add_host') return;
      const outcome = module.params.safeParse({ 'no such parameter': 1 });
      const codes = outcome.success ? [] : outcome.error.issues.map((issue) => issue.code);
      expect(codes).to.include('unrecognized_keys');
    });

    it('can be said as JSON Schema', () => {
      const schema = z.toJSONSchema(module.params, { io: 'input' });
      expect(schema.type).to.equal('object');
    });

    it('takes its free form in a parameter that it has', () => {
      if (module.freeForm !== undefined) expect(module.params.shape).to.have.property(module.freeForm);
    });

    it('has examples that say what they show, parse and bind, and at least one that checks itself', () => {
      expect(module.examples, 'examples').not.to.be.empty;
      for (const example of module.examples) {
        expect(example.title).to.match(/^\S[^\n]*[^.]$/);
        const { params } = parseExample(module, example, '/tmp/example');
        module.bind(params);
      }
      const checked = module.examples.filter(({ after }) => after !== undefined);
      expect(checked, 'examples with `after`').not.to.be.empty;
    });
  });
}
