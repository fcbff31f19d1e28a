/**
 * Owns which units of systemd depend on others: those that stop with them, those that start containers through Docker's
 * client, and the timers, paths and sockets that start any of these. Looks only. Sources: systemd.unit(5),
 * org.freedesktop.systemd1(5).
 */
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';

/**
 * Why a unit counts. `requires`: systemd stops it with what it depends on (Requires, Requisite, BindsTo, PartOf,
 * StopPropagatedFrom, at any distance). `calls`: what it runs, or the script that it runs, calls Docker's client.
 * `triggers`: it starts one of these. `after`: it is only ordered after it, or wants it.
 */
type DependsHow = 'requires' | 'calls' | 'triggers' | 'after';

/**
 * Why a unit that runs cannot be stopped and started again as it is. `transient`: systemd-run has started it, and keeps it in
 * memory only. `missing`: its file is gone. `masked`. `broken`: systemd cannot load it. `changed`: its files were changed since
 * systemd has read them, and the next reload makes another unit of it. `refuses-stop`: RefuseManualStop=yes, and nothing
 * stops it with Docker.
 */
type Obstacle = 'transient' | 'missing' | 'masked' | 'broken' | 'changed' | 'refuses-stop';

export interface Dependent {
  readonly unit: string;
  readonly how: DependsHow;
  /** `active`, `activating`, `inactive`, `failed`, … */
  readonly active: string;
  /** `running`, `exited`, `auto-restart`, … */
  readonly sub: string;
  /**
   * It has done its work and nothing of it runs (RemainAfterExit), and nothing stops it with Docker: stopping it would only
   * run its ExecStop, as `docker compose down`.
   */
  readonly stays: boolean;
  /** Only of what runs. */
  readonly obstacle?: Obstacle | undefined;
  /** It is at its work (Type=oneshot): stopped, it begins from its beginning when it is started again. */
  readonly isJob?: boolean;
  /** Systemd stops it with Docker, and only so (RefuseManualStop). */
  readonly stopsWithDocker?: boolean;
}

/** What an obstacle means, and what to do about it, after the unit's name. */
export const obstacleTexts: Readonly<Record<Obstacle, string>> = {
  transient:
    'was started by systemd-run and is gone once it is stopped: stop it first, and start it again yourself',
  missing: 'has lost its unit file: put that back and run systemctl daemon-reload, or stop it first',
  masked: 'is masked: unmask it, or stop it first',
  broken:
    'cannot be loaded (systemctl status says why): mend its unit file and run systemctl daemon-reload, or stop it first',
  changed:
    'has other files now than systemd has read, and would come back as another unit: run systemctl daemon-reload if that is meant (systemctl cat shows them), or put them back',
  'refuses-stop':
    'refuses to be stopped (RefuseManualStop=yes), and systemd does not stop it with Docker: name it in leave_units, or stop what it does otherwise',
};

/** A unit that is running, or about to. */
export function isActive({ active }: Pick<Dependent, 'active'>): boolean {
  return ['active', 'activating', 'reloading', 'refreshing'].includes(active);
}

/** Whether it is stopped and held together with what it depends on. */
export function isToBeHeld({ how, stays }: Dependent): boolean {
  return how !== 'after' && !stays;
}

/**
 * Prints the dependents of units, a line each, which `parseDependents` reads. For hosts that run systemd.
 * @param roots shell words: the units that the others depend on
 * @param isDocker whether services that call Docker's client count, too
 * @param folder units that need a mount of it or of what is in it (RequiresMountsFor) count as `requires`, also where
 *   systemd does not stop them with it, as it does not where ZFS has mounted it by itself
 */
export function dependentsScript(roots: ShellText, isDocker: boolean, folder = ''): ShellText {
  return lines(dependentsFunction(), sh`dependents ${folder} ${isDocker ? 'docker' : ''} ${roots}`);
}

/** `dependents FOLDER CLIENT UNIT…`, as the file has it. */
export function dependentsFunction(): ShellText {
  return shellFile('modules/system/dependents.sh');
}

/** Lines as `dependentsScript` prints them; others are passed over. */
export function parseDependents(rows: readonly string[]): readonly Dependent[] {
  return rows
    .flatMap((row) => {
      const [unit = '', how = '', active = '', sub = '', stays = '', obstacle = '', more = ''] =
        row.split('\t');
      if (!isHow(how)) return [];
      const marks = more.split(' ');
      return [
        {
          ...{ unit, how, active, sub, stays: stays === 'stays' },
          ...(isObstacle(obstacle) && { obstacle }),
          ...(marks.includes('job') && { isJob: true }),
          ...(marks.includes('with-docker') && { stopsWithDocker: true }),
        },
      ];
    })
    .toSorted((a, b) => (a.unit < b.unit ? -1 : 1));
}

function isHow(word: string): word is DependsHow {
  return ['requires', 'calls', 'triggers', 'after'].includes(word);
}

function isObstacle(word: string): word is Obstacle {
  return Object.hasOwn(obstacleTexts, word);
}
