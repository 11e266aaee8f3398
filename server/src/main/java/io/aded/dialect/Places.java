package io.aded.dialect;

import io.aded.model.JsonValues;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where in a rendered call its parts stand: places in UTF-16 units. */
sealed interface Places {
    /** Objects that are read to find a call's: each takes as many steps as it is long. */
    int MOST_BRACES = 512;

    /** Where the body of the call starts. */
    int start();

    /** Where it ends, exclusive. */
    int end();

    /**
     * One JSON object with the name and the arguments.
     *
     * @param nameKey the member that is the name
     * @param argumentsKey the member that is the arguments
     */
    record Json(int start, int end, String name, String nameKey, String argumentsKey) implements Places {
        /** What stands around name and arguments; null if the arguments come first. */
        CallForm.@Nullable Body body(String text, String id) {
            int nameAt = text.indexOf(name, start);
            int key = text.indexOf('"' + argumentsKey + '"', start);
            int arguments = text.indexOf('{', key);
            if (key < nameAt || arguments < 0) {
                return null;
            }
            int argumentsEnd = JsonScan.end(text, arguments);
            return new CallForm.JsonBody(
                    nameKey,
                    argumentsKey,
                    text.substring(start, nameAt).replace(id, CallForm.ID),
                    text.substring(nameAt + name.length(), arguments).replace(id, CallForm.ID),
                    text.substring(argumentsEnd, end).replace(id, CallForm.ID));
        }
    }

    /** The name, and behind it the arguments as a JSON object. */
    record Named(int start, int nameEnd, int json, int end) implements Places {}

    /** The name, and behind it each argument by itself. */
    record Keyed(int start, int nameEnd, int key, int value, int end) implements Places {}

    static @Nullable Places find(String text, String name, String key, String value) {
        return findAfter(text, 0, name, key, value);
    }

    static @Nullable Places findAfter(String text, int from, String name, String key, String value) {
        int at = text.indexOf(name, from);
        if (at < 0) {
            return null;
        }
        int tries = 0;
        for (int brace = text.indexOf('{', from);
                brace >= 0 && brace < at && tries < MOST_BRACES;
                brace = text.indexOf('{', brace + 1), tries++) {
            int end = JsonScan.end(text, brace);
            Map<String, @Nullable Object> members = end < 0 ? null : JsonValues.object(text.substring(brace, end));
            if (members == null) {
                continue;
            }
            String nameKey = null;
            String argumentsKey = null;
            for (Map.Entry<String, @Nullable Object> member : members.entrySet()) {
                if (name.equals(member.getValue())) {
                    nameKey = member.getKey();
                } else if (member.getValue() instanceof Map<?, ?> map && value.equals(map.get(key))) {
                    argumentsKey = member.getKey();
                }
            }
            if (nameKey != null && argumentsKey != null) {
                return new Json(brace, end, name, nameKey, argumentsKey);
            }
        }
        // The name may stand in front of the call once more, such as in an id: the last before the arguments counts.
        int keyAt = text.indexOf(key, at + name.length());
        int valueAt = keyAt < 0 ? -1 : text.indexOf(value, keyAt + key.length());
        if (valueAt < 0) {
            return null;
        }
        int brace = text.lastIndexOf('{', keyAt);
        if (brace > at) {
            int end = JsonScan.end(text, brace);
            Map<String, @Nullable Object> members = end < 0 ? null : JsonValues.object(text.substring(brace, end));
            if (members != null && value.equals(members.get(key))) {
                return new Named(at, at + name.length(), brace, end);
            }
        }
        return new Keyed(at, at + name.length(), keyAt, valueAt, valueAt + value.length());
    }
}
