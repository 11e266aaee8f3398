package io.aded.llama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a build's libraries need from the system, and what of it is not there.
 *
 * <p>A back end whose libraries are missing does not fail: llama.cpp skips it in silence, and computes on the
 * processor. The loader's own message names only the first that it misses. So the needs are read from the files, and
 * each is tried.
 */
public final class SharedLibraries {
    /*
     * ELF, 64 bit, little endian (System V ABI, chapters 4 and 5), as far as it says what a library needs:
     *
     *   header:  e_phoff u64 @32   e_phentsize u16 @54   e_phnum u16 @56
     *   program: p_type u32 @0   p_offset u64 @8   p_vaddr u64 @16   p_filesz u64 @32     (1 LOAD, 2 DYNAMIC)
     *   dynamic: d_tag i64, d_val u64                                                      (1 NEEDED, 5 STRTAB)
     *
     * NEEDED is an offset into the string table, whose address is turned into a place in the file by the LOAD that
     * covers it.
     */
    private static final int MAGIC = 0x464c457f;
    private static final int LOAD = 1;
    private static final int DYNAMIC = 2;
    private static final int NEEDED = 1;
    private static final int STRTAB = 5;
    private static final int LONGEST_NAME = 256;
    private static final int MOST_HEADERS = 256;
    private static final int MOST_BYTES = 1 << 20;

    private SharedLibraries() {}

    /**
     * The libraries that the back ends in a directory need and that neither lie there nor can be loaded from the
     * system. Libraries that are found in a usual place outside the loader's path (a CUDA toolkit's, a Python
     * environment's) are loaded from there, and stay loaded, so that the back ends find them.
     *
     * @param directory a build's
     * @param environment for {@code CUDA_HOME}, {@code CUDA_PATH} and {@code VIRTUAL_ENV}
     * @return their names, sorted; empty if nothing is missing, or if the files are of another format than ELF
     */
    public static List<String> missing(Path directory, Map<String, String> environment) {
        TreeSet<String> missing = new TreeSet<>();
        List<Path> backends;
        try (Stream<Path> files = Files.list(directory)) {
            backends = files.filter(file -> file.getFileName().toString().matches("lib.*\\.so(\\..*)?"))
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
        List<Path> places = usualPlaces(environment);
        for (Path backend : backends) {
            for (String name : needed(backend)) {
                if (!Files.exists(directory.resolve(name)) && !missing.contains(name) && !open(name, places, 0)) {
                    missing.add(name);
                }
            }
        }
        return List.copyOf(missing);
    }

    /**
     * Loads what the back ends in a directory need and what lies in a usual place outside the loader's path. To be
     * called in every process that opens them.
     *
     * @param directory a build's
     * @param environment as for {@link #missing}
     */
    static void preload(Path directory, Map<String, String> environment) {
        missing(directory, environment);
    }

    /** The libraries that a library names as needed; none if it is no 64-bit little-endian ELF file. */
    static List<String> needed(Path library) {
        try (FileChannel channel = FileChannel.open(library, StandardOpenOption.READ)) {
            return needed(channel);
        } catch (IOException | IndexOutOfBoundsException e) {
            return List.of();
        }
    }

    private record Segment(long offset, long address, long length) {}

    private static List<String> needed(FileChannel channel) throws IOException {
        ByteBuffer header = read(channel, 0, 64);
        if (header.getInt(0) != MAGIC || header.get(4) != 2 || header.get(5) != 1) {
            return List.of();
        }
        int size = Short.toUnsignedInt(header.getShort(54));
        int count = Math.min(MOST_HEADERS, Short.toUnsignedInt(header.getShort(56)));
        ByteBuffer programs = read(channel, header.getLong(32), (long) size * count);
        List<Segment> loads = new ArrayList<>();
        Segment dynamic = null;
        for (int i = 0; i < count; i++) {
            int at = i * size;
            Segment segment =
                    new Segment(programs.getLong(at + 8), programs.getLong(at + 16), programs.getLong(at + 32));
            switch (programs.getInt(at)) {
                case LOAD -> loads.add(segment);
                case DYNAMIC -> dynamic = segment;
                default -> {}
            }
        }
        return dynamic == null ? List.of() : needed(channel, dynamic, loads);
    }

    private static List<String> needed(FileChannel channel, Segment dynamic, List<Segment> loads) throws IOException {
        ByteBuffer entries = read(channel, dynamic.offset(), dynamic.length());
        List<Long> names = new ArrayList<>();
        long strings = -1;
        for (int at = 0; at + 16 <= entries.capacity() && entries.getLong(at) != 0; at += 16) {
            if (entries.getLong(at) == NEEDED) {
                names.add(entries.getLong(at + 8));
            } else if (entries.getLong(at) == STRTAB) {
                strings = fileOffset(entries.getLong(at + 8), loads);
            }
        }
        List<String> needed = new ArrayList<>();
        for (long name : names) {
            if (strings < 0 || name < 0) {
                throw new IndexOutOfBoundsException("no string table");
            }
            ByteBuffer bytes = read(channel, strings + name, LONGEST_NAME);
            int end = 0;
            while (bytes.get(end) != 0) {
                end++;
            }
            needed.add(new String(bytes.array(), 0, end, StandardCharsets.UTF_8));
        }
        return needed;
    }

    private static long fileOffset(long address, List<Segment> loads) {
        for (Segment load : loads) {
            if (address >= load.address() && address < load.address() + load.length()) {
                return address - load.address() + load.offset();
            }
        }
        throw new IndexOutOfBoundsException("no segment holds the string table");
    }

    private static ByteBuffer read(FileChannel channel, long offset, long length) throws IOException {
        if (offset < 0 || length < 0 || length > MOST_BYTES) {
            throw new IndexOutOfBoundsException("damaged");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) >= 0) {
            // Until it is full or the file ends; what is then missing stays zero.
        }
        return bytes;
    }

