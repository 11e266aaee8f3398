package io.aded.template;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JinjaTemplateTest {
    @Test
    void now_formatOfTemplates_isADate() {
        assertThat(JinjaTemplate.now("%d %b %Y")).matches("\\d\\d [A-Z][a-z]{2} \\d{4}");
        assertThat(JinjaTemplate.now("Today is %Y-%m-%d'")).matches("Today is \\d{4}-\\d\\d-\\d\\d'");
    }
}
