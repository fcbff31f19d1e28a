/**
 * Owns the types of the one part of Handlebars that is used: its parser. The package's entry would also load its
 * compiler and source maps, which cost a start more than all parsing does. `@handlebars/parser` (2.2) is no substitute: it
 * accepts what Handlebars 4 does not (`{{(f).x}}`), its types come out as `any`, and the flagship loads 3 % slower with it.
 */
declare module 'handlebars/dist/cjs/handlebars/compiler/base.js' {
  import type Handlebars from 'handlebars';

  const base: Pick<typeof Handlebars, 'parse'>;
  export default base;
}
