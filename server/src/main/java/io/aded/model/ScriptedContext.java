package io.aded.model;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The cache of a {@link ScriptedModel}: strict where llama.cpp would silently compute with a wrong history, and as
 * careful about bad input as any {@link TargetContext}.
 */
final class ScriptedContext implements TargetContext {
    private static final int VOCABULARY_SIZE = ScriptedModel.VOCABULARY_SIZE;
    private static final int BEFORE_TOKENS = 2 * Integer.BYTES;
    /** "SCRP". */
    private static final int MAGIC = 0x53435250;

    private final ScriptedModel.Script script;
    private final ScriptedModel.PassCost cost;
    private final ScriptedModel.Cells draftCells;
    private final ContextParameters parameters;
    private final Sequence[] sequences;
    private final int[] owners;
    private final int[] freeCells;
    private int freeCount;
    private float[][] rows = new float[0][];
    /** Which rows of the last pass hold logits. */
    private boolean[] asked = new boolean[0];

    private int lastBatch;
    private boolean closed;
    private volatile boolean abort;

    ScriptedContext(
            ScriptedModel.Script script,
            ScriptedModel.PassCost cost,
            ScriptedModel.Cells draftCells,
            ContextParameters parameters) {
        this.draftCells = draftCells;
        this.script = script;
        this.cost = cost;
        this.parameters = parameters;
        sequences = new Sequence[parameters.maxSequences()];
        Arrays.setAll(sequences, _ -> new Sequence());
        owners = new int[parameters.cells()];
        freeCells = new int[parameters.cells()];
        clear();
    }

    @Override
    public int cells() {
        return parameters.cells();
    }

    @Override
    public int maxBatchTokens() {
        return parameters.maxBatchTokens();
    }

    @Override
    public int maxSequences() {
        return parameters.maxSequences();
    }

    @Override
    public boolean supportsBranches() {
        return true;
    }

    @Override
    public DecodeOutcome decode(TokenBatch batch) {
        checkOpen();
        int size = batch.size();
        if (size < 1 || size > maxBatchTokens()) {
            throw new IllegalArgumentException("a batch of " + size + " tokens; allowed: 1 to " + maxBatchTokens());
        }
        for (int i = 0; i < size; i++) {
            check(batch, i);
        }
        lastBatch = 0;
        if (size > freeCount) {
            return DecodeOutcome.NO_ROOM;
        }
        if (!abort) {
            cost.charge(size);
        }
        if (abort) {
            abort = false;
            return DecodeOutcome.ABORTED;
        }
        if (rows.length < size) {
            int old = rows.length;
            rows = Arrays.copyOf(rows, Math.max(size, old * 2));
            asked = Arrays.copyOf(asked, rows.length);
            for (int i = old; i < rows.length; i++) {
                rows[i] = new float[VOCABULARY_SIZE];
            }
        }
        for (int i = 0; i < size; i++) {
            int cell = freeCells[--freeCount];
            for (int j = 0; j < batch.sequenceCount(i); j++) {
                Sequence sequence = sequences[batch.sequence(i, j)];
                if (sequence.length != batch.position(i)) {
                    throw new IllegalStateException("sequence " + batch.sequence(i, j) + " holds " + sequence.length
                            + " tokens; position " + batch.position(i) + " leaves a gap or overlaps");
                }
                sequence.append(batch.token(i), cell);
                owners[cell]++;
            }
            asked[i] = batch.wantsLogits(i);
            if (asked[i]) {
                Sequence sequence = sequences[batch.sequence(i, 0)];
                script.logits(sequence.tokens, sequence.length, rows[i]);
            }
        }
        lastBatch = size;
        return DecodeOutcome.DECODED;
    }

