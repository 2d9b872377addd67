"""Random TFLite files of one operator: of every row of the table, with shapes, constants and options of all sizes."""

import numpy as np

from export.formats.tflite.rules import VALUES
from export.formats.tflite.schema import TYPES, operators
from tests.export.formats.tflite.handmade import buffer, code, schema, tensor
from tests.fuzz.tflite_objects import packed

NUMBERS = {letter: number for number, (letter, _, _) in TYPES.items()}
SCALES = (0.5, 0.1, 1, 0.01, 2, 100, 1e-6, 1e6, 1e-12, 1e-25, 1e8, 0.3, 0.3, 0.3)


def usual_shapes(name, rng):
    """Return shapes of inputs that fit one another, for operators where random ones hardly do; None for others."""

    def r(least=1, most=5):
        return rng.randint(least, most)

    base = [r() for _ in range(rng.choice((1, 2, 2, 3, 4, 5)))]
    n, batch, units, c, o, k = len(base), r(1, 3), r(1, 4), r(), r(), r()
    image, blocks = [r(), r(3, 6), r(3, 6), c], [[r(), 4, 4, c], [2], [2, 2]]
    found = {
        "CONV_2D": [image, [o, r(1, 3), r(1, 3), c], [o]],
        "DEPTHWISE_CONV_2D": [image, [1, r(1, 3), r(1, 3), c * rng.choice((1, 1, 2))], [c]],
        "CONV_3D": [[r(), r(2, 4), r(2, 4), r(2, 4), c], [r(1, 2), r(1, 2), r(1, 2), c, o], [o]],
        "TRANSPOSE_CONV": [[4], [o, r(1, 3), r(1, 3), c], [1, r(), r(), c], [o]],
        "FULLY_CONNECTED": [[*base[:-1], k], [o, k], [o]], "BATCH_MATMUL": [[*base[:-2], o, k], [*base[:-2], k, c]],
        "GATHER": [base, [r(0, 4) for _ in range(r(0, 2))]], "GATHER_ND": [base, [r(), r(1, n)]],
        "PAD": [base, [n, 2]], "PADV2": [base, [n, 2], []], "MIRROR_PAD": [base, [n, 2]], "SLICE": [base, [n], [n]],
        "STRIDED_SLICE": [base, [n], [n], [n]], "TRANSPOSE": [base, [n]], "RESHAPE": [base, [r(0, 4)]],
        "TILE": [base, [n]], "BROADCAST_TO": [base, [n + rng.choice((0, 0, 1))]], "SPLIT_V": [base, [r()], []],
        "SPLIT": [[], base], "SPACE_TO_BATCH_ND": blocks, "BATCH_TO_SPACE_ND": [[4, *blocks[0][1:]], *blocks[1:]],
        "RANGE": [[], [], []], "FILL": [[r(0, 4)], []], "REVERSE_SEQUENCE": [base, [base[0]]],
        "EMBEDDING_LOOKUP": [[r(0, 4)], [r(), *base]], "SCATTER_ND": [[k, r(1, 2)], [k, r()], [r(1, 3)]],
        "ONE_HOT": [base, [], [], []], "DYNAMIC_UPDATE_SLICE": [base, [rng.randint(1, d) for d in base], [n]],
        "AVERAGE_POOL_2D": [image], "MAX_POOL_2D": [image], "RESIZE_BILINEAR": [image, [2]],
        "RESIZE_NEAREST_NEIGHBOR": [image, [2]], "EXPAND_DIMS": [base, [1]], "CUMSUM": [base, []],
        "ARG_MAX": [base, []], "ARG_MIN": [base, []], "TOPK_V2": [base, []], "PRELU": [base, [base[-1]]],
        "REVERSE_V2": [base, [1]], "SELECT": [base, base, base],
        "UNIDIRECTIONAL_SEQUENCE_LSTM": [[batch, r(1, 3), c], *[[units, c]] * 4, *[[units, units]] * 4, *[[]] * 3,
                                         *[[units]] * 4, *[[]] * 2, *[[batch, units]] * 2],
    }  # fmt: skip
    return [base, base[: r(1, n)], []] if name.startswith("UNSORTED") else found.get(name)


