package io.aded.engine;

import io.aded.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The texts by which a tokeniser that is told to parse them knows control tokens, such as {@code <|im_end|>}, as a trie
 * over UTF-16 units. Finding one that starts at a given place takes as many steps as its text is long.
 */
final class ControlTexts {
    private final Node root = new Node();
    private int longest;

    private ControlTexts() {}

    private static final class Node {
        private final Map<Character, Node> next = new HashMap<>();
        private boolean ends;
    }

    /** Those of a vocabulary: the tokens that have a name but no text of their own. */
    static ControlTexts of(Vocabulary vocabulary) {
        ControlTexts texts = new ControlTexts();
        byte[] buffer = new byte[256];
        for (int token = 0; token < vocabulary.size(); token++) {
            if (!vocabulary.isControl(token)
                    && !vocabulary.endsGeneration(token)
                    && vocabulary.piece(token, buffer, false) != 0) {
                continue;
            }
            int length = vocabulary.piece(token, buffer, true);
            if (length < 0) {
                buffer = new byte[-length];
                length = vocabulary.piece(token, buffer, true);
            }
            texts.add(new String(buffer, 0, length, StandardCharsets.UTF_8));
        }
        return texts;
    }

    private void add(String text) {
        if (text.isEmpty()) {
            return;
        }
        Node node = root;
        for (int i = 0; i < text.length(); i++) {
            node = node.next.computeIfAbsent(text.charAt(i), _ -> new Node());
        }
        node.ends = true;
        longest = Math.max(longest, text.length());
    }

    /** Whether any of them overlaps the characters from {@code from} (inclusive) to {@code to} (exclusive). */
    boolean touch(String text, int from, int to) {
        for (int at = Math.max(0, from - longest + 1); at < to; at++) {
            if (longestAt(text, at) > from) {
                return true;
            }
        }
        return false;
    }

    /** How many there are from {@code from} (inclusive) to {@code to} (exclusive), the longest of each place taken. */
    int count(String text, int from, int to) {
        int count = 0;
        for (int at = from; at < to; ) {
            int end = longestAt(text, at);
            boolean there = end > at && end <= to;
            count += there ? 1 : 0;
            at = there ? end : at + 1;
        }
        return count;
    }

    /** Where the next one starts, at {@code from} or later; -1 if there is none. */
    int next(String text, int from) {
        for (int at = from; at < text.length(); at++) {
            if (longestAt(text, at) > at) {
                return at;
            }
        }
        return -1;
    }

    /** Where the longest one that starts here ends, exclusive; {@code at} if none does. */
    private int longestAt(String text, int at) {
        Node node = root;
        int end = at;
        for (int i = at; i < text.length(); i++) {
            node = node.next.get(text.charAt(i));
            if (node == null) {
                break;
            }
            if (node.ends) {
                end = i + 1;
            }
        }
        return end;
    }
}
