package io.aded.llama;

import io.aded.llama.abi.CStruct;
import io.aded.llama.abi.CommonStructs;
import io.aded.llama.abi.LibraryLine;
import io.aded.model.AdedException;
import io.aded.model.CellCopier;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A llama.cpp context behind the {@link TargetContext} contract.
 *
 * <h2>What a pass costs here</h2>
 *
 * The arrays that a batch is copied into are allocated once, for the widest batch; a row of logits is read where the
 * library left it. So a pass allocates nothing, on the heap or off it.
 *
 * <h2>Aborting without coming back to Java</h2>
 *
 * llama.cpp asks a callback, before each node of its graph, whether to give up. A callback into Java some hundred times
 * a pass would cost more than the rest of the host's work together. But any C function of a pointer that answers "not
 * zero" will do, and {@code strlen} is one: the flag is a C string, empty for "go on" and one character long for
 * "stop".
 */
final class LlamaContext implements TargetContext {
    private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

    /** Address of the C library's strlen; the same for every context. */
    private static final long STRLEN = Linker.nativeLinker()
            .defaultLookup()
            .find("strlen")
            .map(MemorySegment::address)
            .orElse(0L);

    private static final CStruct BATCH = CommonStructs.BATCH;

    private static final int MOST_SEQUENCES = 256;
    private static final int OK = 0;
    private static final int ABORTED = 2;

    /**
     * For lines whose {@linkplain LibraryLine#passesTakeTurns passes take turns}. Fair, so that no engine is shut out.
     */
    private static final Lock TURNS = new ReentrantLock(true);

    private final LlamaModel model;
    private final Native natives;
    /** Any thread may close it: the one that shuts down is rarely the one that decoded. */
    private final Arena arena = Arena.ofShared();

    private final long handle;
    private final long cache;
    private final int cells;
    private final int maxBatchTokens;
    private final int maxSequences;
    /** An id that callers do not know of, for cells that are on their way to another context; -1 if there is none. */
    private final int scratch;

    private final ContextParameters parameters;
    private final int vocabularySize;
    private final boolean branches;
    private final long fingerprint;

    /** The size of a sequence's state when it has no cells. */
    private final long emptyState;

    private final MemorySegment abort;
    private final MemorySegment batch;
    private final MemorySegment tokens;
    private final MemorySegment positions;
    private final MemorySegment sequenceCounts;
    private final MemorySegment sequencePointers;
    private final MemorySegment sequences;
    private final MemorySegment logitFlags;

    /** One for each thread: helpers of the owner read rows beside it. */
    private final ThreadLocal<LogitsScan> scans = ThreadLocal.withInitial(LogitsScan::new);

    /** Address of each row's logits in the last pass; 0 where none was asked for. */
    private final long[] rows;

    private int lastBatch;
    private volatile boolean closed;

