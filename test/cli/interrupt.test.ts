import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import type { Environment } from '../../src/cli/environment.js';
import { watchInterrupts } from '../../src/cli/interrupt.js';
import type { RunEvent, StopSignal } from '../../src/core/events.js';
import { finish, result, task } from '../report/events.js';

class Left extends Error {}

function watch() {
  const stderr = new PassThrough();
  const told: RunEvent[] = [];
  let listener: (signal: StopSignal) => void = () => expect.fail('nobody listens');
  let isClosed = false;
  const environment: Environment = {
    argv: [],
    env: {},
    version: '0',
    cwd: '/',
    homeFolder: '/',
    ownFolder: () => '/',
    stdout: new PassThrough(),
    stderr,
    onStopSignal(each) {
      listener = each;
      return () => (listener = () => expect.fail('nobody listens'));
    },
    outliveOutput: () => undefined,
    exitNow: (code) => {
      throw new Left(String(code));
    },
  };
  const interrupts = watchInterrupts(environment, {
    emit: (event) => told.push(event),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  });
  const send = (signal: StopSignal): void => listener(signal);
  return { interrupts, told, send, isClosed: () => isClosed, written: () => String(stderr.read() ?? '') };
}

describe('interrupts', () => {
  it('the first one is acknowledged, and then stops in good order, a turn later', async () => {
    const { interrupts, told, send } = watch();
    send('SIGINT');
    expect(told).to.deep.equal([{ type: 'run-stopping', signal: 'SIGINT' }]);
    expect(interrupts.signal.aborted).to.equal(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(interrupts.signal.aborted).to.equal(true);
  });

  it('at a question it stops at once, so that no other is asked', () => {
    const { interrupts, told } = watch();
    interrupts.interrupt();
    expect(told).to.have.length(1);
    expect(interrupts.signal.aborted).to.equal(true);
  });

  it('a SIGTERM is named', () => {
    const { told, send } = watch();
    send('SIGTERM');
    expect(told).to.deep.equal([{ type: 'run-stopping', signal: 'SIGTERM' }]);
  });

  it('the second one leaves at once, and says what may still run', () => {
    const { interrupts, send, isClosed, written } = watch();
    const [copy, look] = [task('Copy the volumes', 1), task('Look', 2)];
    interrupts.emit({ type: 'task-started', host: 'web1', task: copy });
    interrupts.emit({ type: 'task-started', host: 'web2', task: look });
    interrupts.emit(finish('web2', look, result('ok', '')));
    send('SIGINT');
    expect(() => send('SIGINT')).to.throw(Left, '130');
    expect(isClosed()).to.equal(true);
    expect(written()).to.equal(
      'left at once; this may still be running on the hosts:\n  web1: Copy the volumes\n',
    );
  });

  it('is not listened for any more when the run is over', () => {
    const { interrupts, send } = watch();
    interrupts.stop();
    expect(() => send('SIGINT')).to.throw('nobody listens');
  });
});
