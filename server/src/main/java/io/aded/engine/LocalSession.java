package io.aded.engine;

import io.aded.dialect.AnswerForm;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.FieldViolation;
import io.aded.model.RenderedChat;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetModel;
import io.aded.model.TokenSampler;
import io.aded.telemetry.TurnTelemetry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A conversation.
 *
 * <p><b>Who owns what.</b> The slot says who may write: the caller who reserves it until the turn is handed over, then
 * the engine thread until the turn ends. What callers see is the past, an immutable value that is replaced as a whole
 * when a turn has ended. The hand-overs go through the slot and the engine's queue, which order them. KV cells,
 * sequence id and drafters belong to the engine thread.
 *
 * <p><b>History is tokens, not text.</b> A chat template renders text, but what the KV cache holds are tokens, and the
 * tokens of an answer need not be those that its text would be split into. So the next turn's prompt is rendered as a
 * whole, what was rendered before is cut off, and only the rest is tokenised and appended. Where the template does not
 * merely append (some drop earlier reasoning), the whole is tokenised anew and the longest common prefix of tokens is
 * kept.
 */
final class LocalSession implements Session {
    /** Objects, locks and map of an empty conversation. */
    private static final int OWN_BYTES = 600;

    /** A message beside its characters. */
    private static final int MESSAGE_BYTES = 100;

    private final LocalEngine engine;
    private final Entrance entrance;
    private final String id;
    private final String caller;
    private final TurnSlot<LocalTurn> slot = new TurnSlot<>();
    private volatile Past past = Past.NONE;

    /** What the running turn's prompt was rendered to, and the messages that it adds. */
    private @Nullable String renderedPrompt;

    private List<ChatMessage> added = List.of();

    // The history as the running turn writes it; owned by the engine thread.
    private int[] tokens = new int[0];
    private int length;
    /** Whether all that was said so far may be kept for training. */
    private boolean allowsTraining = true;

    /** Whether a stop string cut the answer's text before its last tokens. */
    private boolean cut;

    /**
     * The conversation as it stood when the last turn ended.
     *
     * @param tokens the history; entries below the length never change
     * @param length how many of them there are
     * @param messages the same as messages; empty for raw text
     * @param rendered its text, if it came from a chat template and says exactly what the tokens say
     */
    private record Past(
            int[] tokens,
            int length,
            List<ChatMessage> messages,
            @Nullable String rendered) {
        static final Past NONE = new Past(new int[0], 0, List.of(), null);
    }

    // Owned by the engine thread.
    private final CellLedger.Cells cells;
    private int sequence = -1;
    private @Nullable ByteBuffer swapped;
    private int swappedTokens;
    private int swappedStanding;
    private boolean decoding;
    private long lastUsed;
    private PrefixSharing sharing;
    private int foreign;
    private long textBytes;
    private boolean wide;
    private long accounted;
    private long givesUp;
    private final Map<DrafterKind, StreamDrafter> drafters = new HashMap<>();

    /**
     * An empty conversation.
     *
     * @param caller who opened it; empty for nobody in particular
     */
    LocalSession(LocalEngine engine, String id, String caller, CellLedger.Cells cells) {
        this.engine = engine;
        entrance = engine.entrance();
        this.id = id;
        this.caller = caller;
        this.cells = cells;
        sharing = engine.options().prefixSharing();
    }

    @Override
    public String id() {
        return id;
    }

    /** Who opened it. */
    String caller() {
        return caller;
    }

    TargetModel model() {
        return entrance.model();
    }

    // --- submission, on the caller's thread

    @Override
    public Turn submit(TurnRequest request, TurnListener listener) {
        entrance.check();
        engine.memory().checkTurn();
        slot.reserve();
        boolean submitted = false;
        try {
            List<FieldViolation> wrong = violations(request.prompt());
            Continuation next = wrong.isEmpty() ? continuation(request.prompt()) : null;
            if (next != null) {
                checkLength(next, wrong);
            }
            if (!wrong.isEmpty() || next == null) {
                throw new AdedException.InvalidRequest(wrong);
            }
            LocalTurn turn = start(request, listener, next);
            submitted = true;
            return turn;
        } finally {
            if (!submitted) {
                slot.free();
            }
        }
    }

