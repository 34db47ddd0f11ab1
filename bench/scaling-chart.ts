// A chart of curves over two logarithmic axes, as SVG that reads on light and dark pages.

export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const [WIDTH, HEIGHT] = [860, 420];
const EDGE = { left: 70, right: 280, top: 24, bottom: 48 };
const COLORS = ['#2f7ed8', '#d9822b', '#2a9d5c', '#b04fc4', '#c94f4f'];
/** Powers of ten at the ends of both axes. */
const [X_FROM, X_TO] = [0, 4];
const [Y_FROM, Y_TO] = [-1, 4];

const scale =
  (from: number, to: number, low: number, high: number) =>
  (value: number): number =>
    low + ((Math.min(to, Math.max(from, Math.log10(value))) - from) / (to - from)) * (high - low);
const x = scale(X_FROM, X_TO, EDGE.left, WIDTH - EDGE.right);
const y = scale(Y_FROM, Y_TO, HEIGHT - EDGE.bottom, EDGE.top);

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const power = (exponent: number): string => (10 ** exponent).toLocaleString('en', { maximumFractionDigits: 1 });
const path = (points: Curve['points']): string =>
  points.map((point, at) => `${at === 0 ? 'M' : 'L'}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`).join(' ');

export function drawCurves(curves: readonly Curve[]): string {
  const text = (at: readonly [number, number], anchor: string, words: string, more = ''): string =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" text-anchor="${anchor}"${more}>${words}</text>`;
  const line = (d: string, more: string): string => `<path d="${d}" fill="none" ${more}/>`;
  const grid = [
    ...range(X_FROM, X_TO).flatMap((exponent) => {
      const at = x(10 ** exponent);
      return [
        line(`M${at.toFixed(1)} ${EDGE.top} V${HEIGHT - EDGE.bottom}`, 'stroke="#8884"'),
        text([at, HEIGHT - EDGE.bottom + 18], 'middle', power(exponent)),
      ];
    }),
    ...range(Y_FROM, Y_TO).flatMap((exponent) => {
      const at = y(10 ** exponent);
      return [
        line(`M${EDGE.left} ${at.toFixed(1)} H${WIDTH - EDGE.right}`, 'stroke="#8884"'),
        text([EDGE.left - 8, at + 4], 'end', power(exponent)),
      ];
    }),
  ];
  const ideal = [1, 10_000].map((nodes) => ({ x: nodes, y: nodes }));
  const drawn = curves.flatMap(({ name, points }, at) => {
    const color = COLORS[at % COLORS.length]!;
    const last = points.at(-1)!;
    return [
      line(path(points), `stroke="${color}" stroke-width="2.5"`),
      ...points.map(
        (point) => `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="3" fill="${color}"/>`,
      ),
      text([x(last.x) + 10, y(last.y) + 4], 'start', name, ` style="fill:${color}"`),
    ];
  });
  const middle = (EDGE.left + WIDTH - EDGE.right) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#888" role="img" aria-label="Speed-up over containers">`,
    ...grid,
    line(path(ideal), 'stroke="#888" stroke-dasharray="5 5"'),
    text([x(10_000) + 10, y(10_000) + 4], 'start', 'without delays'),
    ...drawn,
    text([middle, HEIGHT - 8], 'middle', 'containers at once'),
    text(
      [16, (EDGE.top + HEIGHT - EDGE.bottom) / 2],
      'middle',
      'speed-up over one core',
      ` transform="rotate(-90 16 ${(EDGE.top + HEIGHT - EDGE.bottom) / 2})"`,
    ),
    '</svg>',
    '',
  ].join('\n');
}
