"""An operator at work: a plan becomes requests."""

from collections.abc import Iterator
from random import Random

from demo.problems import problem
from worlds.accounts import SDKS, Account, Truth, addresses, asked, human
from worlds.campaign import Plan
from worlds.chance import poisson
from worlds.clock import DAY, ZONES, Moment, person, sitting, thinned
from worlds.instructions import Bank, author, bank
from worlds.products import grown
from worlds.story import World
from worlds.templates import Template, fixed
from worlds.voices import speaker


def run(rng: Random, world: World, plan: Plan) -> None:
    """Add one campaign and its cover traffic."""
    truth = world.tell(
        "campaign", plan.accounts, **{k: v for k, v in plan.parameters().items() if k != "accounts"}
    )
    accounts = [_account(rng, f"{world.name} {truth.story} {n}", plan) for n in range(plan.accounts)]
    days = world.calendar.days
    length = max(0.2, plan.window * days)
    first = rng.uniform(0, days - length)
    spans = _spans(rng, plan, first, first + length)
    moment = _schedule(rng, world, plan, first, first + length)
    counts = _counts(rng, plan)
    times = [_times(rng, world, plan, moment, *row) for row in zip(spans, counts, strict=True)]
    source = bank(rng, "en" if plan.tongue == "en" and rng.random() < 0.7 else "")
    dealt, template = _inputs(rng, plan, source), _template(rng, plan)
    for account, span, sent in zip(accounts, spans, times, strict=True):
        texts = dealt if plan.dealt == "at random" else _inputs(rng, plan, source.habit(rng, 0.6))
        for task in tasks(sorted(sent), plan.turns):
            item, *replies = (next(texts) for _ in task)
            for time, messages in zip(task, grown(rng, template, [item, *replies]), strict=True):
                world.send(account, time, messages, truth)
        _cover(rng, world, plan, account, span, len(sent), Truth("cover", truth.story))


def tasks(times: list[float], turns: int) -> Iterator[list[float]]:
    """Yield the times of one task after another; the turns of a task follow closely."""
    for first in range(0, len(times), turns):
        task = times[first : first + turns]
        yield [task[0] + 40.0 * turn for turn in range(len(task))]


def _account(rng: Random, name: str, plan: Plan) -> Account:
    if plan.metadata == "crowd":
        return human(rng, name)
    if plan.metadata == "blank":
        return Account(name, ("",), ("",))
    net = "185.77" if plan.metadata == "one network" else ""
    return Account(name, addresses(rng, rng.randint(1, 5), net), (rng.choice(SDKS[:6]),))


def _spans(rng: Random, plan: Plan, first: float, last: float) -> list[tuple[float, float]]:
    """Return the days between which each account works."""
    length, spans = last - first, []
    part = rng.uniform(0.1, 0.6)
    ban = first + length * rng.uniform(0.3, 0.7)
    for number in range(plan.accounts):
        if plan.roster == "staggered":
            spans.append((first + length * 0.8 * rng.random(), last))
        elif plan.roster == "rotation":
            start = first + length * (1 - part) * number / plan.accounts
            spans.append((start, start + part * length))
        elif plan.roster == "succession":
            spans.append((first, ban) if number % 2 else (ban, last))
        else:
            spans.append((first, last))
    return spans


def _schedule(rng: Random, world: World, plan: Plan, first: float, last: float) -> Moment:
    calendar, zone = world.calendar, rng.choice(ZONES)
    if plan.schedule == "people":
        crowd = [person(rng, calendar) for _ in range(30)]
        return lambda rng, a, b: rng.choice(crowd)(rng, a, b)
    if plan.schedule == "bursts":
        bursts = [rng.uniform(first, last) for _ in range(rng.randint(2, 20))]
        width = rng.uniform(0.02, 0.2)

        def moment(rng: Random, a: float, b: float) -> float:
            day = rng.choice([burst for burst in bursts if a <= burst < b] or [rng.uniform(a, b)])
            return calendar.at(day + width * rng.random())

        return moment
    if plan.schedule == "office":
        return thinned(calendar, lambda h: 1.0 if 9 <= (h + zone) % 24 < 19 else 0.0)
    if plan.schedule == "night":
        return thinned(calendar, lambda h: 1.0 if (h + zone) % 24 < 7 else 0.0)
    return thinned(calendar, lambda h: 1.0)


def _counts(rng: Random, plan: Plan) -> list[int]:
    if plan.each == 1:
        return [1] * plan.accounts
    if plan.load == "even":
        slack = max(1, plan.each // 12)
        return [plan.each + rng.randint(-slack, slack) for _ in range(plan.accounts)]
    if plan.load == "poisson":
        return [max(1, poisson(rng, plan.each)) for _ in range(plan.accounts)]
    weights = [rng.lognormvariate(0, 1.0) for _ in range(plan.accounts)]
    return [max(1, round(plan.each * plan.accounts * w / sum(weights))) for w in weights]


def _times(
    rng: Random, world: World, plan: Plan, moment: Moment, span: tuple[float, float], count: int
) -> list[float]:
    if plan.pace == "spread":
        return [moment(rng, *span) for _ in range(count)]
    visits = min(count, rng.randint(1, 3))
    sizes = [count // visits + (number < count % visits) for number in range(visits)]
    return [
        time for size in sizes for time in sitting(rng, moment(rng, *span), size, rng.choice((10, 60, 300)))
    ]


def _inputs(rng: Random, plan: Plan, source: Bank) -> Iterator[str]:
    """Yield the slots' contents without end: the task bank is dealt out, some tasks more than once."""
    maths = plan.inputs == "bank" and plan.purpose == "reasoning" and rng.random() < 0.4
    past: list[str] = []
    few = [source.item(rng) for _ in range(rng.choice((1, 3, 10, 40)))]
    while plan.inputs == "few":
        yield rng.choice(few)
    while True:
        if past and rng.random() < plan.repeated:
            yield rng.choice(past)
            continue
        if plan.inputs == "real":
            text = speaker(rng).ask(rng)
        else:
            text = problem(rng)[0] if maths else source.item(rng)
        past.append(text)
        yield text


def _template(rng: Random, plan: Plan) -> Template:
    writer = author(rng, plan.purpose, plan.words, plan.tongue)
    texts = fixed(rng, plan.kind, writer, plan.wordings).texts if plan.wordings else ()
    return Template(plan.kind, writer, texts, plan.padding, plan.hidden, plan.disguise)


def _cover(
    rng: Random,
    world: World,
    plan: Plan,
    account: Account,
    span: tuple[float, float],
    count: int,
    truth: Truth,
) -> None:
    """Add innocent requests: other customers' through the campaign's account, or its owner's own life."""
    wanted = count * plan.mixing / (1 - plan.mixing)
    wanted = int(wanted + rng.random())
    people = [(speaker(rng), person(rng, world.calendar)) for _ in range(rng.choice((1, 1, 3)))]
    for _ in range(wanted):
        speaks, moment = rng.choice(people)
        world.send(account, moment(rng, *span), asked(speaks.ask(rng), speaks.system), truth)
    if rng.random() < plan.aged:
        speaks, moment = people[0]
        for _ in range(1 + int(rng.expovariate(0.3))):
            time = moment(rng, 0, world.calendar.days)
            world.send(
                account,
                min(time, world.calendar.at(world.calendar.days) - DAY / 99),
                asked(speaks.ask(rng)),
                truth,
            )
