// Candles with entry and exit markers, and a close look at one trade.
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  LineStyle,
  type SeriesMarker,
  type UTCTimestamp,
} from 'lightweight-charts';
import { formatPrice, formatSignedPercent, formatTime } from '../../src/report/format.ts';
import type { CandleColumns, ReportCandles, ReportTrades } from '../../src/report/report-data.ts';
import { typeset } from '../dom.ts';
import { type ChartTheme, onThemeChange, readTheme, withAlpha } from './theme.ts';

/** Above this many trades in view, markers would hide the candles and are left out. */
const CROWD = 150;

export interface CandleChartOptions {
  readonly dateOnly: boolean;
  readonly onPickTrade: (index: number) => void;
  readonly onView: (view: CandleView) => void;
}

export interface CandleView {
  /** Full resolution around one trade instead of the aggregated overview. */
  readonly closeUp: boolean;
  /** Trades whose markers are left out because there are too many in view; 0 = none. */
  readonly crowd: number;
}

export class CandleChart {
  private readonly chart: IChartApi;
  private readonly series: ISeriesApi<'Candlestick'>;
  private readonly tradeLine: ISeriesApi<'Line'>;
  private readonly markers: ISeriesMarkersPluginApi<UTCTimestamp>;
  private readonly candles: ReportCandles;
  private readonly options: CandleChartOptions;
  private theme: ChartTheme;
  private shown: CandleColumns | null = null;
  private trades: ReportTrades | null = null;
  private chosen: number | null = null;
  private crowd = 0;

