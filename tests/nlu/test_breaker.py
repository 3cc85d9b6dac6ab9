"""When a breaker lets questions through."""

from __future__ import annotations

import pytest

from nlu.breaker import Breaker


class Seconds:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def breaker(seconds: Seconds) -> Breaker:
    return Breaker(seconds, failures=3, first_pause=1, longest_pause=5)


def circuit_of(breaker: Breaker) -> str:
    return breaker.circuit


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        ticket = breaker.ask()
        assert ticket is not None
        breaker.failed(ticket)


def test_it_opens_after_failures_in_a_row_and_not_after_scattered_ones(breaker: Breaker) -> None:
    for _ in range(5):
        fail(breaker, 2)
        ticket = breaker.ask()
        assert ticket is not None
        breaker.worked(ticket)
    assert circuit_of(breaker) == "closed"
    fail(breaker, 3)
    assert circuit_of(breaker) == "open"
    assert breaker.ask() is None


def test_after_the_pause_one_tries_while_the_others_do_without(breaker: Breaker, seconds: Seconds) -> None:
    fail(breaker, 3)
    seconds.now += 0.99
    assert breaker.ask() is None
    seconds.now += 0.02
    ticket = breaker.ask()
    assert ticket is not None
    assert breaker.ask() is None
    breaker.worked(ticket)
    assert circuit_of(breaker) == "closed"
    assert breaker.ask() is not None


def test_pauses_grow_to_the_longest_and_begin_anew_when_it_worked(breaker: Breaker, seconds: Seconds) -> None:
    fail(breaker, 3)
    for pause in (1, 2, 4, 5, 5):
        seconds.now += pause - 0.01
        assert breaker.ask() is None
        seconds.now += 0.02
        fail(breaker, 1)
    seconds.now += 5.01
    ticket = breaker.ask()
    assert ticket is not None
    breaker.worked(ticket)
    fail(breaker, 3)
    seconds.now += 1.01
    assert breaker.ask() is not None


def test_a_try_that_was_given_up_leaves_the_next_to_somebody_else(breaker: Breaker, seconds: Seconds) -> None:
    fail(breaker, 3)
    seconds.now += 1.01
    ticket = breaker.ask()
    assert ticket is not None
    breaker.given_up(ticket)
    assert breaker.ask() is not None


def test_what_began_before_the_circuit_changed_changes_nothing(breaker: Breaker, seconds: Seconds) -> None:
    tickets = [breaker.ask() for _ in range(8)]
    for ticket in tickets[:6]:
        assert ticket is not None
        breaker.failed(ticket)
    seconds.now += 1.01  # the three failures too many made no longer pause
    probe = breaker.ask()
    assert probe is not None
    assert tickets[6] is not None
    breaker.worked(tickets[6])
    assert circuit_of(breaker) == "trying"
    breaker.failed(probe)
    assert circuit_of(breaker) == "open"
