"""Signals are obeyed outside of their handlers."""

import os
import signal
import threading
import time

from caloscope.monitor.signals import obeyed


def test_a_signal_that_comes_while_its_lock_is_held_hangs_nothing() -> None:
    """`Event.set` in a handler would wait for ever for a lock that the thread below the handler holds."""
    lock, heard = threading.Lock(), threading.Event()

    def act() -> None:
        with lock:
            heard.set()

    with obeyed({signal.SIGHUP: act}):
        with lock:
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.05)
            assert not heard.is_set()
        assert heard.wait(10)


def test_a_storm_of_signals_loses_no_kind() -> None:
    times, last = [0], threading.Event()

    def count() -> None:
        times[0] += 1

    with obeyed({signal.SIGHUP: count, signal.SIGUSR1: last.set}):
        for _ in range(2_000):
            os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert last.wait(10)
    assert times[0] >= 1


def test_what_was_before_is_there_again() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    threads = threading.active_count()
    with obeyed({signal.SIGUSR1: lambda: None}):
        assert signal.getsignal(signal.SIGUSR1) is not before
    assert signal.getsignal(signal.SIGUSR1) is before
    assert threading.active_count() == threads
