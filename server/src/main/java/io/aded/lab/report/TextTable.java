package io.aded.lab.report;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in aligned columns, the first to the left, the others to the right. */
public final class TextTable {
    private static final String GAP = "  ";

    private final List<String[]> rows = new ArrayList<>();
    private final int columns;

    /** Begins with the header. */
    public TextTable(String... header) {
        columns = header.length;
        rows.add(shown(header));
    }

    /** Adds a row with as many cells as the header has. */
    public TextTable row(String... cells) {
        if (cells.length != columns) {
            throw new IllegalArgumentException(cells.length + " cells in a table of " + columns + " columns");
        }
        rows.add(shown(cells));
        return this;
    }

    /** Names of files, prompts and models stand in cells; they are as wide as they are shown. */
    private static String[] shown(String[] cells) {
        String[] shown = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            shown[i] = Figures.shown(cells[i]);
        }
        return shown;
    }

    /** The table with a rule below the header; every line ends with a line feed and none with blanks. */
    public String render() {
        int[] widths = new int[columns];
        for (String[] row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], width(row[i]));
            }
        }
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            line(text, rows.get(r), widths);
            if (r == 0) {
                int total = GAP.length() * (columns - 1);
                for (int width : widths) {
                    total += width;
                }
                text.append("─".repeat(total)).append('\n');
            }
        }
        return text.toString();
    }

    private void line(StringBuilder text, String[] row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < columns; i++) {
            String pad = " ".repeat(widths[i] - width(row[i]));
            line.append(i == 0 ? row[i] + pad : GAP + pad + row[i]);
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
