package io.aded.gguf;

import org.jspecify.annotations.Nullable;

/**
 * Formats that a whole model can be written in. Each is a mixture: what a matrix becomes depends on its part in the
 * model and on the length of its rows ({@link TensorFormats}).
 */
public enum Quantization {
    /** Everything in eight bits. Weights differ by 0.4 % of the largest of 32 at most. */
    Q8_0(TensorType.Q8_0, 7, 8.5),
    /** Everything in six bits. */
    Q6_K(TensorType.Q6_K, 18, 6.57),
    /** Four bits with minima; six for the output and, in half of the layers, for the values and the way back. */
    Q4_K_M(TensorType.Q4_K, 15, 4.85),
    /** Four bits with minima, and six for the output. */
    Q4_K(TensorType.Q4_K, 14, 4.6),
    /** Four bits without minima, and six for the output. */
    Q4_0(TensorType.Q4_0, 2, 4.5);

    private final TensorType matrices;
    private final int fileType;
    private final double bits;

    Quantization(TensorType matrices, int fileType, double bits) {
        this.matrices = matrices;
        this.fileType = fileType;
        this.bits = bits;
    }

    /** The format of a name, in small or large letters; null if there is none. */
    public static @Nullable Quantization named(String name) {
        for (Quantization format : values()) {
            if (format.name().equalsIgnoreCase(name)) {
                return format;
            }
        }
        return null;
    }

    /** What most matrices become. */
    TensorType matrices() {
        return matrices;
    }

    /** The tensor type that most matrices become, as it is written. */
    public String matrixType() {
        return matrices.label();
    }

    /** llama.cpp's number for files that are mostly of this format. */
    int fileType() {
        return fileType;
    }

    /** About how long a file of so many weights is. */
    public double bytes(long parameters) {
        return parameters * bits / 8;
    }

    /**
     * Whether this is what most of the model's weights would become. Rows of other lengths than multiples of 256 cannot
     * be had in the formats that are named with a K, and get a larger one.
     */
    public boolean suits(GgufFile model) {
        TensorFormats formats = new TensorFormats(model, model.tensors(), this);
        long suited = model.tensors().stream()
                .filter(tensor -> formats.of(tensor) == matrices)
                .mapToLong(GgufFile.Tensor::elements)
                .sum();
        return 2 * suited >= model.parameters();
    }
}
