// What one task on AWS Batch may be given: the pairs of vCPUs and memory that Fargate has.
import { AppError } from '../core/errors.ts';

export interface TaskSize {
  readonly vcpus: number;
  readonly memoryMib: number;
}

interface Row {
  readonly vcpus: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

const GIB = 1024;
/** Source: AWS Batch, ResourceRequirement, VCPU and MEMORY on Fargate. 0.25 vCPU has the odd pair of 512 MiB besides. */
const ROWS: readonly Row[] = [
  { vcpus: 0.25, from: GIB / 2, to: GIB / 2, step: GIB },
  { vcpus: 0.25, from: GIB, to: 2 * GIB, step: GIB },
  { vcpus: 0.5, from: GIB, to: 4 * GIB, step: GIB },
  { vcpus: 1, from: 2 * GIB, to: 8 * GIB, step: GIB },
  { vcpus: 2, from: 4 * GIB, to: 16 * GIB, step: GIB },
  { vcpus: 4, from: 8 * GIB, to: 30 * GIB, step: GIB },
  { vcpus: 8, from: 16 * GIB, to: 60 * GIB, step: 4 * GIB },
  { vcpus: 16, from: 32 * GIB, to: 120 * GIB, step: 8 * GIB },
];

const isPair = ({ vcpus, memoryMib }: TaskSize): boolean =>
  ROWS.some(
    (row) =>
      row.vcpus === vcpus && memoryMib >= row.from && memoryMib <= row.to && (memoryMib - row.from) % row.step === 0,
  );

/** The smallest pair with at least so much of both; undefined beyond the largest. */
function nextPair({ vcpus, memoryMib }: TaskSize): TaskSize | undefined {
  for (const row of ROWS) {
    if (row.vcpus < vcpus || row.to < memoryMib) continue;
    const steps = Math.max(0, Math.ceil((memoryMib - row.from) / row.step));
    return { vcpus: row.vcpus, memoryMib: row.from + steps * row.step };
  }
  return undefined;
}

/** `2 vCPU and 4 GiB`. */
export const sizeText = ({ vcpus, memoryMib }: TaskSize): string =>
  `${vcpus} vCPU and ${memoryMib % (GIB / 2) === 0 ? `${memoryMib / GIB} GiB` : `${memoryMib} MiB`}`;

/** Errors: REQUEST_INVALID with the next pair that there is. */
export function checkSize(size: TaskSize, platform: 'FARGATE' | 'EC2'): void {
  if (platform === 'EC2') {
    if (Number.isInteger(size.vcpus) && size.vcpus >= 1) return;
    throw new AppError('REQUEST_INVALID', {
      rule: 'A task on EC2 has whole vCPUs.',
      found: sizeText(size),
      todo: `Give --vcpus ${Math.max(1, Math.ceil(size.vcpus))}.`,
    });
  }
  if (isPair(size)) return;
  const next = nextPair(size);
  throw new AppError('REQUEST_INVALID', {
    rule: 'Fargate has certain pairs of vCPUs and memory only.',
    found: `${sizeText(size)}.`,
    todo:
      next === undefined
        ? 'The largest has 16 vCPU and 120 GiB; --queue ec2 has larger machines.'
        : `The next pair: --vcpus ${next.vcpus} --memory ${next.memoryMib}MiB (${sizeText(next)}).`,
  });
}
