package io.aded.draft;

/** Who guessed a node of a draft, as the API and traces spell it; rules that are none of these go by their own name. */
public final class NodeSource {
    /** What was learned of the text until now. */
    public static final String TABLE = "table";

    /** The draft model. */
    public static final String MODEL = "model";

    /** Table and draft model agree. */
    public static final String BOTH = "both";

    /** A grammar leaves no other continuation. */
    public static final String GRAMMAR = "grammar";

    private NodeSource() {}
}
