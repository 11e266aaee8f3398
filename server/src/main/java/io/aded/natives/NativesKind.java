package io.aded.natives;

import io.aded.model.AdedException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The kinds of builds, the one that is usually fastest first: that is the order in which a start tries them.
 */
public enum NativesKind {
    /** NVIDIA GPUs, with the CUDA 13 libraries of the host. */
    CUDA("cuda", "NVIDIA GPUs; needs CUDA 13's libcudart and libcublas on the host"),
    /** NVIDIA GPUs, with the CUDA 12 libraries of the host. */
    CUDA12("cuda12", "NVIDIA GPUs; needs CUDA 12's libcudart and libcublas on the host"),
    /** The GPU of a Mac. */
    METAL("metal", "the GPU of an Apple-silicon Mac"),
    /** Any GPU with a Vulkan driver. */
    VULKAN("vulkan", "any GPU with a Vulkan driver; needs libvulkan on the host"),
    /** The processor alone. */
    CPU("cpu", "the processor, with a library for each micro-architecture (AVX-512, AMX, ...)");

    /** The packages' version that is installed unless another one is asked for. */
    public static final String SUPPORTED_VERSION = "3.22.1";
    /** The llama.cpp inside it, one of {@link io.aded.llama.LlamaLibrary#supportedVersions}. */
    static final String SUPPORTED_RELEASE = "v0.5.0";

    private static final String SCOPE = "@node-llama-cpp/";

    private final String label;
    private final String description;

    NativesKind(String label, String description) {
        this.label = label;
        this.description = description;
    }

    /** The name that the user types. */
    public String label() {
        return label;
    }

    /** One line about what it is for and what it needs. */
    public String description() {
        return description;
    }

    /**
     * The kind of a name.
     *
     * @throws AdedException.InvalidRequest if there is none of that name
     */
    public static NativesKind of(String label) {
        for (NativesKind kind : values()) {
            if (kind.label.equals(label.toLowerCase(Locale.ROOT))) {
                return kind;
            }
        }
        throw new AdedException.InvalidRequest(
                "kind", "there is no build \"" + label + "\"; allowed: " + labels(List.of(values())));
    }

    /** The kinds that exist for a system, best first; empty if there is none. */
    public static List<NativesKind> availableOn(NativesPlatform platform) {
        return switch (platform.toString()) {
            case "linux-x64", "win-x64" -> List.of(CUDA, CUDA12, VULKAN, CPU);
            case "mac-arm64" -> List.of(METAL);
            case "linux-arm64", "linux-riscv64", "mac-x64", "win-arm64" -> List.of(CPU);
            default -> List.of();
        };
    }

    /**
     * The packages that make up this kind, in the order of unpacking. A later one's files replace an earlier one's.
     *
     * @throws AdedException.InvalidRequest if it does not exist for the system
     */
    List<Source> sources(NativesPlatform platform) {
        List<NativesKind> available = availableOn(platform);
        if (!available.contains(this)) {
            throw new AdedException.InvalidRequest(
                    "kind",
                    "there is no " + label + " build for " + platform + "; "
                            + (available.isEmpty()
                                    ? "none is published for it, but a llama.cpp " + SUPPORTED_RELEASE
                                            + " of your own can be used"
                                    : "allowed here: " + labels(available)));
        }
        String base = SCOPE + platform;
        return switch (this) {
            case CPU -> List.of(new Source(base, ""));
            case METAL -> List.of(new Source(base + "-metal", ""));
            case VULKAN -> List.of(new Source(base + "-vulkan", ""));
            case CUDA -> List.of(new Source(base + "-cuda", ""));
            // The extension holds one file: the back end, linked against CUDA 12. The rest is the same.
            case CUDA12 -> List.of(new Source(base + "-cuda", ""), new Source(base + "-cuda-ext", "fallback/"));
        };
    }

    private static String labels(List<NativesKind> kinds) {
        return kinds.stream().map(NativesKind::label).collect(Collectors.joining(", "));
    }

    /** The names of all kinds, for messages. */
    static String labels() {
        return labels(Arrays.asList(values()));
    }

    /**
     * One package of a kind.
     *
     * @param packageName in the registry
     * @param folder the libraries' folder below {@code package/bins/PLATFORM/}; empty, or ends with a slash
     */
    record Source(String packageName, String folder) {}
}
