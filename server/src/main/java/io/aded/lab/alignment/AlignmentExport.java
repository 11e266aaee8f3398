package io.aded.lab.alignment;

import io.aded.draft.table.BaseTable;
import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.lab.recording.Recording;
import io.aded.lab.report.Progress;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ModelInfo;
import io.aded.model.TargetModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a draft model is aligned by: the target's own answers, as Goel et al. do (arXiv 2403.00858), instead of
 * text that others wrote.
 *
 * <p>The first sample of each prompt is greedy, further ones are drawn at a temperature; of held-out prompts there is
 * the greedy one only, since that is what block efficiency is measured on.
 */
public final class AlignmentExport implements AutoCloseable {
    private static final float CERTAIN = 1f;

    private final AlignmentFolder folder;
    private final AlignmentFacts facts;
    private final @Nullable DraftReader drafter;
    private int leftOut;

    /**
     * What came of it.
     *
     * @param answers in the folder
     * @param heldOut of them that no training may see
     * @param tokens of all answers
     * @param leftOut prompts that do not fit into the context beside an answer, or that were not answered at all
     */
    public record Outcome(int answers, int heldOut, long tokens, int leftOut) {}

    /**
     * Opens the folder.
     *
     * @param facts what the answers will be; an export that was begun must have been begun with the same
     * @param drafter whose guesses are to be written beside the answers, with the size of its context; null for none
     * @throws AdedException.InvalidRequest if it was begun with other settings, or the drafter has another vocabulary
     * @throws AdedException.FailedPrecondition if another process writes there
     * @throws AdedException.InvalidArtifact if what is there is damaged
     */
    public AlignmentExport(
            Path folder, AlignmentFacts facts, @Nullable TargetModel drafter, ContextParameters context) {
        this.facts = facts;
        if (drafter != null) {
            requireVocabulary(facts.target(), drafter, String.valueOf(facts.draft()));
        }
        this.folder = AlignmentFolder.append(folder, facts);
        try {
            this.drafter = drafter == null ? null : new DraftReader(drafter, context);
        } catch (RuntimeException e) {
            this.folder.close();
            throw e;
        }
    }

    /** What a target is, for {@link AlignmentFacts}. */
    public static AlignmentFacts.Target describe(String name, TargetModel target) {
        ModelInfo info = target.info();
        return new AlignmentFacts.Target(
                name,
                info.quantization(),
                info.parameters(),
                info.library(),
                info.trainedContext(),
                info.vocabularySize(),
                BaseTable.fingerprint(target.vocabulary()));
    }

    /** Refuses a draft model whose tokens are not the target's. */
    static void requireVocabulary(AlignmentFacts.Target target, TargetModel draft, String name) {
        long fingerprint = BaseTable.fingerprint(draft.vocabulary());
        if (fingerprint != target.fingerprint()) {
            throw new AdedException.InvalidRequest(
                    "draft",
                    String.format(
                            Locale.ROOT,
                            "is %s, whose vocabulary (%d tokens, fingerprint %016x) is not that of %s (%d tokens,"
                                    + " fingerprint %016x); allowed: a model with the same tokens",
                            name,
                            draft.info().vocabularySize(),
                            fingerprint,
                            target.name(),
                            target.vocabularySize(),
                            target.fingerprint()));
        }
    }

    /**
     * Plays the first turns of scenarios through the target, those that are in the folder already left out.
     *
     * @param target stays the caller's
     * @param context cells for all answers at once
     * @param parallel answers at once
     */
    public Outcome play(
            TargetModel target, ContextParameters context, int parallel, List<Scenario> scenarios, Progress progress) {
        try (AnswerPlayer player = new AnswerPlayer(target, context, parallel, facts.maxTokens(), facts.loops())) {
            List<AnswerPlayer.Job> jobs = new ArrayList<>();
            int total = 0;
            // The greedy answers of all prompts come first: an export that is stopped early has all of them.
            for (int sample = 0; sample < facts.samples(); sample++) {
                for (Scenario scenario : scenarios) {
                    int[] prompt = PromptTokens.ofFirstTurn(target, scenario, facts.raw());
                    if (!player.fits(prompt)) {
                        leftOut += sample == 0 ? 1 : 0;
                        continue;
                    }
                    if (sample > 0 && AlignedAnswer.isHeldOut(prompt, facts.heldOut())) {
                        continue;
                    }
                    AlignedAnswer.Key key = new AlignedAnswer.Key(scenario.id(), scenario.task(), sample);
                    total++;
                    if (!folder.contains(key)) {
                        jobs.add(new AnswerPlayer.Job(
                                key,
                                prompt,
                                sample == 0 ? 0f : (float) facts.temperature(),
                                facts.seed() + 31 * sample + key.id().hashCode()));
                    }
                }
            }
            int all = total;
            int[] done = {total - jobs.size()};
            progress.at(done[0], all, "prompts");
            player.play(jobs, answer -> {
                add(answer);
                progress.at(++done[0], all, answer.key().id());
            });
        }
        return outcome();
    }

    /**
     * Takes answers over from recordings, by the file's name as their task.
     *
     * @param recordings of the target, see {@link io.aded.lab.recording.Recordings}
     * @throws AdedException.InvalidArtifact if a token is none of the target's
     */
    public Outcome take(Map<String, Recording> recordings, Progress progress) {
        int total = recordings.values().stream()
                .mapToInt(set -> set.answers().size())
                .sum();
        int done = 0;
        for (Map.Entry<String, Recording> set : recordings.entrySet()) {
            for (RecordedAnswer answer : set.getValue().answers()) {
                progress.at(done++, total, set.getKey() + " " + answer.id());
                AlignedAnswer.Key key = new AlignedAnswer.Key(set.getKey() + "/" + answer.id(), set.getKey(), 0);
                if (!folder.contains(key)) {
                    requireTokens(set.getKey(), answer);
                    RecordedAnswer kept = facts.loops() ? answer : answer.withoutLoop();
                    add(new AlignedAnswer(key, 0f, false, kept, AlignedAnswer.notAsked(kept.answer().length)));
                }
            }
        }
        progress.at(total, total, "done");
        return outcome();
    }

    private void requireTokens(String set, RecordedAnswer answer) {
        for (int[] tokens : List.of(answer.prompt(), answer.answer(), answer.topTokens())) {
            for (int token : tokens) {
                if (token < 0 || token >= facts.target().vocabularySize()) {
                    throw new AdedException.InvalidArtifact(
                            "RECORDING_FOREIGN",
                            "the recording " + set + " has the token " + token + "; "
                                    + facts.target().name() + " knows those below "
                                    + facts.target().vocabularySize());
                }
            }
        }
        for (float probability : answer.topProbabilities()) {
            if (!(probability >= 0 && probability <= CERTAIN)) {
                throw new AdedException.InvalidArtifact(
                        "RECORDING_INVALID", "the recording " + set + " has the probability " + probability);
            }
        }
    }

    private void add(AlignedAnswer answer) {
        if (answer.said().answer().length == 0) {
            leftOut++;
            return;
        }
        folder.add(
                drafter == null
                        ? answer
                        : answer.withGuesses(drafter.read(answer.said()).guesses()));
    }

    private Outcome outcome() {
        return new Outcome(folder.size(), folder.heldOut(), folder.tokens(), leftOut);
    }

    @Override
    public void close() {
        try {
            if (drafter != null) {
                drafter.close();
            }
        } finally {
            folder.close();
        }
    }
}
