// Owns what tests may use of the lab; everything else in this folder is its own business.
export {
  dockerReady,
  ensureHosts,
  bootState,
  forgetStates,
  loadState,
  reboot,
  recordState,
  reset,
  saveState,
  sshExec,
  type HostCounts,
} from './hosts.js';
export { labPaths } from './paths.js';
export { sshArguments, type LabUser } from './ssh.js';
