"""Model files of Keras 1 and 2, and weights files of any Keras, for Keras 3. No old Keras is needed.

A file is recognized by its content (`files`, `hdf5`). Its layers are translated one by one (`vocabulary`, `dialects`,
`layers`), its graph is built again from them (`models`, `graphs`, `operators`, `functions`), and its arrays become
their weights (`weights`, `layouts`).

Reference for what the files contain: the sources of Keras 1.2 and 2.3 and of tf_keras 2.21 (Apache License 2.0).
"""
