// What the numbers were measured on, as the machine itself says.
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly model: string;
  readonly cores: number;
  readonly threadsPerCore: string;
  readonly caches: string;
  readonly vectorUnits: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly compiler: string;
  readonly loadBefore: readonly number[];
}

/** First line of what a program prints; undefined when it cannot be run. */
export function firstLine(program: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0].trim() : undefined;
}

export function describeMachine(): Machine {
  const { stdout } = spawnSync('lscpu', { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  const fields = new Map<string, string>();
  for (const line of (stdout ?? '').split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) fields.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  const flags = (fields.get('Flags') ?? '').split(' ');
  const family = fields.get('CPU family');
  const model = fields.get('Model name') ?? cpus()[0]?.model ?? 'unknown';
  return {
    model: family === undefined ? model : `${model} (family ${family}, model ${fields.get('Model')})`,
    cores: cpus().length,
    threadsPerCore: fields.get('Thread(s) per core') ?? 'unknown',
    caches: ['L1d', 'L2', 'L3'].map((level) => `${level} ${fields.get(`${level} cache`) ?? 'unknown'}`).join(', '),
    vectorUnits: ['avx2', 'avx512f', 'asimd'].filter((unit) => flags.includes(unit)).join(', ') || 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${release()}`,
    node: process.version,
    compiler: firstLine('cc', '--version') ?? 'none',
    loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}