    private LocalTurn start(TurnRequest request, TurnListener listener, Continuation next) {
        SamplingParameters sampling = request.sampling();
        Integer wanted = sampling.seed();
        int seed = wanted != null ? wanted : entrance.randomSeed();
        entrance.reservePlace();
        TokenSampler sampler = null;
        boolean submitted = false;
        try {
            AnswerParts parts = parts(request.prompt(), next);
            if (parts == null) {
                sampler = model().newSampler(sampling.withSeed(seed));
            } else {
                AnswerForm form = parts.form();
                sampler = form.sampler(model(), sampling.withSeed(seed), parts.beganInReasoning());
                if (form.budget() >= 0) {
                    sampler = new BudgetedSampler(
                            sampler, parts, model().vocabulary().tokenizeContinuation(form.closing(), true));
                }
            }
            if (sampling.lookBack() > 0) {
                int from = Math.max(0, next.tokens.length - sampling.lookBack());
                for (int i = from; i < next.tokens.length; i++) {
                    sampler.remember(next.tokens[i]);
                }
            }
            TurnTelemetry telemetry = entrance.telemetry()
                    .startTurn(
                            request.traceContext(),
                            request.prompt() instanceof Prompt.Messages ? "chat" : "text_completion");
            // Every later prompt repeats what this turn says: what one turn does not allow, none after it can.
            allowsTraining &= request.draft().allowsTraining();
            Transcript transcript = Transcript.of(engine.options(), allowsTraining, sampling, sampler);
            LocalTurn turn = engine.newTurn(
                    this, request, listener, new Answering(sampler, parts, seed, telemetry, transcript), next.tokens);
            renderedPrompt = next.rendered();
            added = request.prompt() instanceof Prompt.Messages chat ? chat.messages() : List.of();
            slot.fill(turn, () -> engine.enqueue(turn));
            submitted = true;
            return turn;
        } finally {
            if (!submitted) {
                entrance.places().giveBack();
                if (sampler != null) {
                    sampler.close();
                }
            }
        }
    }

    /** What the answer is split into; null if it is mere text. */
    private @Nullable AnswerParts parts(Prompt prompt, Continuation next) {
        if (!(prompt instanceof Prompt.Messages chat) || chat.form() == null || next.chat == null) {
            return null;
        }
        Set<String> ids = new HashSet<>();
        for (List<ChatMessage> messages : List.of(past.messages, chat.messages())) {
            messages.forEach(message -> message.calls().forEach(call -> ids.add(call.id())));
        }
        return new AnswerParts(chat.form(), chat.form().opensReasoning(next.chat), ids);
    }

    /** A prompt as tokens. */
    private record Continuation(int[] tokens, @Nullable RenderedChat chat, String field) {
        @Nullable
        String rendered() {
            return chat == null ? null : chat.text();
        }
    }

