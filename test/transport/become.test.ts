import { expect } from 'chai';
import type { ErrorCode } from '../../src/core/errors.js';
import type { Become } from '../../src/core/host.js';
import { Secret } from '../../src/core/secret.js';
import { passwordLine, startCommand, startFailure } from '../../src/transport/become.js';

const root: Become = { user: 'root', method: 'sudo' };

describe('startCommand', () => {
  it('quotes the user', () => {
    expect(startCommand('n', { ...root, user: "o'brien; id" })).to.contain(`-u 'o'\\''brien; id' --`);
  });

  it('holds no password', () => {
    const password = new Secret('hunter2');
    expect(startCommand('n', { ...root, password })).not.to.contain('hunter2');
    expect(passwordLine({ ...root, password })).to.equal('hunter2\n');
  });
});

describe('startFailure', () => {
  // What sudo 1.8 to 1.9, sshd and shells say.
  const cases: readonly (readonly [
    said: string,
    status: number | undefined,
    sent: boolean,
    code: ErrorCode,
    message: RegExp,
  ])[] = [
    [
      'bob is not in the sudoers file.\nThis incident has been reported to the administrator.',
      1,
      true,
      'sudo-refused',
      /: bob is not in the sudoers file/,
    ],
    ['Sorry, user bob may not run sudo on web1.', 1, true, 'sudo-refused', /may not run sudo/],
    [
      "Sorry, user bob is not allowed to execute '/bin/sh -c …' as root on web1.",
      1,
      false,
      'sudo-refused',
      /not allowed/,
    ],
    ['sudo: sorry, you must have a tty to run sudo', 1, false, 'sudo-refused', /must have a tty/],
    [
      'sudo: unknown user nosuch\nsudo: error initializing audit plugin sudoers_audit',
      1,
      false,
      'sudo-refused',
      /unknown user nosuch$/,
    ],
    ['sh: 1: exec: sudo: not found', 127, false, 'sudo-refused', /sudo: not found/],
    ['sudo: 1 incorrect password attempt', 1, true, 'sudo-password-wrong', /refused the password/],
    [
      'Sorry, try again.\nsudo: no password was provided',
      1,
      true,
      'sudo-password-wrong',
      /refused the password/,
    ],
    ['', 1, false, 'sudo-refused', /become root$/],
    ['', undefined, false, 'sudo-refused', /within 30 seconds/],
  ];
  for (const [said, status, sent, code, message] of cases) {
    it(`${said.split('\n')[0] || 'silence'}: ${code}`, () => {
      const error = startFailure(root, said, status === undefined ? undefined : { status }, sent, 30_000);
      expect(error.code).to.equal(code);
      expect(error.message).to.match(message);
      expect(error.hint).to.be.a('string');
    });
  }

  it('as the login user', () => {
    expect(
      startFailure(undefined, 'This account is currently not available.\n', { status: 1 }, false, 1).message,
    ).to.equal('the login shell did not start sh: This account is currently not available.');
    expect(startFailure(undefined, '', undefined, false, 1).code).to.equal('connect-timeout');
  });
});
