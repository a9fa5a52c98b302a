"""The logical plan: a tree of frozen nodes, each with the columns of its result.

Nodes say what is asked for, in the words of Flink's own plans; how it is computed is the engine's.
"""

from __future__ import annotations

from penstock.sql.plan.aggregates import SET_COLUMN, Aggregate, WindowAggregate, WindowTable
from penstock.sql.plan.columns import BORDERS, Column, Window, window_borders, windowed, without_window
from penstock.sql.plan.explain import explain
from penstock.sql.plan.expressions import expressions
from penstock.sql.plan.joins import IntervalJoin, JoinKeys, JoinKind, TemporalJoin
from penstock.sql.plan.node import Node, nodes, shared_nodes
from penstock.sql.plan.ordered import FirstRows, OverAggregate, TopN
from penstock.sql.plan.rows import Filter, Limit, Normalize, Project, Scan, Union, Values
from penstock.sql.plan.sinks import Sink, Sinks

__all__ = [
    "BORDERS",
    "SET_COLUMN",
    "Aggregate",
    "Column",
    "Filter",
    "FirstRows",
    "IntervalJoin",
    "JoinKeys",
    "JoinKind",
    "Limit",
    "Node",
    "Normalize",
    "OverAggregate",
    "Project",
    "Scan",
    "Sink",
    "Sinks",
    "TemporalJoin",
    "TopN",
    "Union",
    "Values",
    "Window",
    "WindowAggregate",
    "WindowTable",
    "explain",
    "expressions",
    "nodes",
    "shared_nodes",
    "window_borders",
    "windowed",
    "without_window",
]