    private Continuation continuation(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Tokens(int[] ids) -> append(ids, null, "tokens");
            case Prompt.Text(String text) -> append(entrance.promptTokens().text(text, past.length == 0), null, "text");
            case Prompt.Messages sent -> chat(sent);
        };
    }

    private Continuation chat(Prompt.Messages sent) {
        List<ChatMessage> all = new ArrayList<>(past.messages);
        all.addAll(sent.messages());
        PromptTokens.Chat chat = entrance.promptTokens().chat(all, sent, past.length > 0 ? past.rendered : null);
        return chat.continues()
                ? append(chat.tokens(), chat.whole(), "messages")
                : new Continuation(chat.tokens(), chat.whole(), "messages");
    }

    private Continuation append(int[] more, @Nullable RenderedChat full, String field) {
        int[] whole = Arrays.copyOf(past.tokens, past.length + more.length);
        System.arraycopy(more, 0, whole, past.length, more.length);
        return new Continuation(whole, full, field);
    }

    private void checkLength(Continuation next, List<FieldViolation> wrong) {
        int count = next.tokens.length;
        if (count == 0) {
            wrong.add(new FieldViolation(next.field, "gives no tokens; allowed: at least one"));
        } else if (count >= limit()) {
            wrong.add(new FieldViolation(
                    next.field,
                    "makes a prompt of " + count + " tokens" + (past.length > 0 ? ", history included" : "")
                            + "; allowed: at most " + (limit() - 1) + ", so that the context has room for an answer"));
        }
    }

    /** What the state of the conversation forbids; whether values are allowed was looked at before. */
    private List<FieldViolation> violations(Prompt prompt) {
        List<FieldViolation> wrong = new ArrayList<>();
        switch (prompt) {
            case Prompt.Messages messages -> {
                if (past.length > 0 && past.messages.isEmpty()) {
                    wrong.add(new FieldViolation(
                            "messages",
                            "cannot follow raw text or tokens in one conversation; open another conversation"));
                }
            }
            case Prompt.Text text -> refuseAfterMessages("text", wrong);
            case Prompt.Tokens tokens -> refuseAfterMessages("tokens", wrong);
        }
        return wrong;
    }

    private void refuseAfterMessages(String field, List<FieldViolation> wrong) {
        if (!past.messages.isEmpty()) {
            wrong.add(new FieldViolation(
                    field, "cannot follow chat messages in one conversation; open another conversation"));
        }
    }

    @Override
    public List<ChatMessage> messages() {
        return past.messages;
    }

    @Override
    public int historyTokens() {
        return past.length;
    }

    @Override
    public void reset() {
        slot.reserve();
        try {
            past = Past.NONE;
            allowsTraining = true;
            engine.execute(() -> engine.reset(this));
        } finally {
            slot.free();
        }
    }

    @Override
    public void close() {
        if (slot.close()) {
            engine.closeSession(this);
            LocalTurn turn = slot.running();
            if (turn != null) {
                turn.cancel();
            }
        }
    }

    // --- during a turn, on the engine thread

    /** The turn that runs or waits, or null. */
    @Nullable
    LocalTurn turn() {
        return slot.running();
    }

    int limit() {
        return entrance.sessionLimit();
    }

    int length() {
        return length;
    }

    int token(int i) {
        return tokens[i];
    }

    int[] tokens() {
        return tokens;
    }

    void append(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, length * 2);
        }
        tokens[length++] = token;
    }

    /** Drops the last tokens, down to {@code count}; none of them is in the KV cache. */
    void shorten(int count) {
        length = Math.min(length, count);
    }

    /** The answer's text was cut before its last tokens. */
    void cutByStopString() {
        cut = true;
    }

    /**
     * Makes a prompt the history.
     *
     * @return how many of the tokens that are cached, or swapped out, still agree with it; the last token of a prompt
     *     is never cached
     */
    int adopt(int[] prompt) {
        int most = Math.min(Math.max(committed(), swappedTokens), prompt.length - 1);
        int agreeing = commonPrefix(prompt, Math.min(length, prompt.length));
        for (StreamDrafter drafter : drafters.values()) {
            drafter.rewritten(agreeing);
        }
        tokens = Arrays.copyOf(prompt, prompt.length + 64);
        length = prompt.length;
        cut = false;
        return Math.min(agreeing, most);
    }

    private int commonPrefix(int[] prompt, int limit) {
        int mismatch = Arrays.mismatch(tokens, 0, limit, prompt, 0, limit);
        return mismatch < 0 ? limit : mismatch;
    }

    /** The saved KV state, or null, and how many of the history's first tokens it holds. */
    @Nullable
    ByteBuffer swapped() {
        return swapped;
    }

    int swappedTokens() {
        return swappedTokens;
    }

    /** How many of the swapped-out tokens still agree with the history. */
    int standing() {
        return swappedStanding;
    }

    void setStanding(int count) {
        swappedStanding = count;
    }

    void setSwapped(@Nullable ByteBuffer state, int count) {
        swapped = state;
        swappedTokens = count;
        swappedStanding = count;
    }

    CellLedger.Cells cells() {
        return cells;
    }

    /** Tokens of the history that are in the KV cache. */
    int committed() {
        return cells.length();
    }

    int sequence() {
        return sequence;
    }

    void setSequence(int value) {
        sequence = value;
    }

    /** Whether a turn of it is running, so that its cells are needed. */
    boolean isDecoding() {
        return decoding;
    }

    void setDecoding(boolean value) {
        decoding = value;
    }

    /** The pass that it was in last; the longest unused make way. */
    long lastUsed() {
        return lastUsed;
    }

    void usedIn(long pass) {
        lastUsed = pass;
    }

    /** The drafter of a kind; it may have to {@linkplain #catchUp catch up}. */
    StreamDrafter drafter(DrafterKind kind, DraftSource source) {
        StreamDrafter drafter = drafters.get(kind);
        if (drafter == null) {
            drafter = source.open();
            drafters.put(kind, drafter);
        }
        return drafter;
    }

    /** Has a drafter of its own read the history up to the last token. */
    void catchUp(StreamDrafter drafter) {
        drafter.read(tokens, length);
    }

    /** Gives up the drafters and what they learned. */
    void forgetLearned() {
        for (StreamDrafter drafter : drafters.values()) {
            TurnFault.quietly("closing a drafter", drafter::close);
        }
        drafters.clear();
    }

    /** The turn is over, one way or the other. One that gave no answer leaves the history as it was before. */
    void turnEnded(LocalTurn turn) {
        try {
            if (turn.answerTokens() > 0 || turn.finished() == FinishReason.STOP) {
                past = added.isEmpty() ? new Past(tokens, length, past.messages, past.rendered) : answered(turn);
            }
        } finally {
            renderedPrompt = null;
            added = List.of();
            drafters.values().forEach(StreamDrafter::rest);
            slot.free();
        }
    }

    /** The turn is over by a fault: its text may lack what its last tokens say, and what it learned is not trusted. */
    void turnFailed() {
        cut = true;
        forgetLearned();
    }

    private Past answered(LocalTurn turn) {
        List<ChatMessage> messages = new ArrayList<>(past.messages);
        messages.addAll(added);
        for (ChatMessage message : added) {
            count(message);
        }
        count(turn.answer());
        // An answer that continued the assistant's last message is the rest of it.
        boolean continued = messages.getLast().role().equals("assistant");
        String begun = continued ? messages.removeLast().content() : "";
        messages.add(turn.message(begun));
        String text = cut || renderedPrompt == null ? null : renderedPrompt + turn.answer();
        return new Past(tokens, length, List.copyOf(messages), text);
    }

    void forgetTexts() {
        textBytes = 0;
    }

    private void count(ChatMessage message) {
        count(message.content());
        if (!message.reasoning().isEmpty()) {
            count(message.reasoning());
        }
        for (ChatMessage.ToolCall call : message.calls()) {
            count(call.arguments());
        }
    }

    private void count(String text) {
        for (int i = 0; i < text.length() && !wide; i++) {
            wide = text.charAt(i) > 0xFF;
        }
        textBytes += MESSAGE_BYTES + text.length();
    }

    // --- what it may share, and what it holds; on the engine thread

    /** Its history is shared among no more than these from now on: it may hold what is nobody else's business. */
    void shareAtMost(PrefixSharing most) {
        sharing = sharing.atMost(most);
    }

    /** Whether what is computed of the one's history may serve the other. */
    boolean mayShareWith(LocalSession other) {
        return switch (sharing.atMost(other.sharing)) {
            case NONE -> false;
            case CALLER -> caller.equals(other.caller);
            case ALL -> true;
        };
    }

    /** So many of its first cells were computed for another caller. */
    void setForeign(int cellsOfOthers) {
        foreign = cellsOfOthers;
    }

    /** Those of its cells that were computed for another caller since it was asked last. */
    int takeForeign() {
        int count = foreign;
        foreign = 0;
        return count;
    }

    /** The heap that it holds, what was learned included: an estimate, in bytes. */
    long heldBytes() {
        String rendered = past.rendered;
        long texts = textBytes + (rendered == null ? 0 : rendered.length());
        long history =
                Integer.BYTES * (long) (past.tokens == tokens ? tokens.length : tokens.length + past.tokens.length);
        return OWN_BYTES + history + cells.bytes() + (wide ? 2 : 1) * texts + learnedBytes();
    }

    /** Of that, what its drafters learned. */
    long learnedBytes() {
        long bytes = 0;
        for (StreamDrafter drafter : drafters.values()) {
            bytes += drafter.bytes();
        }
        return bytes;
    }

    /** What the account says that it holds. */
    long accountedBytes() {
        return accounted;
    }

    /** What the account says that it could give up. */
    long givesUpBytes() {
        return givesUp;
    }

    void account(long holds, long couldGiveUp) {
        accounted = holds;
        givesUp = couldGiveUp;
    }

    boolean isClosed() {
        return slot.isClosed();
    }

    static int randomSeed(SplittableRandom random) {
        return random.nextInt() & Integer.MAX_VALUE;
    }
}
