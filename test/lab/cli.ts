// Owns the command line of the lab: arguments in, lines and an exit status out.
import { spawn } from 'node:child_process';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { LabError, messageOf } from './error.js';
import {
  ensureHosts,
  findHost,
  hostStatus,
  listHosts,
  powercut,
  reboot,
  removeHosts,
  reset,
} from './hosts.js';
import { labPaths } from './paths.js';
import { ACCELERATORS, RELEASES, type Accelerator, type Release } from './recipe.js';
import { sshArguments, type LabUser } from './ssh.js';

const users: readonly LabUser[] = ['zrun', 'pwsudo', 'root'];

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 16)
    throw new InvalidArgumentError('a number from 1 to 16');
  return value;
}

const print = (line = ''): void => void process.stdout.write(`${line}\n`);

async function status(): Promise<void> {
  const paths = labPaths();
  const hosts = await hostStatus();
  if (hosts.length === 0) {
    print('No hosts. Make some: npm run lab -- up 2 --os bookworm');
    return;
  }
  const rows = hosts.map(({ host, pid }) => [
    host.name,
    host.release,
    pid === undefined ? 'off' : 'running',
    `127.0.0.1:${host.port}`,
    pid === undefined ? '-' : String(pid),
  ]);
  const table = [['NAME', 'RELEASE', 'STATE', 'SSH', 'PID'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  print();
  print(`inventory    ${paths.inventory}`);
  print(`known_hosts  ${paths.knownHosts}`);
  print(`client key   ${paths.clientKey}   (lets in zrun, pwsudo and root)`);
}

async function ssh(name: string, command: readonly string[], user: LabUser): Promise<number> {
  const host = await findHost(name);
  const [program = 'ssh', ...args] = sshArguments(host, user);
  const terminal = command.length === 0 || process.stdin.isTTY ? ['-t'] : [];
  return await new Promise((resolve, reject) => {
    const child = spawn(program, [...terminal, ...args, ...command], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 255));
  });
}

async function each(
  names: readonly string[],
  work: (name: string) => Promise<void>,
  done: string,
): Promise<void> {
  const all = names.length > 0 ? names : (await listHosts()).map((host) => host.name);
  if (all.length === 0) throw new LabError('there are no hosts', 'npm run lab -- up');
  await Promise.all(
    all.map(async (name) => {
      const since = Date.now();
      await work(name);
      print(`${name}: ${done} in ${((Date.now() - since) / 1000).toFixed(1)} s`);
    }),
  );
}

const program = new Command('npm run lab --')
  .description(
    'Virtual machines with real OpenZFS, real Docker and real sshd, to try zrun on and to test it with.\n' +
      'Each has a pool, Docker with images, volumes and containers, and goes back to that state in seconds.',
  )
  .enablePositionalOptions()
  .showHelpAfterError('(--help shows how)')
  .addHelpText(
    'after',
    `
Examples:
  npm run lab -- up 2 --os bookworm          two hosts whose Docker runs on the zfs driver
  npm run lab -- up 1 --os trixie            and one whose Docker chose overlay2 by itself
  npm run lab -- status                      what there is, and where the inventory is
  npm run lab -- ssh bookworm1               a shell on a host, as zrun (sudo without a password)
  npm run lab -- ssh bookworm1 sudo docker ps -a
  npm run lab -- ssh --user root trixie1     options stand before the name
  npm run lab -- reset bookworm1             back to the prepared state
  npm run lab -- down                        remove every host

The first \`up\` of a release builds its image: ten minutes or so, once. It needs root (or sudo) for that.
Users on each host: zrun (sudo is free), pwsudo (sudo asks for the password: secret), root; one key lets in all.
The machines are emulated; with --accel kvm, or ZRUN_LAB_ACCEL=kvm, they use KVM where it works.`,
  );

program
  .command('up')
  .summary('make hosts, or start those that are off')
  .description(
    'Sees to it that N hosts of a release are there and running. What runs already is left as it is.',
  )
  .addArgument(new Argument('[N]', 'how many of that release there are to be').argParser(count).default(1))
  .addOption(new Option('--os <release>', 'the release of Debian').choices(RELEASES).default('bookworm'))
  .addOption(
    new Option('--accel <how>', 'emulation, or KVM')
      .choices(ACCELERATORS)
      .default('tcg')
      .env('ZRUN_LAB_ACCEL'),
  )
  .action(async (number: number, options: { os: Release; accel: Accelerator }) => {
    await ensureHosts({ [options.os]: number }, { accelerator: options.accel });
    print();
    await status();
  });

program
  .command('down')
  .summary('remove hosts')
  .description(
    'Ends hosts and removes their disks: all where none is named. The images stay for the next `up`.',
  )
  .argument('[NAME...]')
  .action(async (names: string[]) => {
    const removed = await removeHosts(names);
    print(removed.length === 0 ? 'no hosts' : `removed: ${removed.join(', ')}`);
  });

program.command('status').description('Shows the hosts and where the inventory is.').action(status);

program
  .command('ssh')
  .description('A shell on a host, or one command with its exit status.')
  .passThroughOptions()
  .addOption(new Option('--user <name>', 'whom to log in as').choices(users).default('zrun'))
  .argument('<NAME>')
  .argument('[CMD...]')
  .action(async (name: string, command: string[], options: { user: LabUser }) => {
    process.exitCode = await ssh(name, command, options.user);
  });

program
  .command('reset')
  .description('Brings hosts back to the prepared state: all where none is named.')
  .argument('[NAME...]')
  .action((names: string[]) => each(names, reset, 'prepared again'));

program
  .command('powercut')
  .description('Cuts the power of hosts and boots them again from their disks.')
  .argument('<NAME...>')
  .action((names: string[]) => each(names, powercut, 'booted after the power cut'));

program
  .command('reboot')
  .description('Reboots hosts from within.')
  .argument('<NAME...>')
  .action((names: string[]) => each(names, reboot, 'rebooted'));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`lab: ${messageOf(error)}\n`);
  if (error instanceof LabError && error.hint !== undefined) process.stderr.write(`  hint: ${error.hint}\n`);
  process.exitCode = 1;
}
