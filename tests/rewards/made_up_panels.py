"""Panels for processes of their own: they load in no time, and do what the samples' instructions say."""

import os
import signal
import time
from collections import Counter

import numpy as np

from vireo.errors import InputError
from vireo.rewards.scores import Scores

NAMES = ("brightness", "process")


class Obedient:
    """brightness: of the edit. process: whose this is."""

    names = NAMES

    def score(self, samples):
        for sample in samples:
            if sample.instruction == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if sample.instruction == "hang":
                time.sleep(60)
            if sample.instruction == "break":
                raise ValueError("broken")
        brightness = np.array([sample.edited.mean() for sample in samples])
        return Scores({"brightness": brightness, "process": np.full(len(samples), os.getpid())}, Counter())

    def close(self):
        pass


def open_obedient():
    return Obedient()


def open_slowly():
    time.sleep(60)


def open_nothing():
    raise InputError("there are no weights", "get some")


def open_broken():
    raise ValueError("no memory")
