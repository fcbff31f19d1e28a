/**
 * Owns the list of modules: a module exists when it stands here. One import and one line each.
 */
import type { Module } from '../core/module.js';
import { addHost } from './add_host.js';
import { apt } from './apt.js';
import { assert } from './assert.js';
import { blockinfile } from './blockinfile.js';
import { command } from './command.js';
import { copy } from './copy.js';
import { debug } from './debug.js';
import { fail } from './fail.js';
import { fetch } from './fetch.js';
import { file } from './file.js';
import { group } from './group.js';
import { groupBy } from './group_by.js';
import { hostLock } from './host_lock.js';
import { lineinfile } from './lineinfile.js';
import { pause } from './pause.js';
import { ping } from './ping.js';
import { reboot } from './reboot.js';
import { rsync } from './rsync.js';
import { script } from './script.js';
import { serviceFacts } from './service_facts.js';
import { setFact } from './set_fact.js';
import { setup } from './setup.js';
import { shell } from './shell.js';
import { slurp } from './slurp.js';
import { stat } from './stat.js';
import { systemdHold } from './systemd_hold.js';
import { systemdService } from './systemd_service.js';
import { template } from './template.js';
import { user } from './user.js';
import { waitFor } from './wait_for.js';
import { daemonJson } from './daemon_json.js';
import { dockerHostInfo } from './docker_host_info.js';
import { dockerImageCopy } from './docker_image_copy.js';
import { dockerRestore } from './docker_restore.js';
import { filesystem } from './filesystem.js';
import { mount } from './mount.js';
import { remount } from './remount.js';
import { zfs } from './zfs.js';
import { zfsRename } from './zfs_rename.js';
import { zfsSnapshot } from './zfs_snapshot.js';

const all: readonly Module[] = [
  addHost,
  apt,
  assert,
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