class Graph:
    """Makes a file of one operator."""

    def __init__(self, rng):
        self.rng, self.bound = rng, {}
        number = rng.choice(sorted(operators()))
        self.row, s = operators()[number], schema()
        self.model, self.graph, self.operator = s.ModelT(), s.SubGraphT(), s.OperatorT()
        self.graph.tensors, self.graph.inputs, self.graph.outputs, self.graph.name = [], [], [], "main"
        self.graph.operators, self.operator.inputs, self.operator.outputs = [self.operator], [], []
        self.model.version, self.model.subgraphs, self.model.buffers = 3, [self.graph], [s.BufferT()]
        self.model.operatorCodes = [code(number)]
        self.model.operatorCodes[0].version = rng.choice((1, 1, 2, 3, 5))
        self.base = [rng.choice((1, 1, 2, 3, 4, 5)) for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 4, 5)))]
        self.usual = usual_shapes(self.row.name, rng) if rng.random() < 0.8 else None
        if self.usual and rng.random() < 0.25:
            at = rng.randrange(len(self.usual))
            shape = self.usual[at] = list(self.usual[at]) or [1]
            shape[rng.randrange(len(shape))] = rng.choice((0, 1, 2, 3, 5, 7))
        self.fill()

    def fill(self):
        """Add the tensors of one of the operator's ways, and its options."""
        pattern, rng = self.rng.choice(self.row.patterns), self.rng
        for i, slot in enumerate(self.slots(pattern.inputs)):
            missing = slot is None or slot.letter == "-"
            self.operator.inputs.append(-1 if missing else self.input(i, slot))
        for slot in self.slots(pattern.outputs):
            if slot is not None:
                self.operator.outputs.append(self.tensor(slot, None, False))
        self.graph.outputs = list(self.operator.outputs)
        if self.row.options and rng.random() < 0.9:
            self.options()
        for i in self.graph.inputs if rng.random() < 0.3 else ():
            one = self.graph.tensors[i]
            free = [-1 if rng.random() < 0.5 else size for size in one.shape]
            one.shapeSignature = np.array(free, np.int32) if free else None

    def slots(self, slots):
        """Choose how many tensors there are: `..` is any number, `?` none or one."""
        found = []
        for slot in slots:
            missing = "?" in slot.flags and self.rng.random() < 0.4
            found += [slot] * self.rng.randrange(5) if slot.flags == ".." else [None if missing else slot]
        return found

    def input(self, place, slot):
        rng, told = self.rng, place in VALUES.get(self.row.name, {})
        constant = "!" in slot.flags or rng.random() < 0.25 or (told and rng.random() < 0.7)
        i = self.tensor(slot, place, constant)
        if not self.graph.tensors[i].buffer:
            if self.row.name.startswith("UNIDIRECTIONAL") and place in (18, 19):
                self.graph.tensors[i].isVariable = True
            else:
                self.graph.inputs.append(i)
        return i

    def shape(self, slot, place):
        rng = self.rng
        if self.usual and place is not None and place < len(self.usual):
            return list(self.usual[place])
        if not slot.axes and rng.random() < 0.6:
            return [size if rng.random() < 0.9 else rng.choice((0, 1, 2, 7)) for size in self.base]
        axes = rng.choice(slot.axes or range(7))
        return [rng.choice((1, 1, 2, 3, 4, 5, 8, 0 if rng.random() < 0.2 else 1)) for _ in range(axes)]

    def tensor(self, slot, place, constant):
        """Add a tensor; return its number."""
        rng, shape = self.rng, self.shape(slot, place)
        letter = (
            rng.choice("filbcusdht") if slot.letter == "*" else self.bound.get(slot.letter) or rng.choice(slot.types)
        )
        self.bound.setdefault(slot.letter, letter)
        found = tensor("", np.array(shape, np.int32), NUMBERS[letter])
        if letter in "cus" and rng.random() < 0.85:
            self.scale(found, letter, shape[0] if shape and constant and rng.random() < 0.4 else 1)
        if constant and letter != "t" and 0 not in shape:
            self.model.buffers.append(buffer(self.numbers(letter, shape, place)))
            found.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(found)
        return len(self.graph.tensors) - 1

    def scale(self, found, letter, count):
        rng, zero = self.rng, 0 if self.rng.random() < 0.7 else self.rng.choice((1, 5, 128 if letter == "u" else 127))
        found.quantization = quantization = schema().QuantizationParametersT()
        quantization.scale = np.float32([rng.choice(SCALES) for _ in range(count)])
        quantization.zeroPoint, quantization.quantizedDimension = np.int64([zero] * count), 0

    def numbers(self, letter, shape, place):
        """Return those of a constant: most in the range that the checker accepts."""
        rng, dtype = self.rng, TYPES[NUMBERS[letter]][2]
        least, most = VALUES.get(self.row.name, {}).get(place, (-3, 8))
        usual = (least, most, 0, 1, 2, max(least, -1), min(most, 1000), *range(max(least, -3), min(most, 5) + 1))
        choices = {"i": usual, "l": usual, "b": (0, 1), "u": (0, 1, 200)}.get(letter, (0, 1, -1, 2, 0.5, 100))
        odd = (-1, -2, 7, 100, 2**31 - 1, -(2**31)) if letter in "il" else choices
        many = [rng.choice(choices if rng.random() < 0.9 else odd) for _ in range(int(np.prod(shape)))]
        return np.array(many).astype(dtype)

    def options(self):
        s, rng = schema(), self.rng
        names = {value: name for name, value in vars(s.BuiltinOptions).items() if isinstance(value, int)}
        self.operator.builtinOptionsType = self.row.options
        self.operator.builtinOptions = found = getattr(s, f"{names[self.row.options]}T")()
        for field, name in zip(self.row.fields, vars(found), strict=False):
            if field.kind in ("no", "skip"):
                continue
            least, most = int(max(field.least, -(2**31))), int(min(field.most, 2**31 - 1))
            if field.vector:
                value = np.array([rng.randint(-3, 4) for _ in range(rng.randrange(4))], np.int32)
            elif field.code == "f":
                value = rng.choice((0.0, 1.0, -1.0, 0.5, 1e30, 3.0))
            elif field.kind == "count":
                value = len(self.operator.inputs if self.row.name == "PACK" else self.operator.outputs)
            elif field.kind == "type":
                value = rng.choice((2, 4, 0, 9, 17))
            else:
                value = rng.choice((least, most)) if rng.random() < 0.1 else rng.randint(max(least, -4), min(most, 4))
            setattr(found, name, value)


def generated(rng):
    """Return a file of one operator."""
    return packed(Graph(rng).model)


def values(rng, shape, dtype, extremes=True):
    """Return an input: usual and odd numbers, and extreme ones unless they are sizes, which are the caller's."""
    if dtype == "bytes":
        return np.full(shape, b"ab", "S2")
    draw = np.random.default_rng(rng.randrange(2**32))
    if dtype.startswith("float"):
        few = (1, np.nan, 1e38 if dtype == "float32" else 6e4, 0)
        return np.full(shape, rng.choice(few), dtype) if rng.random() < 0.7 else draw.normal(0, 3, shape).astype(dtype)
    if "int" not in dtype:
        return np.ones(shape, dtype)
    bounds = np.iinfo(dtype)
    if extremes and rng.random() < 0.5:
        return np.full(shape, rng.choice((bounds.min, bounds.max, -1 if bounds.min else 1, 0)), dtype)
    return draw.integers(max(bounds.min, rng.choice((0, -3))), 9, shape).astype(dtype)