    private void check(TokenBatch batch, int i) {
        if (batch.token(i) < 0 || batch.token(i) >= VOCABULARY_SIZE) {
            throw refused(i, "token " + batch.token(i), "0 to " + (VOCABULARY_SIZE - 1));
        }
        if (batch.position(i) < 0 || batch.position(i) >= cells()) {
            throw refused(i, "position " + batch.position(i), "0 to " + (cells() - 1));
        }
        if (batch.sequenceCount(i) < 1 || batch.sequenceCount(i) > maxSequences()) {
            throw refused(i, batch.sequenceCount(i) + " sequence ids", "1 to " + maxSequences());
        }
        for (int j = 0; j < batch.sequenceCount(i); j++) {
            checkSequence(batch.sequence(i, j));
        }
    }

    private static IllegalArgumentException refused(int entry, String what, String allowed) {
        return new IllegalArgumentException("entry " + entry + " of the batch has " + what + "; allowed: " + allowed);
    }

    private void checkSequence(int sequence) {
        if (sequence < 0 || sequence >= maxSequences()) {
            throw new IllegalArgumentException("sequence id " + sequence + "; allowed: 0 to " + (maxSequences() - 1));
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the context is closed");
        }
    }

    private float[] row(int row) {
        checkOpen();
        if (row < 0 || row >= lastBatch || !asked[row]) {
            throw new IllegalArgumentException(
                    "row " + row + " did not ask for logits in the last pass of " + lastBatch + " tokens");
        }
        return rows[row];
    }

    @Override
    public int bestToken(int row) {
        float[] logits = row(row);
        int best = -1;
        float highest = Float.NEGATIVE_INFINITY;
        for (int token = 0; token < logits.length; token++) {
            float logit = logits[token];
            if (!(logit <= highest)) { // more, or no number
                if (!Float.isFinite(logit)) {
                    return -1;
                }
                best = token;
                highest = logit;
            }
        }
        return best;
    }

    static boolean isFinite(float[] logits) {
        boolean finite = false;
        for (float logit : logits) {
            if (Float.isNaN(logit) || logit == Float.POSITIVE_INFINITY) {
                return false;
            }
            finite |= logit != Float.NEGATIVE_INFINITY;
        }
        return finite;
    }

    @Override
    public void topTokens(int row, TopTokens out) {
        float[] logits = row(row);
        int[] tokens = out.tokenArray();
        float[] best = out.logitArray();
        int count = 0;
        double sum = 0;
        for (int token = 0; token < VOCABULARY_SIZE; token++) {
            float logit = logits[token];
            sum += logit > -20f ? Math.exp(logit) : 0;
            if (count == best.length && logit <= best[count - 1]) {
                continue;
            }
            int at = count < best.length ? count++ : count - 1;
            while (at > 0 && best[at - 1] < logit) {
                best[at] = best[at - 1];
                tokens[at] = tokens[at - 1];
                at--;
            }
            best[at] = logit;
            tokens[at] = token;
        }
        out.filled(count, (float) Math.log(sum), isFinite(logits));
    }

    @Override
    public float logit(int row, int token) {
        float[] logits = row(row);
        if (token < 0 || token >= VOCABULARY_SIZE) {
            throw new IllegalArgumentException(
                    "token " + token + " is outside the vocabulary; allowed: 0 to " + (VOCABULARY_SIZE - 1));
        }
        return logits[token];
    }

    @Override
    public void copyLogits(int row, float[] destination) {
        System.arraycopy(row(row), 0, destination, 0, VOCABULARY_SIZE);
    }

    @Override
    public void removeTokens(int sequence, int from, int to) {
        checkOpen();
        checkSequence(sequence);
        Sequence target = sequences[sequence];
        if (to >= 0 && to < target.length) {
            throw new IllegalStateException("tokens " + from + " to " + to + " of " + target.length + " in sequence "
                    + sequence + " would leave a gap");
        }
        while (target.length > Math.max(0, from)) {
            release(target.cells[--target.length]);
        }
    }

    private void release(int cell) {
        if (--owners[cell] == 0) {
            freeCells[freeCount++] = cell;
        }
    }

