package io.aded.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TextTableTest {

    @Test
    void render_cellsOfDifferentWidth_alignsNamesLeftAndNumbersRight() {
        String text = new TextTable("mode", "tok/s", "×")
                .row("off", "9.5", "1.00")
                .row("prompt-lookup", "123.4", "–")
                .render();
        assertThat(text).isEqualTo("""
            mode           tok/s     ×
            ──────────────────────────
            off              9.5  1.00
            prompt-lookup  123.4     –
            """);
    }

    @Test
    void render_emptyLastCell_leavesNoBlanksAtTheEnd() {
        assertThat(new TextTable("a", "b").row("x", "").render()).isEqualTo("a  b\n────\nx\n");
    }

    @Test
    void row_wrongNumberOfCells_isRefused() {
        assertThatThrownBy(() -> new TextTable("a", "b").row("x")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void render_cellsWithCommandsOfATerminal_showsThem() {
        assertThat(new TextTable("a", "b").row("\u001b[2J", "x\ny").render())
                .isEqualTo("a            b\n──────────────\n\\u001b[2J  x y\n");
        assertThat(new Heading().fact("model", "t\u001b[31m\u0007").text())
                .isEqualTo("model     t\\u001b[31m\\u0007\n");
    }
}
