package io.aded.dialect;

/** Finds where a JSON object ends while it is being written; each character is looked at once. */
final class JsonCursor {
    private int depth;
    private boolean string;
    private boolean escaped;

    /** In an object of which so many are open. */
    JsonCursor(int depth) {
        this.depth = depth;
    }

    /** Reads on; returns where the outermost object ends, exclusive, or -1 if it does not yet. */
    int read(CharSequence text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (string) {
                if (escaped) {
                    escaped = false;
                } else if (c == '\\') {
                    escaped = true;
                } else if (c == '"') {
                    string = false;
                }
            } else if (c == '"') {
                string = true;
            } else if (c == '{' || c == '[') {
                depth++;
            } else if ((c == '}' || c == ']') && --depth <= 0) {
                return i + 1;
            }
        }
        return -1;
    }
}
