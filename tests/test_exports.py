"""What a module says it offers is there."""

from __future__ import annotations

import importlib
import pkgutil

import penstock

MODULES = [m.name for m in pkgutil.walk_packages(penstock.__path__, "penstock.") if not m.name.endswith("__main__")]


def test_all_names_what_is_there() -> None:
    wrong = []
    for name in MODULES:
        module = importlib.import_module(name)
        offered = list(getattr(module, "__all__", ()))
        wrong += [f"{name}.{n}" for n in offered if not hasattr(module, n) or offered.count(n) > 1]
    assert wrong == []


def test_modules_with_public_names_say_which() -> None:
    silent = [
        name
        for name in MODULES
        if not hasattr(module := importlib.import_module(name), "__all__")
        and any(
            not n.startswith("_") and getattr(v, "__module__", None) == name and callable(v)
            for n, v in vars(module).items()
        )
    ]
    assert silent == []


def test_the_package_offers_three_names_and_loads_them_when_asked() -> None:
    assert set(penstock.__all__) - {"__version__"} == {"Penstock", "memory", "open"}
    assert all(callable(getattr(penstock, name)) for name in ("Penstock", "memory", "open"))
