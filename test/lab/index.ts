// Owns what tests may use of the lab; everything else in this folder is its own business.
export {
  dockerReady,
  ensureHosts,
  findHost,
  hostStatus,
  listHosts,
  bootState,
  forgetStates,
  loadState,
  powercut,
  powerOff,
  powerOn,
  reboot,
  recordState,
  removeHosts,
  reset,
  saveState,
  sshExec,
  type Host,
  type HostCounts,
  type HostStatus,
  type UpOptions,
} from './hosts.js';
export { LabError } from './error.js';
export { labPaths, type LabPaths } from './paths.js';
export type { Finished } from './process.js';
export { setQuiet } from './progress.js';
export { RELEASES, type Accelerator, type Release } from './recipe.js';
export { sshArguments, type LabUser, type SshOptions } from './ssh.js';
