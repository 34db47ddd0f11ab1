# Makes test/fixtures/models: small models of LightGBM, scikit-learn and arch with what those packages predict.
# python3 -m venv venv && venv/bin/pip install numpy==2.4.6 lightgbm==4.7.0 scikit-learn==1.9.1 arch==8.0.0 skl2onnx==1.20.0
# venv/bin/python scripts/model-fixtures.py
import json
import math
import pathlib
import warnings

import lightgbm as lgb
import numpy as np
from arch.univariate import GARCH, ZeroMean
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler
from skl2onnx import to_onnx

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).resolve().parent.parent / "test/fixtures/models"


def numbers(values):
    """JSON has no NaN and no infinities: missing is null, the others are texts."""
    return [None if math.isnan(v) else v if math.isfinite(v) else str(v) for v in map(float, values)]


def table(rows, rng):
    x = np.empty((rows, 5))
    x[:, 0] = rng.normal(size=rows)
    x[:, 1] = np.where(rng.random(rows) < 0.25, np.nan, rng.normal(size=rows))
    x[:, 2] = np.where(rng.random(rows) < 0.4, 0.0, rng.normal(size=rows))
    x[:, 3] = rng.integers(0, 40, rows)
    x[:, 4] = rng.random(rows) * 100
    return x


def inputs(rng):
    """What a model may meet and what it was not trained on: zeros of both signs, tiny, huge, missing, unknown categories."""
    x = table(60, rng)
    x[0] = np.nan
    x[1] = 0
    x[2] = [-0.0, 1e-36, -1e-36, 0.0, 1e-300]
    x[3] = [1e-35, 2e-35, -2e-35, 39.9, -1e-35]
    x[4] = [np.inf, -np.inf, np.inf, 1e9, -np.inf]
    x[5, 3] = -3
    x[6, 3] = -0.5
    x[7, 3] = 77
    x[8, 3] = np.nan
    x[9, :3] = np.nan
    return x


def lightgbm_cases():
    rng = np.random.default_rng(7)
    x = table(800, rng)
    signal = np.nan_to_num(x[:, 1]) + x[:, 0] * x[:, 2] + (x[:, 3] % 7 > 3) + np.isnan(x[:, 1]) + x[:, 4] / 50
    y = signal + rng.normal(size=len(x)) * 0.3
    up = (y > np.median(y)).astype(float)
    classes = np.digitize(y, np.quantile(y, [0.33, 0.66]))
    positive = np.exp(y / 3)
    share = 1 / (1 + np.exp(-y))
    group = [40] * 20
    grades = np.digitize(y, np.quantile(y, [0.5, 0.8, 0.95]))
    plain = dict(verbosity=-1, num_leaves=8, learning_rate=0.2, min_data_in_leaf=10, deterministic=True, seed=3, num_threads=1)
    forest = dict(boosting="rf", bagging_freq=1, bagging_fraction=0.6, feature_fraction=0.8)
    cases = {
        "regression": (y, dict(objective="regression"), True),
        "regression-zero-missing": (y, dict(objective="regression", zero_as_missing=True), True),
        "regression-no-missing": (np.nan_to_num(y), dict(objective="regression", use_missing=False), False),
        "regression-sqrt": (y * 4, dict(objective="regression", reg_sqrt=True), False),
        "regression-l1": (y, dict(objective="regression_l1"), False),
        "huber": (y, dict(objective="huber"), False),
        "quantile": (y, dict(objective="quantile", alpha=0.8), False),
        "poisson": (np.floor(positive), dict(objective="poisson"), True),
        "gamma": (positive, dict(objective="gamma"), False),
        "tweedie": (positive, dict(objective="tweedie"), False),
        "binary": (up, dict(objective="binary", sigmoid=0.7), True),
        "binary-dart": (up, dict(objective="binary", boosting="dart", drop_rate=0.5), False),
        "binary-forest": (up, dict(objective="binary", **forest), True),
        "regression-forest": (y, dict(objective="regression", **forest), False),
        "cross-entropy": (share, dict(objective="cross_entropy"), False),
        "cross-entropy-lambda": (share, dict(objective="cross_entropy_lambda"), False),
        "multiclass": (classes, dict(objective="multiclass", num_class=3), True),
        "multiclass-ova": (classes, dict(objective="multiclassova", num_class=3, sigmoid=1.3), False),
        "lambdarank": (grades, dict(objective="lambdarank"), False),
        "linear-tree": (y, dict(objective="regression", linear_tree=True), False),
        "linear-classes": (classes, dict(objective="multiclass", num_class=3, linear_tree=True), False),
        "missing-only": (np.isnan(x[:, 1]) * 3.0 + rng.normal(size=len(x)) * 0.1, dict(objective="regression"), False),
        "wide-trees": (y, dict(objective="regression", num_leaves=63, min_data_in_leaf=3, max_cat_to_onehot=1), True),
    }
    seen = inputs(np.random.default_rng(11))
    recorded = {}
    for name, (target, parameters, categorical) in cases.items():
        data = lgb.Dataset(
            x,
            target,
            group=group if name == "lambdarank" else None,
            categorical_feature=[3] if categorical else [],
            feature_name=["momentum", "gap", "flow", "weekday", "level"],
            params=dict(plain, **parameters),
        )
        model = lgb.train(dict(plain, **parameters), data, num_boost_round=2 if name == "wide-trees" else 4)
        model.save_model(OUT / f"{name}.txt")
        # From the file: what a reader of the file can know.
        model = lgb.Booster(model_file=OUT / f"{name}.txt")
        outcome = np.asarray(model.predict(seen)).reshape(len(seen), -1)
        raw = np.asarray(model.predict(seen, raw_score=True)).reshape(len(seen), -1)
        recorded[name] = {
            "prediction": [numbers(column) for column in outcome.T],
            "raw": [numbers(column) for column in raw.T],
        }
    # Nothing to learn from: trees of a single leaf.
    data = lgb.Dataset(np.zeros((100, 5)), np.arange(100.0), params=plain)
    lgb.train(dict(plain, objective="regression"), data, num_boost_round=2).save_model(OUT / "single-leaf.txt")
    model = lgb.Booster(model_file=OUT / "single-leaf.txt")
    recorded["single-leaf"] = {"prediction": [numbers(model.predict(seen))], "raw": [numbers(model.predict(seen, raw_score=True))]}
    write("lightgbm.json", {"inputs": [numbers(column) for column in seen.T], "cases": recorded})


