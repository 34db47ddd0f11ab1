"""Runs one Python engine for the benchmarks: a JSON job per line on stdin, a JSON answer per line on stdout.

    peers.py vectorbt-numba|vectorbt-rust|raptorbt

The seconds of a job go from candles in memory to the wanted figures of every variant in memory. Engines are used
through their public calls only.
"""

import json
import os
import sys
import time

import numpy as np

METRICS = ("sharpe", "sortino", "omega", "maxDrawdown", "winRate", "profitFactor")


def load(job):
    columns = np.fromfile(job["candles"], dtype=np.float64).reshape(6, job["bars"])
    return dict(zip(("time", "open", "high", "low", "close", "volume"), columns))


class Vectorbt:
    """Variants are columns; a chunk of them at a time keeps the working set small, which is what suits it best."""

    def __init__(self, engine):
        import pandas
        import vectorbt

        vectorbt.settings["engine"] = engine
        self.vbt, self.pandas = vectorbt, pandas
        self.version = f"vectorbt {vectorbt.__version__} ({engine})"

    def prepare(self, job, candles):
        return {name: self.pandas.Series(candles[name]) for name in ("open", "high", "low", "close")}

    def run(self, job, prices):
        stops = job.get("stops") or [(None, None)]
        chunk = max(1, job["chunk"] // len(stops))
        parts = [self.chunk(job, prices, job["pairs"][at : at + chunk], stops) for at in range(0, len(job["pairs"]), chunk)]
        return np.concatenate(parts)

    @staticmethod
    def matrix(signals):
        return signals.values.reshape(len(signals), -1)

    def chunk(self, job, prices, pairs, stops):
        vbt, close = self.vbt, prices["close"]
        ewm = job["average"] == "ema"
        fast = vbt.MA.run(close, window=[pair[0] for pair in pairs], ewm=ewm, run_unique=True)
        slow = vbt.MA.run(close, window=[pair[1] for pair in pairs], ewm=ewm, run_unique=True)
        entries = self.matrix(fast.ma_crossed_above(slow))
        exits = self.matrix(fast.ma_crossed_below(slow))
        if job.get("rsi"):
            strength = vbt.RSI.run(close, window=job["rsi"]["length"])
            entries = entries & self.matrix(strength.rsi_below(job["rsi"]["below"]))
        extra = {}
        if job.get("stops"):
            entries, exits = np.repeat(entries, len(stops), axis=1), np.repeat(exits, len(stops), axis=1)
            levels = np.tile(np.asarray(stops, dtype=np.float64), (len(pairs), 1))
            extra = {name: prices[name] for name in ("open", "high", "low")}
            extra.update(sl_stop=levels[None, :, 0], tp_stop=levels[None, :, 1])
        folio = vbt.Portfolio.from_signals(
            close, entries, exits, fees=job["fee"], slippage=job["slippage"], freq="1min", **extra
        )
        closed = folio.trades.closed
        columns = [folio.total_return(), closed.count()]
        if job["metrics"]:
            columns += [
                folio.sharpe_ratio(),
                folio.sortino_ratio(),
                folio.omega_ratio(),
                -folio.max_drawdown(),
                closed.win_rate(),
                closed.profit_factor(),
            ]
        return np.column_stack([np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in columns])


class Raptorbt:
    """Signals with numpy from its own averages, then one batch call on one thread."""

    def __init__(self):
        os.environ["RAYON_NUM_THREADS"] = "1"
        os.environ["RAPTORBT_NO_VERSION_CHECK"] = "1"
        import raptorbt

        self.rb = raptorbt
        self.version = f"raptorbt {raptorbt.__version__}"

    def prepare(self, job, candles):
        stamps = (candles["time"] * 1e6).astype(np.int64)
        prices = [np.ascontiguousarray(candles[name]) for name in ("open", "high", "low", "close", "volume")]
        return stamps, prices

    def config(self, job, stop, target):
        config = self.rb.BacktestConfig(
            initial_capital=100.0,
            fees=job["fee"],
            slippage=job["slippage"],
            fill_timing="same_bar_close",
            session_minutes=float(self.rb.SESSION_CONTINUOUS),
        )
        if stop is not None:
            config.set_fixed_stop(stop)
            config.set_fixed_target(target)
        return config

    def run(self, job, prepared):
        rb = self.rb
        stamps, prices = prepared
        close = prices[3]
        average = rb.ema if job["average"] == "ema" else rb.sma
        windows = sorted({window for pair in job["pairs"] for window in pair})
        column = {window: average(close, window) for window in windows}
        strength = rb.rsi(close, job["rsi"]["length"]) if job.get("rsi") else None
        configs = [self.config(job, stop, target) for stop, target in job.get("stops") or [(None, None)]]
        items = []
        for fast, slow in job["pairs"]:
            above, below = column[fast] > column[slow], column[fast] < column[slow]
            entries, exits = np.zeros(len(close), dtype=bool), np.zeros(len(close), dtype=bool)
            entries[1:], exits[1:] = above[1:] & below[:-1], below[1:] & above[:-1]
            if strength is not None:
                entries &= strength < job["rsi"]["below"]
            for config in configs:
                items.append(rb.BatchSingleItem(str(len(items)), entries, exits, 1, 1.0, "X", config))
        rows = []
        for _, result in rb.batch_single_backtest(stamps, *prices, items, configs[0]):
            m = result.metrics
            row = [m.total_return_pct / 100, m.total_closed_trades]
            if job["metrics"]:
                row += [
                    m.sharpe_ratio,
                    m.sortino_ratio,
                    m.omega_ratio,
                    m.max_drawdown_pct / 100,
                    m.win_rate_pct / 100,
                    m.profit_factor,
                ]
            rows.append([np.nan if value is None else value for value in row])
        return np.asarray(rows, dtype=np.float64)


def make(name):
    return Raptorbt() if name == "raptorbt" else Vectorbt(name.removeprefix("vectorbt-"))


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not end up between the answers
    engine = make(sys.argv[1])
    answers.write(json.dumps({"version": engine.version}) + "\n")
    answers.flush()
    prepared = {}
    for line in sys.stdin:
        job = json.loads(line)
        try:
            if job["candles"] not in prepared:
                prepared = {job["candles"]: engine.prepare(job, load(job))}
            start = time.perf_counter()
            rows = engine.run(job, prepared[job["candles"]])
            seconds = time.perf_counter() - start
            rows.tofile(job["rows"])
            answer = {"seconds": seconds, "width": int(rows.shape[1])}
        except Exception as error:  # the harness prints it and goes on without this engine
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
