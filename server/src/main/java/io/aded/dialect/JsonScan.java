package io.aded.dialect;

/** Finds where JSON values end, without reading what they mean. */
final class JsonScan {
    private JsonScan() {}

    /** Where the object that starts at a place ends, exclusive; -1 if it does not. */
    static int end(CharSequence text, int start) {
        int depth = 0;
        boolean string = false;
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            if (string) {
                if (c == '\\') {
                    i++;
                } else if (c == '"') {
                    string = false;
                }
            } else if (c == '"') {
                string = true;
            } else if (c == '{' || c == '[') {
                depth++;
            } else if ((c == '}' || c == ']') && --depth == 0) {
                return i + 1;
            }
        }
        return -1;
    }
}
