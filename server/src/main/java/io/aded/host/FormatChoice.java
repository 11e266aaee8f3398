package io.aded.host;

import io.aded.engine.SpeculationOutlook;
import io.aded.engine.SpeculationOutlook.Text;
import io.aded.gguf.GgufFile;
import io.aded.gguf.Quantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Which format of a model is the fastest on this machine, by what the passes of each were found to cost.
 *
 * <p>Only eight bits for fewer are ever chosen. All other formats change answers, and that is the user's to decide:
 * they are measured and told.
 *
 * @param formats what was measured, the file as it came first
 */
public record FormatChoice(List<MeasuredFormat> formats) {
    /** A file that is written anew takes room; for less than this it is not worth it. */
    private static final double WORTH_WRITING = 1.05;

    /** Curves of a busy machine are right to about so much. */
    private static final double CLOSE = 1.2;

    /** A file for nothing but speed may take so much of the disk. */
    private static final double LARGEST_BYTES = 2e9;

    /** A file whose length differs by less has the same format, or as good a one. */
    private static final double ALIKE = 0.05;

    /** Beside these, Q4_K is the same as Q4_K_M to a few per cent. */
    private static final List<Quantization> WORTH_MEASURING =
            List.of(Quantization.Q8_0, Quantization.Q6_K, Quantization.Q4_K_M, Quantization.Q4_0);

    /** Weights of so many bits or fewer are finer with four and a half. */
    private static final double COARSE_BITS = 3.5;

    public FormatChoice {
        formats = List.copyOf(formats);
        if (formats.isEmpty() || formats.getFirst().requantized() != null) {
            throw new IllegalArgumentException("the file as it came has to be the first");
        }
    }

    /** Which formats of a model are looked at. */
    public enum Extent {
        /** Those that may be chosen for the file, and the one that gains most at the answers' cost. */
        CHOOSABLE,
        /** Those that are written in seconds: a large part of the answer to what a format is worth. */
        QUICK,
        /** Those with a K as well, for which each block's scales are searched: minutes for a billion weights. */
        ALL
    }

    /** The formats to look at beside the file as it is. */
    static List<Quantization> beside(GgufFile model, Extent extent) {
        return switch (extent) {
            case CHOOSABLE -> finer(model);
            case QUICK ->
                all(model).stream()
                        .filter(format -> format == Quantization.Q8_0 || format == Quantization.Q4_0)
                        .toList();
            case ALL -> all(model);
        };
    }

    /** The formats that may be chosen beside the file as it is: finer than it, and not too large. */
    static List<Quantization> finer(GgufFile model) {
        return finer(model.size(), model.parameters());
    }

    static List<Quantization> finer(long bytes, long parameters) {
        double bits = 8.0 * bytes / Math.max(1, parameters);
        List<Quantization> candidates = new ArrayList<>();
        // The formats with a K are never chosen, and to write them takes a search of minutes.
        for (Quantization format : List.of(Quantization.Q8_0, Quantization.Q4_0)) {
            boolean finer = bits < (format == Quantization.Q8_0 ? 8 : COARSE_BITS);
            if (finer && format.bytes(parameters) <= LARGEST_BYTES) {
                candidates.add(format);
            }
        }
        return candidates;
    }

    /** The formats worth telling about, those that are coarser than the file among them. */
    static List<Quantization> all(GgufFile model) {
        List<Quantization> candidates = new ArrayList<>(WORTH_MEASURING);
        long parameters = model.parameters();
        candidates.removeIf(format -> !format.suits(model)
                || format.bytes(parameters) > LARGEST_BYTES
                || Math.abs(format.bytes(parameters) / model.size() - 1) < ALIKE);
        return candidates;
    }

    /** The file as it came. */
    public MeasuredFormat asItIs() {
        return formats.getFirst();
    }

    /** The one to use: the fastest with {@code auto} over the kinds of text that keeps answers, if by a twentieth. */
    public MeasuredFormat best() {
        MeasuredFormat best = asItIs();
        double least = WORTH_WRITING * best.outlook().typicalRate();
        for (MeasuredFormat other : formats.subList(1, formats.size())) {
            double rate = other.outlook().typicalRate();
            if (keepsAnswers(other) && rate > least) {
                best = other;
                least = rate;
            }
        }
        return best;
    }

    /** The fastest with {@code auto} over the kinds of text, whether or not it keeps answers. */
    public MeasuredFormat fastest() {
        MeasuredFormat fastest = best();
        for (MeasuredFormat other : formats) {
            if (other.outlook().typicalRate()
                    > WORTH_WRITING * fastest.outlook().typicalRate()) {
                fastest = other;
            }
        }
        return fastest;
    }

    /** Whether the two fastest that keep answers are so near to each other that noise may have ordered them. */
    boolean isClose() {
        double[] rates = formats.stream()
                .filter(this::keepsAnswers)
                .mapToDouble(format -> format.outlook().typicalRate())
                .sorted()
                .toArray();
        return rates.length > 1 && rates[rates.length - 1] < CLOSE * rates[rates.length - 2];
    }

    /** Whether the weights stay as the file has them, to within 0.4 % of the largest of a block. */
    public boolean keepsAnswers(MeasuredFormat format) {
        return format.requantized() == null
                || format.requantized() == Quantization.Q8_0 && format.bytes() >= asItIs().bytes();
    }

    /** What was chosen and why, as a sentence. */
    public String reason() {
        MeasuredFormat best = best();
        StringBuilder reason = new StringBuilder(best == asItIs() ? best.name() + " as it is" : best.name());
        boolean fastest = formats.stream()
                .filter(this::keepsAnswers)
                .noneMatch(
                        other -> other.outlook().typicalRate() > best.outlook().typicalRate());
        reason.append(fastest ? ", the fastest here: " : ", since none is faster by a twentieth: ")
                .append(rates(best));
        for (MeasuredFormat other : formats) {
            if (other != best) {
                reason.append("; ")
                        .append(other.name())
                        .append(keepsAnswers(other) ? ": " : ", with other answers: ")
                        .append(rates(other));
            }
        }
        return reason.append('.').toString();
    }

    private static String rates(MeasuredFormat format) {
        SpeculationOutlook outlook = format.outlook();
        return String.format(
                Locale.ROOT,
                "%.0f tokens/s plain, with drafts about %.0f on text that is edited and %.0f in open chat",
                outlook.plainRate(),
                outlook.rate(Text.EDITED),
                outlook.rate(Text.CHAT));
    }
}
