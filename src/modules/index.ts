/**
 * Owns the list of modules: a module exists when it stands here. One import and one line each.
 */
import type { Module } from '../core/module.js';
import { assert } from './assert.js';
import { command } from './command.js';
import { copy } from './copy.js';
import { debug } from './debug.js';
import { fail } from './fail.js';
import { file } from './file.js';
import { setFact } from './set_fact.js';
import { shell } from './shell.js';
import { stat } from './stat.js';
import { template } from './template.js';

const all: readonly Module[] = [assert, command, copy, debug, fail, file, setFact, shell, stat, template];

export const modules: ReadonlyMap<string, Module> = new Map(all.map((module) => [module.name, module]));
