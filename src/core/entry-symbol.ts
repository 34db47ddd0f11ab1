// Where a compiled strategy finds what it imports from 'gridmill'. Apart, as the bundler is heavy to load.

/** `globalThis[Symbol.for(ENTRY_SYMBOL)]`: the public entry of this process, set before a strategy file is imported. */
export const ENTRY_SYMBOL = 'gridmill.entry';
