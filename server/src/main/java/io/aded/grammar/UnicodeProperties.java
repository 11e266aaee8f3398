package io.aded.grammar;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The characters of a Unicode property, as ECMAScript's {@code \p{…}} names it. Found out once each. */
final class UnicodeProperties {
    /** The general categories by their values in {@link Character}; the first letter of a short name is its group. */
    private static final String[][] CATEGORIES = {
        {"Cn", "Unassigned"},
        {"Lu", "Uppercase_Letter"},
        {"Ll", "Lowercase_Letter"},
        {"Lt", "Titlecase_Letter"},
        {"Lm", "Modifier_Letter"},
        {"Lo", "Other_Letter"},
        {"Mn", "Nonspacing_Mark"},
        {"Me", "Enclosing_Mark"},
        {"Mc", "Spacing_Mark"},
        {"Nd", "Decimal_Number"},
        {"Nl", "Letter_Number"},
        {"No", "Other_Number"},
        {"Zs", "Space_Separator"},
        {"Zl", "Line_Separator"},
        {"Zp", "Paragraph_Separator"},
        {"Cc", "Control"},
        {"Cf", "Format"},
        {"", ""},
        {"Co", "Private_Use"},
        {"Cs", "Surrogate"},
        {"Pd", "Dash_Punctuation"},
        {"Ps", "Open_Punctuation"},
        {"Pe", "Close_Punctuation"},
        {"Pc", "Connector_Punctuation"},
        {"Po", "Other_Punctuation"},
        {"Sm", "Math_Symbol"},
        {"Sc", "Currency_Symbol"},
        {"Sk", "Modifier_Symbol"},
        {"So", "Other_Symbol"},
        {"Pi", "Initial_Punctuation"},
        {"Pf", "Final_Punctuation"}
    };

    private static final Map<String, String> GROUPS = Map.of(
            "Letter",
            "L",
            "Mark",
            "M",
            "Number",
            "N",
            "Separator",
            "Z",
            "Other",
            "C",
            "Punctuation",
            "P",
            "Symbol",
            "S");

    private static final Map<String, IntPredicate> BINARY = Map.ofEntries(
            Map.entry("Any", _ -> true),
            Map.entry("ASCII", c -> c < 0x80),
            Map.entry("Alphabetic", Character::isAlphabetic),
            Map.entry("Lowercase", Character::isLowerCase),
            Map.entry("Uppercase", Character::isUpperCase),
            Map.entry("Emoji", Character::isEmoji),
            Map.entry("Emoji_Component", Character::isEmojiComponent),
            Map.entry("Emoji_Modifier", Character::isEmojiModifier),
            Map.entry("Emoji_Modifier_Base", Character::isEmojiModifierBase),
            Map.entry("Emoji_Presentation", Character::isEmojiPresentation),
            Map.entry("Extended_Pictographic", Character::isExtendedPictographic),
            Map.entry("Ideographic", Character::isIdeographic));

    /** By the property's own name: there are as many as Unicode has, whatever callers write. */
    private static final Map<String, int[]> KNOWN = new ConcurrentHashMap<>();

    private UnicodeProperties() {}

    /** The characters of a property; null if there is none of that name. */
    static @Nullable CharacterSet of(String written) {
        String name = written.replaceFirst("^(gc|General_Category)=", "");
        IntPredicate binary = BINARY.get(name);
        if (binary != null) {
            return set(name, binary);
        }
        String group = GROUPS.getOrDefault(name, name);
        if (group.length() == 1 && GROUPS.containsValue(group)) {
            return set(group, c -> CATEGORIES[Character.getType(c)][0].startsWith(group));
        }
        for (String[] category : CATEGORIES) {
            if (!name.isEmpty() && (category[0].equals(name) || category[1].equals(name))) {
                return set(category[0], c -> CATEGORIES[Character.getType(c)][0].equals(category[0]));
            }
        }
        try {
            Character.UnicodeScript script =
                    Character.UnicodeScript.forName(written.replaceFirst("^(sc|Script|scx|Script_Extensions)=", "")
                            .toUpperCase(Locale.ROOT));
            return set("Script=" + script, c -> Character.UnicodeScript.of(c) == script);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static CharacterSet set(String key, IntPredicate holds) {
        int[] ranges = KNOWN.get(key);
        if (ranges == null) {
            ranges = scan(holds).ranges();
            KNOWN.put(key, ranges);
        }
        CharacterSet set = new CharacterSet();
        for (int i = 0; i < ranges.length; i += 2) {
            set.add(ranges[i], ranges[i + 1]);
        }
        return set;
    }

    private static CharacterSet scan(IntPredicate holds) {
        CharacterSet set = new CharacterSet();
        int start = -1;
        for (int c = 0; c <= Character.MAX_CODE_POINT + 1; c++) {
            boolean in = c <= Character.MAX_CODE_POINT && holds.test(c);
            if (in && start < 0) {
                start = c;
            } else if (!in && start >= 0) {
                set.add(start, c - 1);
                start = -1;
            }
        }
        return set;
    }
}
