import json

import numpy as np

from zoo.tasks.keyword.spotted import Spotted
from zoo.tasks.keyword.spotting import Spot

WORDS = (Spot("yes", 0.2, 0.7, 0.9123, 1.04), Spot("=no", 2.0, 2.4, 0.8, 2.9))
FOUND = Spotted(WORDS, 3.0, np.zeros((75, 2), np.float32), ("yes", "=no"), "takes/a.wav")


def test_what_was_spotted_is_written_in_every_form():
    assert str(FOUND) == "yes =no"
    assert FOUND.to_text("txt") == "0.20-0.70 yes 0.91; 2.00-2.40 =no 0.80"
    assert FOUND.to_text("csv").splitlines()[1:] == ['"a.wav","yes",0.2,0.7,0.9123', '"a.wav","\'=no",2.0,2.4,0.8']
    assert FOUND.to_text("srt").splitlines()[:3] == ["1", "00:00:00,200 --> 00:00:00,700", "yes"]
    found = json.loads(FOUND.to_text("json"))
    assert (found["file"], found["seconds"], found["words"][0]["seconds"]) == ("takes/a.wav", 3.0, 1.04)
