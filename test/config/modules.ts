/**
 * Owns the modules that the configuration is tested with: like the real ones in form, and strict, but they do nothing.
 */
import * as z from 'zod';
import {
  controllerFile,
  defineModule,
  expression,
  parameterRoles,
  templateFile,
  type Module,
} from '../../src/core/module.js';

const none = () => Promise.resolve({ change: 'none' as const, reason: 'a test', result: {} });

function testModule(
  name: string,
  params: z.ZodObject,
  returns: z.ZodObject,
  more: { freeForm?: string; vars?: z.ZodObject; paramsAreVars?: boolean } = {},
): Module {
  return defineModule({
    name,
    summary: `For tests: ${name}.`,
    params,
    returns,
    examples: [],
    plan: none,
    ...more,
  });
}

const facts = z.object({
  hostname: z.string(),
  memory_bytes: z.int(),
  load: z.number(),
  docker: z.object({ version: z.string(), driver: z.string(), root: z.string() }).nullable(),
  pools: z.record(z.string(), z.object({ free_bytes: z.int(), health: z.string() })),
  mounts: z.array(z.object({ path: z.string(), type: z.string() })),
});

const commandReturns = z.strictObject({ rc: z.int(), stdout: z.string(), stderr: z.string() });

export const testModules: ReadonlyMap<string, Module> = new Map(
  [
    testModule(
      'command',
      z.strictObject({
        cmd: z.string().optional().describe('The command.'),
        argv: z.array(z.string()).optional(),
        creates: z.string().optional(),
        chdir: z.string().optional(),
      }),
      commandReturns,
      { freeForm: 'cmd' },
    ),
    testModule(
      'copy',
      z.strictObject({
        dest: z.string().min(1).describe('The file on the host.'),
        src: controllerFile('A file of the controller.').optional(),
        content: z.string().optional(),
        mode: z.string().optional(),
        backup: z.boolean().default(false),
      }),
      z.strictObject({ dest: z.string() }),
    ),
    testModule(
      'template',
      z.strictObject({ src: templateFile('A template.'), dest: z.string() }),
      z.strictObject({ dest: z.string() }),
    ),
    testModule(
      'systemd_service',
      z.strictObject({
        name: z.string().describe('The unit.'),
        state: z.enum(['started', 'stopped', 'restarted']).optional(),
        enabled: z.boolean().optional(),
        tries: z.int().min(1).optional(),
      }),
      z.strictObject({ name: z.string() }),
    ),
    testModule(
      'assert',
      z.strictObject({
        that: z
          .union([expression('A condition.'), z.array(expression('A condition.')).min(1)])
          .register(parameterRoles, { role: 'expressions' }),
        fail_msg: z.string().optional(),
      }),
      z.strictObject({}),
    ),
    testModule(
      'debug',
      z.strictObject({ msg: z.unknown().optional() }),
      z.strictObject({ msg: z.unknown() }),
    ),
    testModule('fail', z.strictObject({ msg: z.string() }), z.strictObject({})),
    testModule('set_fact', z.object({}).catchall(z.unknown()), z.strictObject({}), { paramsAreVars: true }),
    testModule(
      'setup',
      z.strictObject({ gather_subset: z.array(z.string()).optional() }),
      z.looseObject({}),
      { vars: z.strictObject({ facts }) },
    ),
  ].map((module) => [module.name, module]),
);
