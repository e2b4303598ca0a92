"""Whether training examples repeat sentences that are there to measure with.

Of a sentence of more than three words neither the sentence itself may be an example, nor one that
shares four fifths of the words: counted of the example, and of the sentence as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from nlu.examples import Example, words

SHORT = 3
SHARED = 0.8


def repeated(
    training: Sequence[Example], measured: Sequence[Example], *, every: bool = False
) -> list[tuple[str, str]]:
    """Pairs of a training example and the first sentence that it repeats, or every one."""
    sentences = [(set(words(m.text)), m.text) for m in measured if len(words(m.text)) > SHORT]
    found = []
    for example in training:
        own = set(words(example.text))
        if len(words(example.text)) <= SHORT:
            continue
        for other, text in sentences:
            shared = len(own & other)
            if shared >= SHARED * len(own) or shared >= SHARED * len(other):
                found.append((example.text, text))
                if not every:
                    break
    return found
