"""Tables of what a SavedModel may contain to be loaded unless it is trusted.

A SavedModel is a program, and TensorFlow has operators that read and write files, run graphs that are stored as data,
call Python, open connections and print. These here compute their outputs from their inputs and do nothing else, in
whatever combination: `export.save` emits them, or a model that it exports may. Stay below these rules when you add one:
no files, no network, no printing, no Python, no random numbers without a seed, no graph or function other than those of
the file, no state that outlives a call but the tables of words. TensorFlow's own statement whether an operator keeps
state is no help: it says no such thing of `ReadFile`, `ImmutableConst` or `DatasetFromGraph`.
"""

GROUPS: dict[str, str] = {
    "arithmetic": """
        Abs AccumulateNV2 Add AddN AddV2 Ceil ClipByValue Div DivNoNan Floor FloorDiv FloorMod Inv Maximum Minimum Mod
        Mul MulNoNan Neg NextAfter Pow RealDiv Reciprocal Rint Round Rsqrt Sign Sqrt Square SquaredDifference Sub
        TruncateDiv TruncateMod Xdivy Xlog1py Xlogy
    """,
    "bits": "Bitcast BitwiseAnd BitwiseOr BitwiseXor Invert LeftShift PopulationCount RightShift",
    "comparison and logic": """
        ApproximateEqual Equal Greater GreaterEqual IsFinite IsInf IsNan Less LessEqual LogicalAnd LogicalNot LogicalOr
        NotEqual Select SelectV2
    """,
    "complex numbers": "Angle Complex ComplexAbs Conj ConjugateTranspose Imag Real",
    "convolution and pooling": """
        AvgPool AvgPool3D Conv Conv2D Conv2DBackpropInput Conv2DBackpropInputV2 Conv3D Conv3DBackpropInput
        Conv3DBackpropInputV2 DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput Dilation2D FractionalAvgPool
        FractionalMaxPool MaxPool MaxPool3D MaxPoolV2 MaxPoolWithArgmax
    """,
    "functions of the same file, and loops over them": """
        Case If PartitionedCall StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile While
    """,
    "gradients": """
        AvgPoolGrad BiasAddGrad BroadcastGradientArgs ConcatOffset EluGrad FusedBatchNormGradV3 InvGrad LeakyReluGrad
        MaxPoolGrad ReciprocalGrad Relu6Grad ReluGrad RsqrtGrad SeluGrad SigmoidGrad SoftplusGrad SoftsignGrad SqrtGrad
        StridedSliceGrad TanhGrad
    """,
    "images as arrays": """
        AdjustContrastv2 AdjustHue AdjustSaturation CropAndResize ExtractImagePatches ExtractVolumePatches HSVToRGB
        ImageProjectiveTransformV2 ImageProjectiveTransformV3 RGBToHSV ResizeArea ResizeBicubic ResizeBilinear
        ResizeNearestNeighbor ScaleAndTranslate
    """,
    "indices, gathering and scattering": """
        BatchToSpace BatchToSpaceND BroadcastArgs BroadcastTo Bucketize Concat ConcatV2 DepthToSpace Diag DiagPart
        DynamicPartition DynamicStitch ExpandDims Fill Gather GatherNd GatherV2 InvertPermutation LinSpace LowerBound
        MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3
        MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 MirrorPad OneHot OnesLike Pack Pad PadV2 ParallelConcat
        ParallelDynamicStitch Range Rank Reshape Reverse ReverseSequence ReverseV2 Roll ScatterNd
        ScatterNdNonAliasingAdd Shape ShapeN Size Slice SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Squeeze
        StridedSlice TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate
        TensorStridedSliceUpdate Tile Transpose Unpack UnravelIndex UpperBound Where ZerosLike
    """,
    "linear algebra": """
        BandedTriangularSolve BatchMatMul BatchMatMulV2 BatchMatMulV3 Cholesky CholeskyGrad Cross Eig Einsum
        LogMatrixDeterminant Lu MatMul MatrixDeterminant MatrixExponential MatrixInverse MatrixLogarithm MatrixSolve
        MatrixSolveLs MatrixSquareRoot MatrixTriangularSolve Qr SelfAdjointEig SelfAdjointEigV2 Svd TridiagonalMatMul
        TridiagonalSolve
    """,
    "lists of tensors": """
        EmptyTensorList TensorListConcat TensorListConcatLists TensorListConcatV2 TensorListElementShape
        TensorListFromTensor TensorListGather TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack
        TensorListPushBackBatch TensorListReserve TensorListResize TensorListScatter TensorListScatterIntoExistingList
        TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
    """,
    "mathematical functions": """
        Acos Acosh Asin Asinh Atan Atan2 Atanh BesselI0 BesselI0e BesselI1 BesselI1e BesselJ0 BesselJ1 BesselK0
        BesselK0e BesselK1 BesselK1e BesselY0 BesselY1 Betainc Cos Cosh Dawsn Digamma Erf Erfc Erfinv Exp Expint Expm1
        FresnelCos FresnelSin Igamma Igammac Lgamma Log Log1p Ndtri Polygamma Sin Sinh Spence Tan Tanh Zeta
    """,
    "networks": """
        BatchNormWithGlobalNormalization BiasAdd BiasAddV1 CTCBeamSearchDecoder CTCGreedyDecoder CTCLoss CTCLossV2 Elu
        FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN LeakyRelu LogSoftmax Relu Relu6 Selu Sigmoid Softmax
        SoftmaxCrossEntropyWithLogits Softplus Softsign SparseSoftmaxCrossEntropyWithLogits
    """,
    "random numbers of a given seed": """
        StatelessMultinomial StatelessParameterizedTruncatedNormal StatelessRandomBinomial StatelessRandomGammaV2
        StatelessRandomGammaV3 StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg StatelessRandomNormal
        StatelessRandomNormalV2 StatelessRandomPoisson StatelessRandomUniform StatelessRandomUniformFullInt
        StatelessRandomUniformFullIntV2 StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformV2
        StatelessShuffle StatelessTruncatedNormal StatelessTruncatedNormalV2
    """,
    "reduction, counting and sorting": """
        All Any ApproxTopK ArgMax ArgMin Bincount CombinedNonMaxSuppression Cumprod Cumsum CumulativeLogsumexp
        DenseBincount EditDistance EuclideanNorm HistogramFixedWidth InTopK InTopKV2 L2Loss ListDiff Max Mean Min
        NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NthElement
        Prod SegmentMax SegmentMaxV2 SegmentMean SegmentMin SegmentMinV2 SegmentProd SegmentProdV2 SegmentSum
        SegmentSumV2 Sum TopK TopKV2 Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2 UnsortedSegmentMax
        UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum
    """,
    "signals": """
        FFT FFT2D FFT3D FFTND IFFT IFFT2D IFFT3D IFFTND IRFFT IRFFT2D IRFFT3D IRFFTND RFFT RFFT2D RFFT3D RFFTND
    """,
    "smaller numbers": """
        Cast Dequantize FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
        QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 QuantizeV2
    """,
    "sparse and ragged arrays": """
        DenseToDenseSetOperation DenseToSparseSetOperation RaggedBincount RaggedCross RaggedFillEmptyRows RaggedGather
        RaggedRange RaggedTensorToSparse RaggedTensorToTensor SparseAdd SparseBincount SparseConcat SparseCross
        SparseCrossHashed SparseCrossV2 SparseDenseCwiseAdd SparseDenseCwiseDiv SparseDenseCwiseMul SparseFillEmptyRows
        SparseMatMul SparseReduceMax SparseReduceSum SparseReorder SparseReshape SparseSegmentMean
        SparseSegmentMeanWithNumSegments SparseSegmentSqrtN SparseSegmentSqrtNWithNumSegments SparseSegmentSum
        SparseSegmentSumWithNumSegments SparseSlice SparseSoftmax SparseSparseMaximum SparseSparseMinimum SparseSplit
        SparseTensorDenseAdd SparseTensorDenseMatMul SparseToDense SparseToSparseSetOperation
    """,
    "strings": """
        AsString DecodeBase64 DecodeRaw EncodeBase64 ReduceJoin RegexFullMatch RegexReplace StaticRegexFullMatch
        StaticRegexReplace StringFormat StringJoin StringLength StringLower StringNGrams StringSplit StringSplitV2
        StringStrip StringToHashBucket StringToHashBucketFast StringToHashBucketStrong StringToNumber StringUpper Substr
        UnicodeDecode UnicodeDecodeWithOffsets UnicodeEncode UnicodeScript UnicodeTranscode UnsortedSegmentJoin
    """,
    "tables of words, filled from constants": "HashTableV2 LookupTableFindV2 LookupTableImportV2 LookupTableSizeV2",
    "values": """
        Const EnsureShape Identity IdentityN NoOp Placeholder PlaceholderWithDefault PreventGradient StopGradient
    """,
}
"""Group → operators, sorted."""
OPERATORS = frozenset(" ".join(GROUPS.values()).split())
SAVER_OPERATORS = OPERATORS | {"MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename"}
"""In the functions by which TensorFlow writes and reads checkpoints: it puts them into every SavedModel. Nothing but
the main graph may call them, and loading does not run it."""
SAVER = r"__inference__traced_(save|restore)_\d+"
"""Names of these functions."""
COMPILED = frozenset({"_XlaMustCompile", "_noinline"})
"""The attributes of functions compiled by XLA (`tf.function(jit_compile=True)`), which has fewer operators."""
FUNCTION_ATTRIBUTES = COMPILED | {"_construction_context", "_input_shapes"}
"""Attributes of functions. Others let TensorFlow run a function in place of another, such as `api_implements`."""
NODE_ATTRIBUTES = COMPILED | {
    "_class",
    "_collective_manager_ids",
    "_gradient_op_type",
    "_has_manual_control_dependencies",
    "_lower_using_switch_merge",
    "_num_original_outputs",
    "_output_shapes",
    "_read_only_resource_inputs",
}
"""Attributes of any operator, which begin so; others belong to the operator itself, and TensorFlow knows them."""
DEVICE = r"(/job:localhost/replica:0/task:0)?(/device:\w+:(\d+|\*))?"
"""Devices of operators: those of this machine."""
CONSTANTS = frozenset({*range(1, 20), 22, 23})
"""Numbers of the dtypes of constants: numbers and strings. From the data of a resource or a variant, TensorFlow
would make objects of other kinds."""
REFUSED_KINDS = ("asset", "variable")
"""Kinds of objects that are files, or are filled from files. Those left are functions, tensors, tables and plain
objects."""
IDENTIFIERS = frozenset({"_generic_user_object", "signature_map", "trackable_list_wrapper"})
"""Classes of objects that TensorFlow makes; others let it import further modules."""
REGISTERED = frozenset({"", "tf.StaticHashTable", "tf.TrackableConstant"})
"""Names of registered classes of objects; these may read a file, or do anything when they are made."""