def ridge_case():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 3)) * [1, 50, 0.01] + [0, 100, 1]
    y = x @ [0.5, -0.02, 12] + rng.normal(size=200) * 0.1
    scaler = StandardScaler().fit(x)
    model = Ridge(alpha=2.0).fit(scaler.transform(x), y)
    seen = x[:30].copy()
    seen[4, 1] = np.nan
    expected = [np.nan if np.isnan(row).any() else model.predict(scaler.transform([row]))[0] for row in seen]
    saved = {
        "intercept": float(model.intercept_),
        "coefficients": model.coef_.tolist(),
        "features": ["momentum", "level", "ratio"],
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
    }
    write("ridge-model.json", saved)
    write("ridge.json", {"inputs": [numbers(c) for c in seen.T], "prediction": numbers(expected)})


def returns_like(rng, bars):
    """A GARCH(1,1) process: omega 2e-6, alpha 0.08, beta 0.9."""
    variance, returns = 1e-4, []
    for shock in rng.normal(size=bars):
        returns.append(shock * math.sqrt(variance))
        variance = 2e-6 + 0.08 * returns[-1] ** 2 + 0.9 * variance
    return np.array(returns)


def garch_case():
    window, every, bars = 500, 100, 1_000
    prices = 100 * np.cumprod(1 + returns_like(np.random.default_rng(5), bars))
    returns = np.concatenate([[np.nan], prices[1:] / prices[:-1] - 1])
    fits = []
    for at in range(window + every - 1, bars, every):
        seen = returns[at - window + 1 : at + 1] * 100
        model = ZeroMean(seen, volatility=GARCH(1, 0, 1), rescale=False)
        fit = model.fit(disp="off", tol=1e-12, options={"maxiter": 1000})
        omega, alpha, beta = fit.params
        forecast = omega + alpha * seen[-1] ** 2 + beta * fit.conditional_volatility[-1] ** 2
        fits.append(
            {
                "bar": at,
                "omega": omega / 1e4,
                "alpha": alpha,
                "beta": beta,
                "logLikelihood": fit.loglikelihood + window * math.log(100),
                "volatility": math.sqrt(forecast) / 100,
            }
        )
    write("garch.json", {"window": window, "every": every, "prices": prices.tolist(), "fits": fits})


def walk_forward_case():
    rng = np.random.default_rng(9)
    bars, horizon, window, every, alpha = 600, 5, 150, 40, 3.0
    prices = 100 * np.cumprod(1 + rng.normal(size=bars) * 0.01)
    features = np.column_stack([rng.normal(size=bars), rng.normal(size=bars) * 30 + 5, np.ones(bars)])
    features[:7, 0] = np.nan
    features[300, 1] = np.nan
    label = np.full(bars, np.nan)
    label[:-horizon] = prices[horizon:] / prices[:-horizon] - 1
    prediction = np.full(bars, np.nan)
    model = scaler = None
    for bar in range(bars):
        if (bar + 1) % every == 0 and bar - horizon - window + 1 >= 0:
            rows = slice(bar - horizon - window + 1, bar - horizon + 1)
            x, y = features[rows], label[rows]
            usable = ~np.isnan(x).any(axis=1)
            scaler = StandardScaler().fit(x[usable])
            model = Ridge(alpha=alpha).fit(scaler.transform(x[usable]), y[usable])
        if model is not None and not np.isnan(features[bar]).any():
            prediction[bar] = model.predict(scaler.transform(features[bar : bar + 1]))[0]
    settings = {"horizon": horizon, "window": window, "every": every, "alpha": alpha}
    columns = {"prices": prices.tolist(), "features": [numbers(c) for c in features.T], "prediction": numbers(prediction)}
    write("ridge-walk-forward.json", {**settings, **columns})


def onnx_cases():
    rng = np.random.default_rng(13)
    x = rng.normal(size=(300, 3)).astype(np.float32)
    y = x @ [0.7, -1.2, 0.4]
    seen = x[:25]
    regressor = MLPRegressor(hidden_layer_sizes=(5,), max_iter=300, random_state=1).fit(x, y)
    classifier = LogisticRegression().fit(x, (y > 0).astype(int))
    options = {id(classifier): {"zipmap": False}}
    (OUT / "regressor.onnx").write_bytes(to_onnx(regressor, x[:1]).SerializeToString())
    (OUT / "classifier.onnx").write_bytes(to_onnx(classifier, x[:1], options=options).SerializeToString())
    recorded = {
        "inputs": [numbers(c) for c in seen.T],
        "regressor": numbers(regressor.predict(seen)),
        "classifier": numbers(classifier.predict_proba(seen)[:, 1]),
    }
    write("onnx.json", recorded)


def write(name, value):
    (OUT / name).write_text(json.dumps(value) + "\n")


OUT.mkdir(parents=True, exist_ok=True)
lightgbm_cases()
ridge_case()
garch_case()
walk_forward_case()
onnx_cases()
