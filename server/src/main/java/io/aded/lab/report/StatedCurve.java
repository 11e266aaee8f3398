package io.aded.lab.report;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What passes of a machine cost by the tokens in them, in passes of one token: a machine that is stated instead of
 * measured. Between two points the cost lies on a straight line, beyond the last it goes on as steep, but never falls.
 */
public final class StatedCurve {
    /** Measured on quiet machines, TinyLlama 1.1B Q8_0 unless said: t(n) / t(1) by width. */
    private static final Map<String, String> NAMED = new LinkedHashMap<>(Map.of(
            "amx", "1:1,2:1.36,3:1.42,4:1.47,6:1.71,8:1.91,12:2.27,16:2.35,24:3.52,32:4.29,64:6.43",
            "avx2", "1:1,2:1.11,3:1.78,4:1.52,6:2.06,8:2.33,12:3.11,16:3.92,24:5.54,32:7.16,64:13.7",
            "zen4",
                    "1:1,2:1.55,3:1.85,4:1.9,5:2.85,8:2.95,9:3.8,12:3.85,13:4.85,16:4.95,17:6.1,20:6.1,24:6.9,28:7.9,"
                            + "32:9,48:13.1,64:16.3",
            "gpu", "1:1,8:1.05,16:1.15,32:1.3,64:1.6",
            "linear", "1:1,64:64"));

    private final String name;
    private final TreeMap<Integer, Double> costs = new TreeMap<>();

    private StatedCurve(String name) {
        this.name = name;
    }

    /**
     * Reads a curve.
     *
     * @param text a name ({@code amx}, {@code avx2}, {@code zen4}, {@code gpu}, {@code linear}) or at least one point
     *     {@code TOKENS:COST,…}, tokens from 1, costs above 0
     * @throws IllegalArgumentException if it is neither, with what is allowed
     */
    public static StatedCurve parse(String text) {
        StatedCurve curve = new StatedCurve(text);
        for (String point : NAMED.getOrDefault(text, text).split(",", -1)) {
            String[] parts = point.split(":", -1);
            try {
                int tokens = Integer.parseInt(parts[0].strip());
                double cost = Double.parseDouble(parts[1].strip());
                if (parts.length != 2 || tokens < 1 || !(cost > 0 && cost < 1e9)) {
                    throw new NumberFormatException();
                }
                curve.costs.put(tokens, cost);
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                throw new IllegalArgumentException(
                        "curve " + text + ": " + point
                                + " is no point; allowed: amx, avx2, zen4, gpu, linear, or points"
                                + " TOKENS:COST separated by commas, tokens from 1, costs above 0",
                        e);
            }
        }
        return curve;
    }

    /** As it was written. */
    public String name() {
        return name;
    }

    /** The cost of a pass of so many tokens, at least 1, in passes of one. */
    public double cost(int tokens) {
        Map.Entry<Integer, Double> below = costs.floorEntry(tokens);
        Map.Entry<Integer, Double> above = costs.ceilingEntry(tokens);
        if (below == null) {
            return costs.firstEntry().getValue();
        }
        if (above == null) {
            above = below;
            Map.Entry<Integer, Double> before = costs.lowerEntry(below.getKey());
            below = before == null || before.getValue() > above.getValue() ? above : before;
        }
        double slope = above.getKey().equals(below.getKey())
                ? 0
                : (above.getValue() - below.getValue()) / (above.getKey() - below.getKey());
        return below.getValue() + slope * (tokens - below.getKey());
    }
}
