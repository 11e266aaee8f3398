package io.aded.host;

import io.aded.engine.SpeculationOutlook;
import io.aded.gguf.Quantization;
import org.jspecify.annotations.Nullable;

/**
 * A format that a model can be had in, and what its passes cost here.
 *
 * @param name the format, such as {@code Q8_0}
 * @param requantized what it has to be written as; null for the file as it came
 * @param bytes the file's length
 * @param passNanos nanoseconds of a pass by its tokens, of one token at least, all above 0; element 0 does not count
 */
public record MeasuredFormat(String name, @Nullable Quantization requantized, long bytes, double[] passNanos) {
    public MeasuredFormat {
        if (passNanos.length < 2) {
            throw new IllegalArgumentException("without the time of a pass nothing was measured");
        }
        for (int width = 1; width < passNanos.length; width++) {
            if (!(passNanos[width] > 0 && passNanos[width] < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "a pass of " + width + " tokens cannot take " + passNanos[width] + " ns");
            }
        }
    }

    /** What that means for plain and for drafted answers. */
    public SpeculationOutlook outlook() {
        return SpeculationOutlook.of(passNanos);
    }
}
