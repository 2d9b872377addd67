"""SavedModels of other tools, such as TensorFlow itself cannot always restore."""

import shutil


def changed(path, change):
    """Change the message of a SavedModel."""
    from tensorflow.core.protobuf import saved_model_pb2

    file = path / "saved_model.pb"
    message = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(message)
    file.write_bytes(message.SerializeToString())
    return path


def module():
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel, self.count = tf.Variable(tf.reshape(tf.range(6.0), (3, 2))), tf.Variable(2, dtype=tf.int64)

        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, "a")])
        def product(self, a):
            return {"z": a @ self.kernel}

        @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, "b"), tf.TensorSpec((2,), tf.float32, "a")])
        def twice(self, b, a):
            return {"y": b * 2.0, "x": a}

    return Module()


def written(folder, *names, name="foreign"):
    """Write some of the functions, with `default` for a signature called `serving_default`."""
    import tensorflow as tf

    made = module()
    functions = {"default": made.product, "product": made.product, "twice": made.twice}
    signatures = {{"default": "serving_default"}.get(each, each): functions[each] for each in names}
    tf.saved_model.save(made, str(folder / name), signatures=signatures or None)
    return folder / name


def with_unknown_operator(folder):
    def change(message):
        for function in message.meta_graphs[0].graph_def.library.function:
            for node in function.node_def:
                if node.op == "MatMul":
                    node.op = "AcmeMatMul"

    return changed(written(folder, "default", name="unknown"), change)


def with_table(folder):
    import tensorflow as tf

    (folder / "words.txt").write_text("a\nb\n")

    class Table(tf.Module):
        def __init__(self):
            super().__init__()
            text, index = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
            file = tf.lookup.TextFileInitializer(str(folder / "words.txt"), tf.string, text, tf.int64, index)
            self.table = tf.lookup.StaticHashTable(file, -1)

        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "word")])
        def find(self, word):
            return {"id": self.table.lookup(word)}

    table = Table()
    tf.saved_model.save(table, str(folder / "table"), signatures=table.find)
    return folder / "table"


def of_tensorflow_1(folder):
    """Write a graph without functions, whose variables are those of a session."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, 3), "x")
        kernel = v1.get_variable("kernel", (3, 2), use_resource=False)
        session.run(v1.global_variables_initializer())
        inputs, outputs = {"x": x}, {"y": tf.matmul(x, kernel)}
        v1.saved_model.simple_save(session, str(folder / "one"), inputs, outputs)
    return folder / "one"


def without(path, *files):
    for name in files:
        shutil.rmtree(path / name) if (path / name).is_dir() else (path / name).unlink()
    return path
