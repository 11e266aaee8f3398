package io.aded.lab.policy;

import io.aded.draft.select.DrafterChoice;
import io.aded.lab.report.Figures;
import io.aded.lab.report.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a choice is worth on prompts that it has not seen: each is chosen for by what the other parts taught.
 *
 * <p>Speeds are plain decoding's time for a group's answers over the time by what was played, so that long answers
 * count more, as they do for whoever waits for them.
 *
 * @param folds parts that the prompts were split into
 * @param groups all prompts first, then each group by its name
 * @param confusion prompts by the arm that was the fastest (rows) and the arm that was chosen (columns), both in the
 *     order of {@link DrafterChoice#arms}
 */
record HeldOut(int folds, List<Group> groups, int[][] confusion) {
    private static final int DECIMALS = 3;

    /**
     * Prompts that are reported together.
     *
     * @param name of the group
     * @param prompts their number
     * @param chosen speed over plain decoding by the arms that were chosen
     * @param single the arm that was the fastest for the group, known afterwards
     * @param singleSpeed that arm's speed, played for every prompt
     * @param oracle the speed where every prompt has its own fastest arm
     */
    record Group(String name, int prompts, double chosen, String single, double singleSpeed, double oracle) {}

    /** For people: the table, and which arm was chosen where which was the best. */
    String text() {
        TextTable table = new TextTable(
                "group", "prompts", "chosen", "best single arm", "its speed", "oracle", "chosen ÷ single");
        for (Group group : groups) {
            table.row(
                    group.name,
                    String.format(Locale.ROOT, "%,d", group.prompts),
                    Figures.number(group.chosen, 2),
                    group.single,
                    Figures.number(group.singleSpeed, 2),
                    Figures.number(group.oracle, 2),
                    Figures.number(group.chosen / group.singleSpeed, DECIMALS));
        }
        List<String> header = new ArrayList<>(List.of("fastest arm"));
        DrafterChoice.arms().forEach(arm -> header.add("chosen: " + arm));
        TextTable chosen = new TextTable(header.toArray(String[]::new));
        for (int best = 0; best < confusion.length; best++) {
            List<String> cells = new ArrayList<>(List.of(DrafterChoice.arms().get(best)));
            for (int count : confusion[best]) {
                cells.add(String.format(Locale.ROOT, "%,d", count));
            }
            chosen.row(cells.toArray(String[]::new));
        }
        return "Speed over plain decoding, each prompt chosen for by what the other " + (folds - 1) + " of " + folds
                + " parts taught:\n\n" + table.render() + "\nPrompts:\n\n" + chosen.render();
    }

    /** In one line, for the file of a choice. */
    String json() {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("folds", folds);
        ArrayNode list = root.putArray("groups");
        for (Group group : groups) {
            ObjectNode node = list.addObject();
            node.put("group", group.name);
            node.put("prompts", group.prompts);
            node.put("chosen", group.chosen);
            node.put("single", group.single);
            node.put("single_speed", group.singleSpeed);
            node.put("oracle", group.oracle);
        }
        ArrayNode rows = root.putArray("confusion");
        for (int[] row : confusion) {
            ArrayNode counts = rows.addArray();
            for (int count : row) {
                counts.add(count);
            }
        }
        return root.toString();
    }

    /** Reads what {@link #json} wrote; null if it is nothing of the kind. */
    static @Nullable HeldOut parse(String json) {
        try {
            JsonNode root = JsonMapper.shared().readTree(json);
            List<Group> groups = new ArrayList<>();
            for (JsonNode node : root.path("groups")) {
                groups.add(new Group(
                        node.path("group").asString(""),
                        node.path("prompts").asInt(0),
                        node.path("chosen").asDouble(Double.NaN),
                        node.path("single").asString(""),
                        node.path("single_speed").asDouble(Double.NaN),
                        node.path("oracle").asDouble(Double.NaN)));
            }
            int arms = DrafterChoice.arms().size();
            JsonNode rows = root.path("confusion");
            if (groups.isEmpty() || rows.size() != arms) {
                return null;
            }
            int[][] confusion = new int[arms][arms];
            for (int best = 0; best < arms; best++) {
                for (int chosen = 0; chosen < arms; chosen++) {
                    confusion[best][chosen] = rows.path(best).path(chosen).asInt(0);
                }
            }
            return new HeldOut(root.path("folds").asInt(0), List.copyOf(groups), confusion);
        } catch (JacksonException e) {
            return null;
        }
    }
}
