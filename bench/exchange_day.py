"""An exchange day of 100 people in three rounds: value, seconds and what is not kept, against two simpler plans.

    python bench/exchange_day.py [people]

People come from municipalities of the bank, one to four from each; needs and offers are sentences of the problems
their practices solve: what they offer is their own, what they need another's in their language. Two lists: in one
all read Spanish, in the other Catalans read Catalan and Spanish, some Spaniards Catalan too, and two in three
Italians also Spanish. Seconds are processor time of one core.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from corpus.bank import read_bank
from corpus.practice import Practice, sentences
from models.encoder import load_encoder
from service.exchange_day import (
    Day,
    Limits,
    Participant,
    ParticipantRole,
    Plan,
    greedy_plan,
    plan_day,
    random_plan,
)

ROUNDS = 3
RANDOM_PLANS = 10
OFFICES = ("Serveis Socials", "Joventut", "Igualtat", "Habitatge")
ROLES = (*ParticipantRole, ParticipantRole.TECHNICIAN, ParticipantRole.TECHNICIAN)
SHARES = {"ca": 0.6, "es": 0.25, "it": 0.15}  # of the bodies in the list of three languages
OFFERING = 0.7  # share of people with an offer
out = Console()


def people(bank: Sequence[Practice], count: int, *, one_language: bool) -> tuple[Participant, ...]:
    """The list, always the same for the same bank."""
    rng = np.random.default_rng(0)
    by_language: dict[str, list[Practice]] = {}
    for practice in bank:
        if practice.problem and practice.body:
            by_language.setdefault(practice.language.value, []).append(practice)

    def spoken(language: str) -> tuple[str, ...]:
        also = {"ca": ("es",), "es": ("ca",) * (rng.random() < 0.5), "it": ("es",) * (rng.random() < 2 / 3)}
        return tuple(dict.fromkeys((language, *also[language], *(("es",) if one_language else ()))))

    def sentence(practice: Practice) -> str:
        return str(rng.choice(sentences(practice.problem or "")))

    made: list[Participant] = []
    while len(made) < count:
        language = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        home = by_language[language][rng.integers(len(by_language[language]))]
        for _ in range(rng.integers(1, 5)):
            other = by_language[language][rng.integers(len(by_language[language]))]
            made.append(
                Participant(
                    row=len(made) + 2,
                    municipality=home.body.name if home.body else None,
                    office=OFFICES[rng.integers(len(OFFICES))],
                    role=ROLES[rng.integers(len(ROLES))],
                    languages=spoken(language),
                    need=sentence(other),
                    offer=sentence(home) if rng.random() < OFFERING else None,
                )
            )
    return tuple(made[:count])


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    bank = [item for item in read_bank() if isinstance(item, Practice)]
    encoder = load_encoder()
    for title, one_language in (("all read Spanish", True), ("three languages", False)):
        participants = people(bank, count, one_language=one_language)
        day = Day(
            participants,
            encoder.encode_queries([each.need or "" for each in participants]),
            encoder.encode_documents([each.offer or "" for each in participants]),
            Limits(rounds=ROUNDS),
        )
        shown = Table(
            "plan", "value", "closeness", "help", "mix", "s", "not kept", title=f"{count} people, {title}"
        )
        plan = add(shown, "this plan", [partial(plan_day, day)])
        add(shown, "each in turn", [partial(greedy_plan, day)])
        add(
            shown,
            f"by lot, mean of {RANDOM_PLANS}",
            [partial(random_plan, day, seed=n) for n in range(RANDOM_PLANS)],
        )
        out.print(shown)
        sizes = Counter(len(table.people) for table in plan.rounds[0].tables)
        out.print(f"tables: {', '.join(f'{number} of {size}' for size, number in sorted(sizes.items()))}")
        out.print(f"cannot be kept: {', '.join(each.constraint for each in plan.unavoidable) or 'nothing'}\n")


def add(shown: Table, name: str, plans: Sequence[Callable[[], Plan]]) -> Plan:
    """A row with the means over some plans; the last of them."""
    started = time.process_time()
    made = [plan() for plan in plans]
    seconds = (time.process_time() - started) / len(made)
    tables = [table for plan in made for each in plan.rounds for table in each.tables]
    broken = Counter(str(each.constraint) for plan in made for each in plan.broken)
    shown.add_row(
        name,
        *(
            f"{np.mean([getattr(table, part) for table in tables]):.3f}"
            for part in ("value", "closeness", "help", "mix")
        ),
        f"{seconds:.1f}",
        ", ".join(f"{constraint} {number / len(made):.0f}" for constraint, number in broken.items()) or "nothing",
    )
    return made[-1]


if __name__ == "__main__":
    main()