  constructor(host: HTMLElement, candles: ReportCandles, options: CandleChartOptions) {
    this.candles = candles;
    this.options = options;
    this.theme = readTheme();
    this.chart = createChart(host, {
      autoSize: true,
      localization: {
        locale: 'en-GB',
        priceFormatter: formatPrice,
        timeFormatter: (time: UTCTimestamp) => formatTime(time * 1000, options.dateOnly),
      },
      timeScale: { timeVisible: !options.dateOnly, secondsVisible: false, minBarSpacing: 0.01, rightOffset: 2 },
      rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0.12 } },
    });
    this.series = this.chart.addSeries(CandlestickSeries, { lastValueVisible: false, priceLineVisible: false });
    this.tradeLine = this.chart.addSeries(LineSeries, {
      lineWidth: 2,
      lineStyle: LineStyle.Dashed,
      lastValueVisible: false,
      priceLineVisible: false,
      crosshairMarkerVisible: false,
    });
    this.markers = createSeriesMarkers(this.series as ISeriesApi<'Candlestick', UTCTimestamp>, []);
    this.chart.subscribeClick((event) => {
      const id = event.hoveredObjectId;
      if (typeof id === 'string') options.onPickTrade(Number(id));
    });
    this.chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.thinMarkers());
    this.paint();
    onThemeChange((theme) => {
      this.theme = theme;
      this.paint();
      this.drawMarkers();
    });
    this.show(candles.overview);
    this.fitOnceSized(host);
  }

  /** Fitting needs a width, and the host has none until it is in the page. */
  private fitOnceSized(host: HTMLElement): void {
    const observer = new ResizeObserver(() => {
      if (host.clientWidth === 0) return;
      observer.disconnect();
      requestAnimationFrame(() => this.chosen === null && this.chart.timeScale().fitContent());
    });
    observer.observe(host);
  }

  /** Shows the trades of another variant, or none, over all candles. */
  setTrades(trades: ReportTrades | null): void {
    this.trades = trades;
    this.showAll();
    // The candles in view may stay the same, and then nothing else counts the trades again.
    this.thinMarkers();
  }

  /** Zooms to a trade, in full resolution where it is stored. */
  showTrade(index: number): void {
    const { trades } = this;
    if (trades === null) return;
    this.chosen = index;
    const [from, to] = [trades.entryTime[index]!, trades.exitTime[index]!];
    const window = this.candles.windows.find((one) => one.time[0]! <= from && one.time.at(-1)! >= to);
    this.show(window ?? this.candles.overview);
    const { time } = this.shown!;
    const first = candleAt(time, from);
    const last = candleAt(time, to);
    const margin = Math.max(12, Math.round((last - first) * 0.6));
    this.chart.timeScale().setVisibleLogicalRange({ from: first - margin, to: last + margin });
    this.drawMarkers();
  }

  showAll(): void {
    this.chosen = null;
    this.show(this.candles.overview);
    this.drawMarkers();
    this.chart.timeScale().fitContent();
  }

  private show(candles: CandleColumns): void {
    if (this.shown === candles) return;
    this.shown = candles;
    this.tradeLine.setData([]);
    this.markers.setMarkers([]);
    this.series.setData(
      candles.time.map((time, i) => ({
        time: seconds(time),
        open: candles.open[i]!,
        high: candles.high[i]!,
        low: candles.low[i]!,
        close: candles.close[i]!,
      })),
    );
    this.tellView();
  }

  private thinMarkers(): void {
    const inView = this.tradesInView();
    const crowd = inView > CROWD ? inView : 0;
    if (crowd === this.crowd) return;
    const changed = crowd > 0 !== this.crowd > 0;
    this.crowd = crowd;
    if (changed) this.drawMarkers();
    this.tellView();
  }

  private tellView(): void {
    this.options.onView({ closeUp: this.shown !== this.candles.overview, crowd: this.crowd });
  }

  private tradesInView(): number {
    const range = this.chart.timeScale().getVisibleRange();
    if (range === null || this.trades === null) return 0;
    const [from, to] = [Number(range.from) * 1000, Number(range.to) * 1000];
    return this.trades.entryTime.filter((time, i) => time <= to && this.trades!.exitTime[i]! >= from).length;
  }

  private drawMarkers(): void {
    const { trades, shown } = this;
    if (shown === null) return;
    if (trades === null) {
      this.markers.setMarkers([]);
      this.tradeLine.setData([]);
      return;
    }
    const markers: SeriesMarker<UTCTimestamp>[] = [];
    const [start, end] = [shown.time[0]!, shown.time.at(-1)!];
    const closeUp = shown !== this.candles.overview;
    trades.side.forEach((_, i) => {
      // Aggregated candles start at or before the bars they hold, so only a close-up can miss a trade.
      if (this.crowd > 0 && i !== this.chosen) return;
      if (closeUp && (trades.entryTime[i]! < start || trades.exitTime[i]! > end)) return;
      markers.push(...this.tradeMarkers(trades, i, shown));
    });
    this.markers.setMarkers(markers.sort((a, b) => a.time - b.time));
    this.drawTradeLine(trades, shown);
  }

  private tradeMarkers(trades: ReportTrades, i: number, shown: CandleColumns): SeriesMarker<UTCTimestamp>[] {
    const { gain, loss, accent, short } = this.theme;
    const long = trades.side[i] === 'long';
    const chosen = i === this.chosen;
    const faded = this.chosen !== null && !chosen;
    const tone = (colour: string): string => (faded ? withAlpha(colour, 0.35) : colour);
    const result = trades.pnl[i]! >= 0 ? gain : loss;
    const place = (time: number): UTCTimestamp => seconds(shown.time[candleAt(shown.time, time)]!);
    const below = { position: 'belowBar', shape: 'arrowUp' } as const;
    const above = { position: 'aboveBar', shape: 'arrowDown' } as const;
    const entry: SeriesMarker<UTCTimestamp> = {
      id: String(i),
      ...(long ? below : above),
      time: place(trades.entryTime[i]!),
      color: tone(long ? accent : short),
      text: chosen ? trades.side[i]! : undefined,
    };
    if (trades.exitReason[i] === 'open') return [entry];
    const exit: SeriesMarker<UTCTimestamp> = {
      id: String(i),
      // On the side the price came to, where the trade's line ends and few candles lie.
      position: trades.exitPrice[i]! < trades.entryPrice[i]! ? 'belowBar' : 'aboveBar',
      shape: 'circle',
      size: 0.7,
      time: place(trades.exitTime[i]!),
      color: tone(result),
      text: chosen ? typeset(formatSignedPercent(trades.return[i])) : undefined,
    };
    return [entry, exit];
  }

  private drawTradeLine(trades: ReportTrades, shown: CandleColumns): void {
    const i = this.chosen;
    if (i === null) {
      this.tradeLine.setData([]);
      return;
    }
    const first = candleAt(shown.time, trades.entryTime[i]!);
    const last = candleAt(shown.time, trades.exitTime[i]!);
    const points = [{ time: seconds(shown.time[first]!), value: trades.entryPrice[i]! }];
    if (last > first) points.push({ time: seconds(shown.time[last]!), value: trades.exitPrice[i]! });
    this.tradeLine.applyOptions({ color: trades.pnl[i]! >= 0 ? this.theme.gain : this.theme.loss });
    this.tradeLine.setData(points);
  }

  private paint(): void {
    const { surface, muted, line, gain, loss, font } = this.theme;
    this.chart.applyOptions({
      layout: {
        background: { color: surface },
        textColor: muted,
        fontFamily: font,
        fontSize: 11,
        attributionLogo: true,
      },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
      crosshair: { vertLine: { labelBackgroundColor: muted }, horzLine: { labelBackgroundColor: muted } },
    });
    this.series.applyOptions({
      upColor: gain,
      downColor: loss,
      borderVisible: false,
      wickUpColor: gain,
      wickDownColor: loss,
    });
  }
}

const seconds = (ms: number): UTCTimestamp => Math.floor(ms / 1000) as UTCTimestamp;

/** Index of the last candle that opens at or before `time`; 0 before the first. */
function candleAt(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (times[middle]! <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}
