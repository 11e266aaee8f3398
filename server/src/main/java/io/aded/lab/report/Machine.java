package io.aded.lab.report;

import io.aded.model.ContextParameters;
import io.aded.model.ModelInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where and with what a run was made.
 *
 * @param date when it began
 * @param version of this program
 * @param java the runtime's version
 * @param system operating system and architecture
 * @param processor the CPU's name
 * @param cores logical processors that this process may use
 * @param model what the model is called
 * @param quantization its predominant tensor type
 * @param parameters its number of weights
 * @param library what computes
 * @param devices where
 * @param contextCells size of the KV cache
 * @param threads compute threads; 0 is the library's own choice
 */
public record Machine(
        Instant date,
        String version,
        String java,
        String system,
        String processor,
        int cores,
        String model,
        String quantization,
        long parameters,
        String library,
        List<String> devices,
        int contextCells,
        int threads) {

    /** This machine, with a model that this process has loaded. */
    public static Machine describe(
            InstantSource time, String version, String modelName, ModelInfo model, ContextParameters context) {
        return serving(
                time,
                version,
                new Served(
                        modelName,
                        model.quantization(),
                        model.parameters(),
                        model.library(),
                        model.devices(),
                        context.cells(),
                        context.threads()));
    }

    /**
     * A model, wherever it is served.
     *
     * @param model what it is called
     * @param quantization its predominant tensor type
     * @param parameters its number of weights; 0 if that is not known
     * @param library what computes
     * @param devices where
     * @param contextCells size of the KV cache; 0 if that is not known
     * @param threads compute threads; 0 is the library's own choice, or not known
     */
    public record Served(
            String model,
            String quantization,
            long parameters,
            String library,
            List<String> devices,
            int contextCells,
            int threads) {}

    /** This machine, with what is measured from it. */
    public static Machine serving(InstantSource time, String version, Served served) {
        return new Machine(
                time.instant().truncatedTo(ChronoUnit.SECONDS),
                version,
                Runtime.version().toString(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                processorName(),
                Runtime.getRuntime().availableProcessors(),
                served.model(),
                served.quantization(),
                served.parameters(),
                served.library(),
                served.devices(),
                served.contextCells(),
                served.threads());
    }

    /** Adds all of it to a JSON object. */
    public void describe(ObjectNode node) {
        node.put("date", date.toString());
        node.put("aded", version);
        node.put("java", java);
        node.put("system", system);
        node.put("cpu", processor);
        node.put("cores", cores);
        node.put("model", model);
        node.put("quantization", quantization);
        node.put("parameters", parameters);
        node.put("library", library);
        ArrayNode names = node.putArray("devices");
        devices.forEach(names::add);
        node.put("context", contextCells);
        node.put("threads", threads);
    }

    private static String processorName() {
        Path file = Path.of("/proc/cpuinfo");
        if (Files.isReadable(file)) {
            try (Stream<String> lines = Files.lines(file)) {
                String name = lines.filter(line -> line.startsWith("model name"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse(null);
                if (name != null && !name.isEmpty()) {
                    return name;
                }
            } catch (IOException e) {
                return architecture();
            }
        }
        return architecture();
    }

    private static String architecture() {
        @Nullable String architecture = System.getProperty("os.arch");
        return architecture == null ? "unknown" : architecture;
    }
}
