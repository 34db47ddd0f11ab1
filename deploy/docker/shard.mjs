// The entry point of the image's shard variant: options alone are those of `gridmill shard run`; any other command of Gridmill goes by its name.
const [program, , ...args] = process.argv;
const isCommand = args[0] !== undefined && !args[0].startsWith('-');
// Arguments as the program expects them, also where it starts Node.js once more with them.
process.argv = [program, '/app/bin/gridmill.mjs', ...(isCommand ? args : ['shard', 'run', ...args])];
await import('/app/bin/gridmill.mjs');
