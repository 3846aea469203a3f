"""Whether the queries of custom metrics can be answered: Prometheus evaluates them, and no more.

What there is no data for is no finding: the version that it is asked about may not exist yet. Where
Prometheus cannot be asked, the words of a parser are all there is, if one is installed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from canary.adapters.cluster.access import Endpoint
from canary.adapters.metrics.prometheus import InstantQuery
from canary.adapters.metrics.readings import NUMBERS, reading_of
from canary.adapters.routes.lists import Lists
from canary.custom import Question
from canary.errors import PortError, QueryError
from canary.preflight.apps import record_of
from canary.preflight.bounded import all_within
from canary.preflight.findings import Findings, Reader, merged
from canary.preflight.holders import Patience
from canary.promql import complaint


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What is wrong with a query, "" if nothing is; `always`: whatever data there is."""

    wrong: str
    always: bool = False


def query_findings(
    questions: Sequence[Question], cluster: Reader, prometheus: Endpoint, patience: Patience
) -> Findings:
    """Ask what the next runs will ask, as long as there is time for it.

    Raises:
        ClusterError: the API server did not answer or refused.
    """
    answers = _answers({one.query for one in questions}, prometheus, patience)
    return merged(_finding(one, answers.get(one.query), cluster) for one in questions)


def _answers(
    queries: Collection[str], prometheus: Endpoint, patience: Patience
) -> Mapping[str, _Answer | None]:
    """By query; without those that took too long."""
    server = InstantQuery(prometheus)
    left_s = max(0.0, patience.until_s - patience.clock.now_s())
    answers, failed = all_within(left_s, {query: partial(_ask, server, query) for query in queries})
    for error in failed.values():
        if error is not None:
            raise error
    return answers


def _ask(server: InstantQuery, query: str) -> _Answer | None:
    """None without an answer, which is told elsewhere (`prometheus_findings`)."""
    try:
        reading = reading_of(*server.typed_result(query, *NUMBERS))
    except QueryError as error:
        return _Answer(wrong=str(error), always=True)
    except PortError:
        return None
    return _Answer(wrong=reading.trouble if reading.miswritten else "")


def _finding(question: Question, answer: _Answer | None, cluster: Reader) -> Findings:
    """A warning where a release does not depend on it."""
    wrong = complaint(question.query) if answer is None else answer.wrong
    if not wrong:
        return Findings()
    text = f"{question.path}: {wrong}"
    if answer is None or question.report_only:
        return Findings(warnings=(text,))
    if answer.always or _is_judged_next(question, cluster):
        return Findings(miswritten=(text,))
    return Findings(warnings=(text,))


def _is_judged_next(question: Question, cluster: Reader) -> bool:
    """Whether the next update begins a run that asks it: no way back is closed for its sake."""
    app = question.app
    lists = Lists(app=app.name, namespace=app.namespace, owner="", port=app.service.port)
    record = record_of(cluster.find(lists.path(lists.plain)))
    return (
        record is not None
        and record.primary not in {"", question.version}
        and question.version not in record.former
    )
