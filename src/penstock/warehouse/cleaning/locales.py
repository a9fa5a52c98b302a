"""The names of months in some languages, as they stand in dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MONTHS", "in_english"]

_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

MONTHS: dict[str, tuple[str, ...]] = {
    "de": (
        "Januar|Jänner|Jan", "Februar|Feber|Feb", "März|Mär|Mrz", "April|Apr", "Mai", "Juni|Jun", "Juli|Jul",
        "August|Aug", "September|Sept|Sep", "Oktober|Okt", "November|Nov", "Dezember|Dez",
    ),
    "fr": (
        "janvier|janv", "février|févr|fév", "mars", "avril|avr", "mai", "juin", "juillet|juil", "août",
        "septembre|sept", "octobre|oct", "novembre|nov", "décembre|déc",
    ),
    "it": (
        "gennaio|gen", "febbraio|feb", "marzo|mar", "aprile|apr", "maggio|mag", "giugno|giu", "luglio|lug",
        "agosto|ago", "settembre|set", "ottobre|ott", "novembre|nov", "dicembre|dic",
    ),
    "es": (
        "enero|ene", "febrero|feb", "marzo|mar", "abril|abr", "mayo|may", "junio|jun", "julio|jul", "agosto|ago",
        "septiembre|setiembre|sept|sep", "octubre|oct", "noviembre|nov", "diciembre|dic",
    ),
}  # fmt: skip
"""From January on, each name and its short ones."""


def in_english(values: pl.Series, locale: str) -> pl.Series:
    """Dates with the names of their months in English, short; a full stop after a short one goes."""
    for names, english in zip(MONTHS.get(locale, ()), _ENGLISH, strict=False):
        values = values.str.replace(rf"(?i)\b(?:{names})\b\.?", english)
    return values
