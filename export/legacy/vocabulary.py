"""Names of Keras 1 and 2 → those of Keras 3: classes, arguments, data formats."""

RENAMED = {
    "CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU",
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D", "AtrousConvolution2D": "Conv2D", "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D", "Deconvolution2D": "Conv2DTranspose", "Deconv2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D", "TimeDistributedDense": "Dense", "ThresholdedReLU": "ReLU",
    "BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization", "LSTMV1": "LSTM", "LSTMV2": "LSTM", "GRUV1": "GRU", "GRUV2": "GRU",
    "UnifiedLSTM": "LSTM", "UnifiedGRU": "GRU", "DenseFeaturesV2": "DenseFeatures",
}  # fmt: skip
"""Class of Keras 1 or 2 → class of Keras 3 that computes the same."""
KNOWN = {
    "Activation", "ActivityRegularization", "Add", "AdditiveAttention", "AlphaDropout", "Attention", "Average",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "BatchNormalization", "CategoryEncoding",
    "CenterCrop", "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D",
    "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Cropping1D", "Cropping2D", "Cropping3D", "Dense",
    "DepthwiseConv1D", "DepthwiseConv2D", "Discretization", "Dot", "Dropout", "ELU", "EinsumDense", "Embedding",
    "Flatten", "GRU", "GRUCell", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
    "GlobalMaxPooling3D", "GroupNormalization", "HashedCrossing", "Hashing", "Identity", "IntegerLookup", "LSTM",
    "LSTMCell", "LayerNormalization", "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
    "Maximum", "Minimum", "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute", "RandomBrightness",
    "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "ReLU",
    "RepeatVector", "Rescaling", "Reshape", "Resizing", "SeparableConv1D", "SeparableConv2D", "SimpleRNN",
    "SimpleRNNCell", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "StringLookup",
    "Subtract", "TextVectorization", "UnitNormalization", "UpSampling1D", "UpSampling2D", "UpSampling3D",
    "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
}  # fmt: skip
"""Classes that Keras 1 or 2 had, that Keras 3 has under the same name, and that run no code of a file."""
GONE = {
    "LocallyConnected1D": "Conv1D, or a layer of your own",
    "LocallyConnected2D": "Conv2D, or a layer of your own",
    "Highway": "Dense and Multiply",
    "MaxoutDense": "Dense and Maximum",
    "SReLU": "PReLU",
    "ParametricSoftplus": "a layer of your own",
    "LambdaMerge": "a layer of your own",
    "Graph": "the functional API of Keras 1.2, which saves a Model",
    "AutoEncoder": "the functional API of Keras 1.2, which saves a Model",
    "DenseFeatures": "keras.layers.CategoryEncoding and Embedding",
}
"""Class that Keras 3 does not have → what to use instead."""
ALWAYS = {
    "batch_input_shape", "batch_shape", "input_shape", "input_dtype", "input_length", "implementation", "consume_less",
    "time_major", "ragged", "cache_size", "shared_object_id", "module", "registered_name", "build_config", "weights",
    "compile_config", "create_input", "experimental_autocast", "forget_bias_init", "inner_init", "autocast",
    "build_input_shape", "input_spec", "inbound_nodes", "trainable",
}  # fmt: skip
"""Arguments that change nothing of what a trained layer computes, or are read where the graph is built."""
LOOKUP = {"has_input_vocabulary", "vocabulary_size"}
NO_EFFECT = {
    "BatchNormalization": {"fused", "renorm", "renorm_clipping", "renorm_momentum", "virtual_batch_size", "adjustment",
                           "mode", "synchronized"},
    "Embedding": {"dropout", "sparse", "activity_regularizer"},
    "StringLookup": LOOKUP, "IntegerLookup": LOOKUP, "TextVectorization": LOOKUP,
    "MultiHeadAttention": {"query_shape", "key_shape", "value_shape"},
    "ReLU": {"theta"},
    "Bidirectional": {"zero_output_for_mask"},
    "InputLayer": {"sparse", "optional"},
}  # fmt: skip
"""Class of Keras 3 → arguments that change nothing of what a trained layer of it computes."""
DEFAULTS = {"groups": 1}
"""Argument → value with which a layer computes the same as a layer without the argument."""
ONE_D = {
    "nb_filter": "filters", "filter_length": "kernel_size", "subsample_length": "strides", "border_mode": "padding",
    "atrous_rate": "dilation_rate", "bias": "use_bias",
}  # fmt: skip
MORE_D = {**ONE_D, "subsample": "strides"}
POOL_1D = {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"}
POOL = {"border_mode": "padding"}
DROP = {"p": "rate"}
RECURRENT = {
    "output_dim": "units", "inner_activation": "recurrent_activation", "inner_init": "recurrent_initializer",
    "dropout_W": "dropout", "dropout_U": "recurrent_dropout", "U_regularizer": "recurrent_regularizer",
}  # fmt: skip
KERAS1: dict[str, dict[str, str]] = {
    "Dense": {"output_dim": "units", "bias": "use_bias"},
    "Conv1D": ONE_D,
    "Conv2D": MORE_D, "Conv3D": MORE_D, "Conv2DTranspose": MORE_D, "SeparableConv2D": MORE_D,
    "MaxPooling1D": POOL_1D, "AveragePooling1D": POOL_1D,
    "MaxPooling2D": POOL, "AveragePooling2D": POOL, "MaxPooling3D": POOL, "AveragePooling3D": POOL,
    "UpSampling1D": {"length": "size"},
    "Dropout": DROP, "SpatialDropout1D": DROP, "SpatialDropout2D": DROP, "SpatialDropout3D": DROP,
    "GaussianDropout": DROP, "AlphaDropout": DROP,
    "GaussianNoise": {"sigma": "stddev"},
    "Embedding": {"init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer",
                  "W_constraint": "embeddings_constraint"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "PReLU": {"init": "alpha_initializer"},
    "ReLU": {"theta": "threshold"},
    "ConvLSTM2D": {"nb_filter": "filters", "border_mode": "padding", "subsample": "strides",
                   "inner_activation": "recurrent_activation", "dropout_W": "dropout", "dropout_U": "recurrent_dropout",
                   "inner_init": "recurrent_initializer"},
    "SimpleRNN": RECURRENT, "LSTM": RECURRENT, "GRU": RECURRENT,
    "BatchNormalization": {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
}  # fmt: skip
"""Class of Keras 3 → its arguments that had other names before: old name → new name."""
ANY_LAYER = {
    "init": "kernel_initializer", "W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint",
}  # fmt: skip
"""The same for all classes."""
DATA_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": "channels_last"}
"""`dim_ordering` of Keras 1 → `data_format`."""
TRAINED_BY = ("_initializer", "_regularizer", "_constraint")
"""Ends of the names of arguments that matter in training alone."""
