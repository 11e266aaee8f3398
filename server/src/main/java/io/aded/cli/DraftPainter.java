package io.aded.cli;

import java.io.PrintStream;

/**
 * Prints an answer so that one sees what the draft got right. A round's text is held until its report has come, which
 * says which part of it was guessed.
 */
final class DraftPainter implements ChatBackend.Listener {
    private static final String GREEN = "\u001b[32m";
    private static final String PLAIN = "\u001b[0m";

    private final PrintStream out;
    private final boolean colour;
    private final StringBuilder held = new StringBuilder();

    DraftPainter(PrintStream out, boolean colour) {
        this.out = out;
        this.colour = colour;
    }

    static String legend(boolean colour) {
        return "What the draft guessed is " + (colour ? GREEN + "green" + PLAIN : "in [brackets]") + ".";
    }

    @Override
    public void onText(String text) {
        held.append(text);
    }

    @Override
    public void onRound(String drafted, int accepted, int draftNodes, int emitted) {
        // Text may be held back while it could become a stop string or half a character; then it comes with a later
        // round, and only what can be found is marked.
        int at = accepted == 0 || drafted.isEmpty() ? -1 : held.indexOf(drafted);
        if (at < 0) {
            out.print(Terminal.shown(held.toString()));
        } else {
            int end = at + drafted.length();
            out.print(Terminal.shown(held.substring(0, at))
                    + (colour ? GREEN : "[")
                    + Terminal.shown(held.substring(at, end))
                    + (colour ? PLAIN : "]")
                    + Terminal.shown(held.substring(end)));
        }
        held.setLength(0);
        out.flush();
    }

    /** Prints what no report came for. */
    void finish() {
        out.print(Terminal.shown(held.toString()));
        held.setLength(0);
        out.flush();
    }
}
