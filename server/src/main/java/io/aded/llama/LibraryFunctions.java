package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.llama.abi.CStruct;
import io.aded.llama.abi.Exports;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.invoke.MethodHandle;

/**
 * A library as a whole: its back ends, its log, its devices, and the defaults of what it takes. Nothing is checked
 * here: callers do that.
 */
final class LibraryFunctions {
    private final MethodHandle backendInit;
    private final MethodHandle logSet;
    private final MethodHandle systemInfo;
    private final MethodHandle maxDevices;
    private final MethodHandle supportsGpuOffload;
    private final MethodHandle modelDefaults;
    private final MethodHandle contextDefaults;
    private final MethodHandle deviceCount;
    private final MethodHandle device;
    private final MethodHandle deviceName;
    private final MethodHandle deviceDescription;
    private final MethodHandle deviceMemory;
    private final MethodHandle deviceType;

    LibraryFunctions(Exports exports) {
        backendInit = exports.bind("llama_backend_init", FunctionDescriptor.ofVoid());
        logSet = exports.bind("llama_log_set", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
        systemInfo = exports.bind("llama_print_system_info", FunctionDescriptor.of(JAVA_LONG));
        maxDevices = exports.bind("llama_max_devices", FunctionDescriptor.of(JAVA_LONG));
        supportsGpuOffload = exports.bind("llama_supports_gpu_offload", FunctionDescriptor.of(JAVA_BOOLEAN));
        modelDefaults = exports.bind("llama_model_default_params", FunctionDescriptor.of(CStruct.ROOM));
        contextDefaults = exports.bind("llama_context_default_params", FunctionDescriptor.of(CStruct.ROOM));
        deviceCount = exports.bind("ggml_backend_dev_count", FunctionDescriptor.of(JAVA_LONG));
        device = exports.bind("ggml_backend_dev_get", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        deviceName = exports.bind("ggml_backend_dev_name", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        deviceDescription = exports.bind("ggml_backend_dev_description", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        deviceMemory =
                exports.bind("ggml_backend_dev_memory", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG));
        deviceType = exports.bind("ggml_backend_dev_type", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    void backendInit() {
        try {
            backendInit.invokeExact();
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    void logSet(long callback, long data) {
        try {
            logSet.invokeExact(callback, data);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long systemInfo() {
        try {
            return (long) systemInfo.invokeExact();
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long maxDevices() {
        try {
            return (long) maxDevices.invokeExact();
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    boolean supportsGpuOffload() {
        try {
            return (boolean) supportsGpuOffload.invokeExact();
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    MemorySegment modelDefaults(SegmentAllocator allocator) {
        try {
            return (MemorySegment) modelDefaults.invokeExact(allocator);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    MemorySegment contextDefaults(SegmentAllocator allocator) {
        try {
            return (MemorySegment) contextDefaults.invokeExact(allocator);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long deviceCount() {
        try {
            return (long) deviceCount.invokeExact();
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long device(long index) {
        try {
            return (long) device.invokeExact(index);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long deviceName(long device) {
        try {
            return (long) deviceName.invokeExact(device);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long deviceDescription(long device) {
        try {
            return (long) deviceDescription.invokeExact(device);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    void deviceMemory(long device, long free, long total) {
        try {
            deviceMemory.invokeExact(device, free, total);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int deviceType(long device) {
        try {
            return (int) deviceType.invokeExact(device);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }
}
