"""Random damage to bytes."""

EXTREMES = (
    0,
    1,
    0x7F,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    (1 << 63) - 1,
    1 << 63,
)
NEAR = 200  # bytes at the beginning and at the end, where headers are


def extreme(rng):
    """Return a number as it stands in files, of any width."""
    wide = rng.choice((1, 2, 4, 8))
    return (rng.choice(EXTREMES) & (1 << 8 * wide) - 1).to_bytes(wide, rng.choice(("little", "big")))


KINDS = (
    lambda rng, old: bytes(byte ^ 1 << rng.randrange(8) for byte in old[:1]) + old[1:],
    lambda rng, old: rng.randbytes(len(old)),
    lambda rng, old: (new := extreme(rng)) + old[len(new) :],
    lambda rng, old: bytes([rng.choice((0, 1, 0x7F, 0x80, 0xFF))] * len(old)),
    lambda rng, old: b"",
    lambda rng, old: old * rng.randint(2, 4),
    lambda rng, old: rng.randbytes(len(old)) + old,
)
"""What becomes of some bytes."""


def damaged(rng, data, least=1, most=4):
    """Change, remove, repeat and insert bytes so many times, half of it near an end; sometimes cut the rest."""
    for _ in range(rng.randint(least, most)):
        at = rng.randrange(len(data) + 1)
        if len(data) > NEAR and rng.random() < 0.5:
            at = rng.choice((rng.randrange(NEAR), len(data) - rng.randrange(NEAR)))
        end = at + int(2 ** rng.uniform(0, 8))
        rest = b"" if rng.random() < 0.05 else data[end:]
        data = data[:at] + rng.choice(KINDS)(rng, data[at:end]) + rest
    return data
