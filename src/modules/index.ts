/**
 * Owns the list of modules: a module exists when it stands here. One import and one line each.
 */
import type { Module } from '../core/module.js';

const all: readonly Module[] = [];

export const modules: ReadonlyMap<string, Module> = new Map(all.map((module) => [module.name, module]));