    LlamaContext(LlamaModel model, ContextParameters parameters) {
        this.model = model;
        this.natives = model.library().natives();
        this.vocabularySize = model.vocabulary().size();
        this.branches = !model.info().recurrent();
        this.parameters = parameters;
        // A recurrent model pays for each id, and hands over no cells.
        this.scratch = branches && parameters.maxSequences() < MOST_SEQUENCES ? parameters.maxSequences() : -1;
        this.fingerprint = SavedSequence.fingerprint(model.info(), parameters);
        this.maxBatchTokens = Math.min(parameters.maxBatchTokens(), parameters.cells());
        boolean complete = false;
        long opened = 0;
        try {
            abort = arena.allocate(2);
            batch = arena.allocate(BATCH.layout());
            tokens = arena.allocate(ValueLayout.JAVA_INT, maxBatchTokens);
            positions = arena.allocate(ValueLayout.JAVA_INT, maxBatchTokens);
            sequenceCounts = arena.allocate(ValueLayout.JAVA_INT, maxBatchTokens);
            sequencePointers = arena.allocate(ValueLayout.JAVA_LONG, maxBatchTokens);
            sequences = arena.allocate(ValueLayout.JAVA_INT, (long) maxBatchTokens * parameters.maxSequences());
            logitFlags = arena.allocate(maxBatchTokens);
            rows = new long[maxBatchTokens];
            BATCH.at(batch)
                    .set("token", tokens.address())
                    .set("pos", positions.address())
                    .set("n_seq_id", sequenceCounts.address())
                    .set("seq_id", sequencePointers.address())
                    .set("logits", logitFlags.address());

            opened = natives.contexts.newContext(model.handle(), describe(parameters));
            if (opened == 0) {
                throw new AdedException.ResourceExhausted(
                        "NO_CONTEXT",
                        "llama.cpp could not open a context of " + parameters.cells() + " cells: "
                                + model.library().log().takeLastError(),
                        null);
            }
            handle = opened;
            cells = natives.contexts.contextCells(handle);
            maxSequences = natives.contexts.contextSequences(handle) - (scratch < 0 ? 0 : 1);
            cache = natives.calls.cache(handle);
            emptyState = natives.contexts.sequenceStateSize(handle, 0);
            complete = true;
        } finally {
            if (!complete) {
                if (opened != 0) {
                    natives.contexts.freeContext(opened);
                }
                arena.close();
            }
        }
    }

    private MemorySegment describe(ContextParameters parameters) {
        LibraryLine line = natives.line;
        int ids = parameters.maxSequences() + (scratch < 0 ? 0 : 1);
        CStruct.Value struct = line.contextParams().at(natives.library.contextDefaults(arena));
        int threads = parameters.threads() == 0 ? Processor.physicalCores() : parameters.threads();
        struct.set("n_ctx", parameters.cells())
                // A tree must stay inside one micro-batch, so that its nodes see each other's keys.
                .set("n_batch", maxBatchTokens)
                .set("n_ubatch", maxBatchTokens)
                .set("n_seq_max", ids)
                .set("n_threads", threads)
                .set("n_threads_batch", threads)
                .set("type_k", cacheType(parameters.keyType()))
                .set("type_v", cacheType(parameters.valueType()))
                .set("no_perf", true);
        line.setTrees(struct, maxBatchTokens, ids);
        line.setFlashAttention(struct, parameters);
        if (STRLEN != 0) {
            struct.set("abort_callback", STRLEN).set("abort_callback_data", abort.address());
        }
        return struct.segment();
    }