    @Override
    public void shareTokens(int source, int destination, int from, int to) {
        checkOpen();
        checkSequence(source);
        checkSequence(destination);
        Sequence giver = sequences[source];
        Sequence taker = sequences[destination];
        if (taker.length != from) {
            throw new IllegalStateException(
                    "sequence " + destination + " holds " + taker.length + " tokens; cannot continue it at " + from);
        }
        int end = to < 0 ? giver.length : Math.min(to, giver.length);
        for (int i = from; i < end; i++) {
            taker.append(giver.tokens[i], giver.cells[i]);
            owners[giver.cells[i]]++;
        }
    }

    @Override
    public void clear() {
        checkOpen();
        for (Sequence sequence : sequences) {
            sequence.length = 0;
        }
        Arrays.fill(owners, 0);
        freeCount = freeCells.length;
        Arrays.setAll(freeCells, i -> i);
    }

    @Override
    public long savedSize(int sequence) {
        checkOpen();
        checkSequence(sequence);
        return BEFORE_TOKENS + (long) Integer.BYTES * sequences[sequence].length;
    }

    @Override
    public void saveSequence(int sequence, ByteBuffer destination) {
        long size = savedSize(sequence);
        if (destination.remaining() < size) {
            throw new IllegalArgumentException(
                    "the buffer has " + destination.remaining() + " bytes left; needed: " + size);
        }
        Sequence source = sequences[sequence];
        destination.putInt(MAGIC).putInt(source.length);
        for (int i = 0; i < source.length; i++) {
            destination.putInt(source.tokens[i]);
        }
    }

    @Override
    public boolean restoreSequence(int sequence, ByteBuffer source) {
        checkOpen();
        checkSequence(sequence);
        if (source.remaining() < BEFORE_TOKENS || source.getInt() != MAGIC) {
            throw invalid("is shorter than its header, or of another format");
        }
        int length = source.getInt();
        if (length < 0 || (long) length * Integer.BYTES > source.remaining()) {
            throw invalid("is truncated");
        }
        if (length > freeCount) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            int cell = freeCells[--freeCount];
            owners[cell] = 1;
            sequences[sequence].append(source.getInt(), cell);
        }
        return true;
    }

    private static AdedException.InvalidArtifact invalid(String why) {
        return new AdedException.InvalidArtifact("INVALID_SAVED_SEQUENCE", "a saved sequence " + why);
    }

    @Override
    public @Nullable CellCopier copierFrom(TargetContext source) {
        checkOpen();
        return draftCells == ScriptedModel.Cells.OWN || !(source instanceof ScriptedContext other)
                ? null
                : new Copier(other);
    }

    /** Copies tokens, which are all that there is. */
    private final class Copier implements CellCopier {
        private final ScriptedContext source;
        private boolean given;

        Copier(ScriptedContext source) {
            this.source = source;
        }

        @Override
        public boolean copy(int from, int first, int last, int destination) {
            checkOpen();
            source.checkOpen();
            checkSequence(destination);
            source.checkSequence(from);
            if (given) {
                throw new IllegalStateException("the copier is closed");
            }
            Sequence giver = source.sequences[from];
            Sequence taker = sequences[destination];
            if (first < 0 || first >= last || last > giver.length || taker.length != first) {
                throw new IllegalStateException("tokens " + first + " to " + last + " of " + giver.length
                        + " cannot continue a sequence of " + taker.length);
            }
            if (draftCells == ScriptedModel.Cells.REFUSED || last - first > freeCount) {
                return false;
            }
            for (int i = first; i < last; i++) {
                int cell = freeCells[--freeCount];
                owners[cell] = 1;
                taker.append(giver.tokens[i], cell);
            }
            return true;
        }

        @Override
        public void close() {
            given = true;
        }
    }

    @Override
    public void requestAbort() {
        abort = true;
    }

    @Override
    public void close() {
        closed = true;
    }

    /** One sequence: the tokens by position, and which cell holds each. */
    private static final class Sequence {
        int[] tokens = new int[16];
        int[] cells = new int[16];
        int length;

        void append(int token, int cell) {
            if (length == tokens.length) {
                tokens = Arrays.copyOf(tokens, length * 2);
                cells = Arrays.copyOf(cells, length * 2);
            }
            tokens[length] = token;
            cells[length++] = cell;
        }
    }
}
