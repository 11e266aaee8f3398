package io.aded.host;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.engine.AnswerRecorder;
import io.aded.engine.DraftPolicy;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.aded.store.ProcessEnvironment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a process with a model in it is told.
 *
 * @param model which model, by which library
 * @param context the KV cache, and how many share it
 * @param draft how tokens are guessed where a call does not say
 * @param draftTable a base table that drafters start from; null for none
 * @param draftModel a model that drafts; null for none
 * @param sampling how tokens are drawn where a call does not say
 * @param server what listens in front; of no account to who only wants the model
 * @param safeguards what keeps callers from each other, and the process from hanging
 * @param environment where caches and installed libraries lie
 * @param recorder opens what keeps the answers of turns that allow it; null for nothing
 */
public record HostConfiguration(
        ModelConfiguration model,
        ContextConfiguration context,
        DraftPolicy draft,
        @Nullable Path draftTable,
        @Nullable DraftModelConfiguration draftModel,
        SamplingParameters sampling,
        ServerConfiguration server,
        Safeguards safeguards,
        ProcessEnvironment environment,
        AnswerRecorder.@Nullable Opener recorder) {
    /** The catalogue's small chat model, what drafting pays, on the loopback interface at port 50051. */
    public static final HostConfiguration DEFAULT = new HostConfiguration(
            ModelConfiguration.DEFAULT,
            ContextConfiguration.DEFAULT,
            DraftPolicy.AUTO,
            null,
            null,
            SamplingParameters.DEFAULT,
            ServerConfiguration.DEFAULT,
            Safeguards.DEFAULT,
            ProcessEnvironment.ofProcess(),
            null);

    /**
     * Checks what is not checked by its own record.
     *
     * @throws AdedException.InvalidRequest naming all that is wrong
     */
    public HostConfiguration {
        List<FieldViolation> wrong = new ArrayList<>(draft.violations("draft."));
        if (draft.mode().needsModel() && draftModel == null) {
            wrong.add(new FieldViolation("draft", "is " + draft.mode().label() + ", which " + DrafterKind.NO_MODEL));
        }
        if (draft.allowsTraining()) {
            wrong.add(new FieldViolation("draft.allow_training", "is a caller's to set, and no server's"));
        }
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
    }

    /** The same with another model. */
    public HostConfiguration withModel(ModelConfiguration value) {
        return new HostConfiguration(
                value, context, draft, draftTable, draftModel, sampling, server, safeguards, environment, recorder);
    }

    /** The same with another context. */
    public HostConfiguration withContext(ContextConfiguration value) {
        return new HostConfiguration(
                model, value, draft, draftTable, draftModel, sampling, server, safeguards, environment, recorder);
    }

    /** The same with another way of drafting; a null table is none. */
    public HostConfiguration withDraft(DraftPolicy policy, @Nullable Path table) {
        return new HostConfiguration(
                model, context, policy, table, draftModel, sampling, server, safeguards, environment, recorder);
    }

    /** The same with a model that drafts; null for none. */
    public HostConfiguration withDraftModel(@Nullable DraftModelConfiguration value) {
        return new HostConfiguration(
                model, context, draft, draftTable, value, sampling, server, safeguards, environment, recorder);
    }

    /** The same with another way of drawing tokens. */
    public HostConfiguration withSampling(SamplingParameters value) {
        return new HostConfiguration(
                model, context, draft, draftTable, draftModel, value, server, safeguards, environment, recorder);
    }

    /** The same with another server. */
    public HostConfiguration withServer(ServerConfiguration value) {
        return new HostConfiguration(
                model, context, draft, draftTable, draftModel, sampling, value, safeguards, environment, recorder);
    }

    /** The same with other safeguards. */
    public HostConfiguration withSafeguards(Safeguards value) {
        return new HostConfiguration(
                model, context, draft, draftTable, draftModel, sampling, server, value, environment, recorder);
    }

    /** The same in another environment. */
    public HostConfiguration withEnvironment(ProcessEnvironment value) {
        return new HostConfiguration(
                model, context, draft, draftTable, draftModel, sampling, server, safeguards, value, recorder);
    }

    /** The same, keeping the answers of turns that allow it; null keeps none. */
    public HostConfiguration withRecorder(AnswerRecorder.@Nullable Opener opener) {
        return new HostConfiguration(
                model, context, draft, draftTable, draftModel, sampling, server, safeguards, environment, opener);
    }
}