    /** By name as the loader does it, else from a usual place, after what it needs itself. */
    private static boolean open(String name, List<Path> places, int depth) {
        if (tryOpen(name, null)) {
            return true;
        }
        for (Path place : places) {
            Path file = place.resolve(name);
            if (!Files.isRegularFile(file)) {
                continue;
            }
            for (String deeper : needed(file)) {
                // libcublas needs libcublasLt beside it; nothing that is meant here goes deeper.
                if (depth < 3 && Files.exists(place.resolve(deeper))) {
                    open(deeper, List.of(place), depth + 1);
                }
            }
            if (tryOpen(name, file)) {
                return true;
            }
        }
        return false;
    }

    private static boolean tryOpen(String name, @Nullable Path file) {
        try {
            if (file == null) {
                SymbolLookup.libraryLookup(name, Arena.global());
            } else {
                SymbolLookup.libraryLookup(file, Arena.global());
            }
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Where CUDA lies when nobody told the loader: toolkits, WSL's driver, the wheels of a Python environment. */
    private static List<Path> usualPlaces(Map<String, String> environment) {
        List<Path> places = new ArrayList<>();
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            String home = environment.getOrDefault(variable, "");
            if (!home.isBlank()) {
                places.add(Path.of(home, "lib64"));
                places.add(Path.of(home, "lib"));
            }
        }
        String python = environment.getOrDefault("VIRTUAL_ENV", "");
        if (!python.isBlank()) {
            for (Path version : list(Path.of(python, "lib"))) {
                for (Path wheel : list(version.resolve("site-packages/nvidia"))) {
                    places.add(wheel.resolve("lib"));
                }
            }
        }
        list(Path.of("/usr/local")).stream()
                .filter(path -> path.getFileName().toString().startsWith("cuda"))
                .forEach(path -> {
                    places.add(path.resolve("lib64"));
                    places.add(path.resolve("targets/x86_64-linux/lib"));
                });
        places.add(Path.of("/opt/cuda/lib64"));
        places.add(Path.of("/usr/lib/wsl/lib"));
        places.add(Path.of("/usr/local/nvidia/lib64"));
        return places.stream().filter(Files::isDirectory).toList();
    }

    private static List<Path> list(Path directory) {
        return Optional.of(directory).filter(Files::isDirectory).stream()
                .flatMap(existing -> {
                    try (Stream<Path> files = Files.list(existing)) {
                        return files.sorted().toList().stream();
                    } catch (IOException e) {
                        return Stream.empty();
                    }
                })
                .toList();
    }
}