    private static int cacheType(ContextParameters.CacheType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q8_0 -> 8;
        };
    }

    @Override
    public int cells() {
        return cells;
    }

    @Override
    public int maxBatchTokens() {
        return maxBatchTokens;
    }

    @Override
    public int maxSequences() {
        return maxSequences;
    }

    @Override
    public boolean supportsBranches() {
        return branches;
    }

    @Override
    public DecodeOutcome decode(TokenBatch input) {
        checkOpen();
        int size = input.size();
        if (size < 1 || size > maxBatchTokens) {
            throw new IllegalArgumentException("a batch of " + size + " tokens; allowed: 1 to " + maxBatchTokens);
        }
        copy(input, size);
        lastBatch = 0;
        if ((byte) BYTE.getVolatile(abort, 0L) != 0) {
            BYTE.setVolatile(abort, 0L, (byte) 0);
            return DecodeOutcome.ABORTED;
        }
        int status = natives.line.passesTakeTurns() ? decodeInTurn() : natives.contexts.decode(handle, batch);
        return switch (status) {
            case OK -> {
                for (int i = 0; i < size; i++) {
                    rows[i] = input.wantsLogits(i) ? natives.contexts.logits(handle, i) : 0;
                }
                lastBatch = size;
                yield DecodeOutcome.DECODED;
            }
            case ABORTED -> {
                BYTE.setVolatile(abort, 0L, (byte) 0);
                yield DecodeOutcome.ABORTED;
            }
            default -> {
                if (natives.line.isNoRoom(status)) {
                    yield DecodeOutcome.NO_ROOM;
                }
                throw new AdedException.Internal(
                        "DECODE_FAILED",
                        "llama.cpp reports error " + status + " for a pass of " + size + " tokens: "
                                + model.library().log().takeLastError(),
                        null);
            }
        };
    }

    private int decodeInTurn() {
        TURNS.lock();
        try {
            return natives.contexts.decode(handle, batch);
        } finally {
            TURNS.unlock();
        }
    }

    /** Checks and copies at once. Nothing of this object has changed if the batch is refused. */
    private void copy(TokenBatch input, int size) {
        int used = 0;
        for (int i = 0; i < size; i++) {
            int token = input.token(i);
            int position = input.position(i);
            int count = input.sequenceCount(i);
            if (token < 0 || token >= vocabularySize) {
                throw refused(i, "token " + token, "0 to " + (vocabularySize - 1));
            }
            if (position < 0 || position >= cells) {
                throw refused(i, "position " + position, "0 to " + (cells - 1));
            }
            if (count < 1 || count > maxSequences) {
                throw refused(i, count + " sequence ids", "1 to " + maxSequences);
            }
            tokens.setAtIndex(ValueLayout.JAVA_INT, i, token);
            positions.setAtIndex(ValueLayout.JAVA_INT, i, position);
            sequenceCounts.setAtIndex(ValueLayout.JAVA_INT, i, count);
            sequencePointers.setAtIndex(ValueLayout.JAVA_LONG, i, sequences.address() + 4L * used);
            for (int j = 0; j < count; j++) {
                int sequence = input.sequence(i, j);
                if (sequence < 0 || sequence >= maxSequences) {
                    throw refused(i, "sequence id " + sequence, "0 to " + (maxSequences - 1));
                }
                sequences.setAtIndex(ValueLayout.JAVA_INT, used++, sequence);
            }
            logitFlags.set(ValueLayout.JAVA_BYTE, i, (byte) (input.wantsLogits(i) ? 1 : 0));
        }
        batch.set(ValueLayout.JAVA_INT, 0, size);
    }

    private static IllegalArgumentException refused(int entry, String what, String allowed) {
        return new IllegalArgumentException("entry " + entry + " of the batch has " + what + "; allowed: " + allowed);
    }

    @Override
    public void topTokens(int row, TopTokens out) {
        scans.get().scan(Native.MEMORY, rowAddress(row), vocabularySize, out);
    }

    @Override
    public int bestToken(int row) {
        LogitsScan scan = scans.get();
        int best = scan.best(Native.MEMORY, rowAddress(row), vocabularySize);
        return scan.isFinite() ? best : -1;
    }

    @Override
    public float logit(int row, int token) {
        if (token < 0 || token >= vocabularySize) {
            throw new IllegalArgumentException(
                    "token " + token + " is outside the vocabulary; allowed: 0 to " + (vocabularySize - 1));
        }
        return Native.MEMORY.get(ValueLayout.JAVA_FLOAT, rowAddress(row) + 4L * token);
    }

    @Override
    public void copyLogits(int row, float[] destination) {
        MemorySegment.copy(Native.MEMORY, ValueLayout.JAVA_FLOAT, rowAddress(row), destination, 0, vocabularySize);
    }

    /** Where a row of the last pass lies. */
    long rowAddress(int row) {
        checkOpen();
        if (row < 0 || row >= lastBatch || rows[row] == 0) {
            throw new IllegalArgumentException(
                    "row " + row + " did not ask for logits in the last pass of " + lastBatch + " tokens");
        }
        return rows[row];
    }

    @Override
    public void removeTokens(int sequence, int from, int to) {
        checkOpen();
        checkSequence(sequence);
        checkRange(from, to);
        if (!natives.calls.removeTokens(cache, sequence, from, to) && branches) {
            throw new AdedException.Internal(
                    "CACHE_REMOVE", "llama.cpp could not remove positions " + from + " to " + to, null);
        }
    }

    @Override
    public void shareTokens(int source, int destination, int from, int to) {
        checkOpen();
        checkSequence(source);
        checkSequence(destination);
        checkRange(from, to);
        natives.calls.shareTokens(cache, source, destination, from, to);
    }

    @Override
    public void clear() {
        checkOpen();
        natives.calls.clearCache(cache);
    }

    @Override
    public long savedSize(int sequence) {
        checkOpen();
        checkSequence(sequence);
        return SavedSequence.HEADER + natives.contexts.sequenceStateSize(handle, sequence);
    }

    @Override
    public void saveSequence(int sequence, ByteBuffer destination) {
        long size = savedSize(sequence);
        if (destination.remaining() < size) {
            throw new IllegalArgumentException(
                    "the buffer has " + destination.remaining() + " bytes left; needed: " + size);
        }
        long most = size - SavedSequence.HEADER;
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment payload = scratch.allocate(most, 8);
            long written = natives.contexts.saveSequence(handle, payload.address(), most, sequence);
            if (written == 0 || written > most) {
                throw new AdedException.Internal("SAVE_FAILED", "llama.cpp could not save a sequence", null);
            }
            SavedSequence.write(payload.asSlice(0, written).asByteBuffer(), fingerprint, destination);
        }
    }

    @Override
    public boolean restoreSequence(int sequence, ByteBuffer source) {
        checkOpen();
        checkSequence(sequence);
        ByteBuffer payload = SavedSequence.read(source, fingerprint);
        if (payload.remaining() <= emptyState) {
            return true; // b4916 looks for the last of its cells, and there is none: it would end the process
        }
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment input = scratch.allocate(payload.remaining(), 8);
            input.copyFrom(MemorySegment.ofBuffer(payload));
            return natives.contexts.restoreSequence(handle, input.address(), input.byteSize(), sequence) != 0;
        }
    }

    @Override
    public @Nullable CellCopier copierFrom(TargetContext source) {
        checkOpen();
        return source instanceof LlamaContext original ? LlamaCellCopier.between(original, this) : null;
    }

    /** The id for cells on their way to another context, or -1. */
    int scratch() {
        return scratch;
    }

    LlamaModel model() {
        return model;
    }

    /** What it was opened with. */
    ContextParameters parameters() {
        return parameters;
    }

    Native natives() {
        return natives;
    }

    /** The library's object; throws if it is gone. */
    long handle() {
        checkOpen();
        return handle;
    }

    /** What the library's functions on the cache take; throws if it is gone. */
    long cache() {
        checkOpen();
        return cache;
    }

    @Override
    public void requestAbort() {
        // The arena may be closed between the check and the write only by an owner that closes while others still use
        // it; the segment's own liveness check then throws instead of writing.
        if (!closed) {
            try {
                BYTE.setVolatile(abort, 0L, (byte) '!');
            } catch (IllegalStateException alreadyClosed) {
                // Nothing is running any more.
            }
        }
    }

    @Override
    public void close() {
        synchronized (arena) {
            if (closed) {
                return;
            }
            closed = true;
        }
        natives.contexts.freeContext(handle);
        arena.close();
        model.released();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the context is closed");
        }
    }

    void checkSequence(int sequence) {
        if (sequence < 0 || sequence >= maxSequences) {
            throw new IllegalArgumentException("sequence id " + sequence + "; allowed: 0 to " + (maxSequences - 1));
        }
    }

    private static void checkRange(int from, int to) {
        if (from < 0 || to < -1) {
            throw new IllegalArgumentException(
                    "positions " + from + " to " + to + "; allowed: from 0, and to -1 (the end) or more");
        }
    }
}
