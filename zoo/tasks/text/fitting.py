"""Texts of the user's own that a model is measured on, unknown characters replaced; words and subwords read any."""

import dataclasses

from zoo.errors import CodecError
from zoo.tasks.text.pieces import Text, as_text
from zoo.tasks.text.units import Characters
from zoo.tasks.text.units_codec import UnitsCodec


def fit(piece: Text | str, codec: UnitsCodec, replace: str = "") -> Text:
    """Return a text whose characters a codec has.

    Args:
        piece: The text.
        codec: The codec.
        replace: Character of the codec that takes the place of those that it does not have; "": none does.

    Raises:
        ArgumentError: `replace` is not in the vocabulary, or tokens are no characters.
        CodecError: The text, or the file that it is of, has a character that the codec does not have.
    """
    text = as_text(piece)
    if replace:
        return dataclasses.replace(text, vocabulary=codec.known(text.vocabulary, replace))
    if not isinstance(codec.units, Characters):
        return text
    if unknown := [character for character in text.vocabulary if character not in codec.units.places]:
        some = ", ".join(map(repr, unknown[:10])) + ", …" * (len(unknown) > 10)
        raise CodecError(
            f"it has characters that are not in the vocabulary: {some}; replace them by one that is (--replace)"
        )
    return text
