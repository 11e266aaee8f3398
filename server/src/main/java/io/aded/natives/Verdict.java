package io.aded.natives;

import io.aded.llama.LlamaLibrary;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What trying a library has shown.
 *
 * @param problem why it is not to be used here, in words that follow its name; null if it works
 * @param library what it says it is; empty if it could not be opened
 * @param devices what it can compute on
 */
public record Verdict(@Nullable String problem, String library, List<LlamaLibrary.Device> devices) {

    /** Copies the list. */
    public Verdict {
        devices = List.copyOf(devices);
    }

    static Verdict broken(String problem) {
        return new Verdict(problem, "", List.of());
    }

    /** Whether it computed and computed right. */
    public boolean works() {
        return problem == null;
    }

    /** The GPUs among the devices. */
    public List<LlamaLibrary.Device> gpus() {
        return devices.stream().filter(Verdict::isGpu).toList();
    }

    static boolean isGpu(LlamaLibrary.Device device) {
        return device.kind() == LlamaLibrary.Device.Kind.GPU
                || device.kind() == LlamaLibrary.Device.Kind.INTEGRATED_GPU;
    }

    ObjectNode toJson() {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        if (problem != null) {
            json.put("problem", problem);
        }
        json.put("library", library);
        var list = json.putArray("devices");
        for (LlamaLibrary.Device device : devices) {
            list.addObject()
                    .put("name", device.name())
                    .put("description", device.description())
                    .put("kind", device.kind().name())
                    .put("free", device.freeBytes())
                    .put("total", device.totalBytes());
        }
        return json;
    }

    /** Reads what {@link #toJson} wrote; throws an unchecked exception if it is something else. */
    static Verdict fromJson(JsonNode json) {
        List<LlamaLibrary.Device> devices = new ArrayList<>();
        for (JsonNode device : json.path("devices")) {
            devices.add(new LlamaLibrary.Device(
                    device.path("name").asString(),
                    device.path("description").asString(),
                    LlamaLibrary.Device.Kind.valueOf(device.path("kind").asString()),
                    device.path("free").asLong(),
                    device.path("total").asLong()));
        }
        return new Verdict(
                json.has("problem") ? json.path("problem").asString() : null,
                json.path("library").asString(),
                devices);
    }
}
