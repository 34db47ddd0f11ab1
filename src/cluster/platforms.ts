// The platforms that have prices.

export const PLATFORMS = ['fargate', 'fargate-spot', 'ec2', 'ec2-spot', 'vps', 'server48'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Those whose provider may take machines back at any time. */
export const isSpot = (platform: Platform): boolean => platform.endsWith('-spot');
