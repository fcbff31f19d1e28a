/**
 * Owns the list of modules: a module exists when it stands here. One import and one line each.
 */
import type { Module } from '../core/module.js';
import { addHost } from './control/add_host.js';
import { apt } from './system/apt.js';
import { assert } from './control/assert.js';
import { blockinfile } from './files/blockinfile.js';
import { command } from './commands/command.js';
import { copy } from './files/copy.js';
import { debug } from './control/debug.js';
import { fail } from './control/fail.js';
import { fetch } from './files/fetch.js';
import { file } from './files/file.js';
import { group } from './system/group.js';
import { groupBy } from './control/group_by.js';
import { hostLock } from './system/host_lock.js';
import { lineinfile } from './files/lineinfile.js';
import { pause } from './control/pause.js';
import { asyncStatus } from './commands/async_status.js';
import { ping } from './control/ping.js';
import { reboot } from './system/reboot.js';
import { rsync } from './files/rsync.js';
import { script } from './commands/script.js';
import { serviceFacts } from './system/service_facts.js';
import { setFact } from './control/set_fact.js';
import { setup } from './facts/setup.js';
import { shell } from './commands/shell.js';
import { slurp } from './files/slurp.js';
import { stat } from './files/stat.js';
import { systemdHold } from './system/systemd_hold.js';
import { systemdService } from './system/systemd_service.js';
import { template } from './files/template.js';
import { user } from './system/user.js';
import { waitFor } from './commands/wait_for.js';
import { daemonJson } from './docker/daemon_json.js';
import { dockerHostInfo } from './docker/docker_host_info.js';
import { dockerImageCopy } from './docker/docker_image_copy.js';
import { dockerRestore } from './docker/docker_restore.js';
import { filesystem } from './storage/filesystem.js';
import { mount } from './storage/mount.js';
import { remount } from './storage/remount.js';
import { zfs } from './zfs/zfs.js';
import { zfsRename } from './zfs/zfs_rename.js';
import { zfsSnapshot } from './zfs/zfs_snapshot.js';

const all: readonly Module[] = [
  addHost,
  apt,
  assert,
  asyncStatus,
  blockinfile,
  command,
  copy,
  debug,
  fail,
  fetch,
  file,
  group,
  groupBy,
  hostLock,
  lineinfile,
  pause,
  ping,
  reboot,
  rsync,
  script,
  serviceFacts,
  setFact,
  setup,
  shell,
  slurp,
  stat,
  systemdHold,
  systemdService,
  template,
  user,
  waitFor,
  daemonJson,
  dockerHostInfo,
  dockerImageCopy,
  dockerRestore,
  filesystem,
  mount,
  remount,
  zfs,
  zfsRename,
  zfsSnapshot,
];

export const modules: ReadonlyMap<string, Module> = new Map(all.map((module) => [module.name, module]));
