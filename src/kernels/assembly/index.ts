// The exports of kernels.wasm. This folder is AssemblyScript: compiled by asc, never by tsc.
export { fillTables } from './market-tables';
export { beginProgram, endProgram, runTile } from './program';
export { beginWalk, endWalk, walkTo } from './walk';
export { BAR_SUMS, BLOCK_BARS, setMarket, setVariant } from './walk-input';
