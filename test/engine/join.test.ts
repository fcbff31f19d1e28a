/** Looks that are asked for at the same time: which of them share a script, and that nobody gets another one's answer. */
import { expect } from 'chai';
import type { Output } from '../../src/core/host.js';
import type { Probe, ProbeKind } from '../../src/core/probe.js';
import { joinLooks } from '../../src/engine/join.js';

const output = (text: string): Output => ({ stdout: Buffer.from(text), stderr: Buffer.alloc(0), status: 0 });
const textOf = ({ stdout }: Output): string => {
  const text = stdout.toString();
  if (text.includes('bad')) throw new Error(text);
  return text;
};

const alone: ProbeKind<string> = { kind: 'alone' };
const social: ProbeKind<string> = {
  kind: 'social',
  join(probes) {
    if (probes.some(({ key }) => key === 'loner')) return undefined;
    return {
      script: { shellText: probes.map(({ script }) => script.shellText).join('+') },
      parse: ({ stdout }) =>
        stdout
          .toString()
          .split('+')
          .map((part) => () => textOf(output(part))),
    };
  },
};
const probe = (of: ProbeKind<string>, key: string): Probe<string> => ({
  of,
  key,
  script: { shellText: key },
  parse: textOf,
});

/** Answers each script with itself, and remembers it. */
function createEcho(): { readonly read: ReturnType<typeof joinLooks>; readonly asked: string[] } {
  const asked: string[] = [];
  const read = joinLooks(({ shellText }) => {
    asked.push(shellText);
    return Promise.resolve(output(shellText));
  });
  return { read, asked };
}

describe('joinLooks', () => {
  it('puts together what can be, and leaves the rest alone', async () => {
    const { read, asked } = createEcho();
    const answers = await Promise.all([
      read(probe(social, 'a')),
      read(probe(alone, 'x')),
      read(probe(social, 'b')),
    ]);
    expect(answers).to.deep.equal(['a', 'x', 'b']);
    expect(asked).to.deep.equal(['x', 'a+b']);
  });

  it('does not wait for what is asked later', async () => {
    const { read, asked } = createEcho();
    expect(await read(probe(social, 'a'))).to.equal('a');
    expect(await read(probe(social, 'b'))).to.equal('b');
    expect(asked).to.deep.equal(['a', 'b']);
  });

  it('asks one by one where the kind says that they do not fit', async () => {
    const { read, asked } = createEcho();
    await Promise.all([read(probe(social, 'a')), read(probe(social, 'loner'))]);
    expect(asked).to.deep.equal(['a', 'loner']);
  });

  it("one's bad answer is nobody else's", async () => {
    const { read } = createEcho();
    const answers = await Promise.allSettled(['a', 'bad', 'c'].map((key) => read(probe(social, key))));
    expect(answers.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('a lost connection is told to all', async () => {
    const read = joinLooks(() => Promise.reject(new Error('lost')));
    const answers = await Promise.allSettled(['a', 'b'].map((key) => read(probe(social, key))));
    expect(answers.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
  });
});
