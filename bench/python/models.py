# Trains the models of bench/models.mjs, records their predictions, and measures LightGBM itself on one thread.
# python bench/python/models.py FOLDER   (needs lightgbm and numpy)
import json
import pathlib
import sys
import time

import lightgbm as lgb
import numpy as np

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
ROWS, FEATURES = 100_000, 20
rng = np.random.default_rng(1)
x = rng.normal(size=(ROWS, FEATURES))
x[:, 3] = rng.integers(0, 30, ROWS)
y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + (x[:, 3] % 5) / 3 + rng.normal(size=ROWS) * 0.5
holes = x.copy()
holes[rng.random(size=x.shape) < 0.02] = np.nan
x.T.copy().tofile(folder / "plain.f64")
holes.T.copy().tofile(folder / "missing.f64")
settings = dict(verbosity=-1, num_threads=1, min_data_in_leaf=50, learning_rate=0.05)
cases = {
    "31-leaves": (dict(objective="regression", num_leaves=31), "plain", []),
    "255-leaves": (dict(objective="regression", num_leaves=255), "plain", []),
    "31-leaves-missing": (dict(objective="binary", num_leaves=31), "missing", [3]),
}
for name, (options, table, categories) in cases.items():
    seen = holes if table == "missing" else x
    target = (y > 0).astype(float) if options["objective"] == "binary" else y
    data = lgb.Dataset(seen[:20_000], target[:20_000], categorical_feature=categories)
    model = lgb.train({**settings, **options}, data, num_boost_round=200)
    model.save_model(folder / f"{name}.txt")
    model = lgb.Booster(model_file=folder / f"{name}.txt")
    best = None
    for _ in range(5):
        started = time.process_time()
        prediction = model.predict(seen, num_threads=1)
        took = time.process_time() - started
        best = took if best is None else min(best, took)
    prediction.tofile(folder / f"{name}.f64")
    record = {"table": table, "rows": ROWS, "features": FEATURES, "trees": model.num_trees(), "seconds": best}
    (folder / f"{name}.json").write_text(json.dumps(record))
