// The files `gridmill init` writes: a commented strategy, the editor's settings, and a short guide.
import { barStrategySource } from './bar-starter.ts';

export interface StarterFile {
  readonly name: string;
  readonly content: string;
}

/** A strategy of signals, or one that places orders bar by bar. */
export type StarterKind = 'signals' | 'bars';

/** Files of a new strategy folder. `typesPath` is the absolute path of the package's type declarations. */
export function starterFiles(strategyName: string, typesPath: string, kind: StarterKind): readonly StarterFile[] {
  const isBars = kind === 'bars';
  return [
    { name: `${strategyName}.ts`, content: isBars ? barStrategySource(strategyName) : strategySource(strategyName) },
    { name: 'tsconfig.json', content: editorSettings(typesPath) },
    { name: 'README.md', content: guide(strategyName, isBars ? 'slow=40' : 'slow=60 --set move=0.001') },
  ];
}

const strategySource = (
  name: string,
): string => `// A moving-average crossing that is only taken while the market moves. Change anything; gridmill compiles it on the fly.
import { and, atr, candles, close, crossAbove, crossBelow, defineStrategy, divide, gt, range, sma } from 'gridmill';

export default defineStrategy({
  name: '${name}',
  description: 'Buys when the fast average crosses above the slow one in a market that moves; sells on the way back.',

  // What a sweep varies. On the command line --set fast=5..20:5 or --set fast=8,13,21 replaces a range.
  parameters: {
    fast: range(5, 30, 5),
    slow: range(20, 120, 20),
    move: range(0.001, 0.003, 0.001),
  },

  // Combinations for which this is false are left out.
  constraint: (p) => p.fast < p.slow,

  // Conditions over indicators. They are true or false at the close of each bar and cannot look ahead.
  // A longer timeframe is on('1h'), as in sma(on('1h').close, 20): readable once its candle has closed.
  signals: (p) => {
    const fast = sma(close, p.fast);
    const slow = sma(close, p.slow);
    const moving = gt(divide(atr(candles, 14), close), p.move);
    return {
      enterLong: and(crossAbove(fast, slow), moving),
      exitLong: crossBelow(fast, slow),
      // With --direction both or short these count too.
      enterShort: and(crossBelow(fast, slow), moving),
      exitShort: crossAbove(fast, slow),
    };
  },

  // Barriers to vary on the best variants; the command line has --stop-loss, --take-profit, --trailing, --time-limit.
  // risk: { stopLoss: choice(0, 0.02, 0.05) },
});

// What conditions cannot say, a function can: give compute instead of signals. It returns +1 long, 0 flat, -1 short
// for every bar, and may read bars 0..i for bar i only; "gridmill check" proves that it does.
//
//   compute: (candles, p) => {
//     const target = new Int8Array(candles.barCount);
//     for (let i = p.fast; i < target.length; i++) {
//       target[i] = candles.close[i]! > candles.close[i - p.fast]! ? 1 : 0;
//     }
//     return target;
//   },
`;

const editorSettings = (typesPath: string): string =>
  `${JSON.stringify(
    {
      compilerOptions: {
        target: 'ES2023',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        allowImportingTsExtensions: true,
        types: [],
        paths: { gridmill: [typesPath] },
      },
      include: ['*.ts'],
    },
    undefined,
    2,
  )}\n`;

const guide = (name: string, rest: string): string => `# ${name}

\`${name}.ts\` is the strategy. No install is needed: gridmill compiles it when it runs it, and \`tsconfig.json\` tells the
editor where the types of \`gridmill\` are.

\`\`\`sh
# Does it look ahead?
gridmill check ./${name}.ts

# Rank its grid over candles of yours (CSV, Parquet, Arrow, freqtrade or Binance files)
gridmill sweep ./${name}.ts --data btc-1m.csv.gz --timeframe 5m --fee 0.1%

# One variant with all its trades
gridmill run ./${name}.ts --data btc-1m.csv.gz --timeframe 5m --fee 0.1% --set fast=10 --set ${rest}
\`\`\`
`;
