package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.llama.abi.Exports;
import io.aded.llama.abi.LibraryLine;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Models and their chat templates. Nothing is checked here: callers do that. */
final class ModelFunctions {
    private final MethodHandle loadModel;
    private final MethodHandle freeModel;
    private final MethodHandle modelVocabulary;
    private final MethodHandle trainedContext;
    private final MethodHandle embeddingSize;
    private final MethodHandle layers;
    private final MethodHandle modelSize;
    private final MethodHandle parameterCount;
    private final MethodHandle modelDescription;
    private final MethodHandle isRecurrent;

    ModelFunctions(Exports exports, LibraryLine line) {
        loadModel = exports.bind(
                "llama_model_load_from_file",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, line.modelParams().layout()));
        freeModel = exports.bind("llama_model_free", FunctionDescriptor.ofVoid(JAVA_LONG));
        modelVocabulary = exports.bind("llama_model_get_vocab", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        trainedContext = exports.bind("llama_model_n_ctx_train", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        embeddingSize = exports.bind("llama_model_n_embd", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        layers = exports.bind("llama_model_n_layer", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        modelSize = exports.bind("llama_model_size", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        parameterCount = exports.bind("llama_model_n_params", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        modelDescription =
                exports.bind("llama_model_desc", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG));
        isRecurrent = exports.bind("llama_model_is_recurrent", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
    }

    long loadModel(long path, MemorySegment parameters) {
        try {
            return (long) loadModel.invokeExact(path, parameters);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    void freeModel(long model) {
        try {
            freeModel.invokeExact(model);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long modelVocabulary(long model) {
        try {
            return (long) modelVocabulary.invokeExact(model);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int trainedContext(long model) {
        try {
            return (int) trainedContext.invokeExact(model);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int embeddingSize(long model) {
        try {
            return (int) embeddingSize.invokeExact(model);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int layers(long model) {
        try {
            return (int) layers.invokeExact(model);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long modelSize(long model) {
        try {
            return (long) modelSize.invokeExact(model);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long parameterCount(long model) {
        try {
            return (long) parameterCount.invokeExact(model);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int modelDescription(long model, long buffer, long size) {
        try {
            return (int) modelDescription.invokeExact(model, buffer, size);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    boolean isRecurrent(long model) {
        try {
            return (boolean) isRecurrent.invokeExact(model);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }
}
