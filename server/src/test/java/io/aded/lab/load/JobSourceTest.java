package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.lab.prompts.Scenario;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobSourceTest {
    private static final List<Scenario> SCENARIOS =
            List.of(new Scenario("a", "t", "c", List.of("a1", "a2")), new Scenario("b", "t", "c", List.of("b1")));

    private static List<String> texts(Job job) {
        return job.turns().stream().map(Job.Question::text).toList();
    }

    @Test
    void job_sameNumber_isTheSameWheneverItIsAsked() {
        JobSource source = JobSource.synthetic(Length.parse("uniform:5-50"), Length.parse("exponential:64"), 2, 9);
        Job later = source.job(41);
        source.job(3);

        assertThat(source.job(41)).isEqualTo(later);
        assertThat(source.job(42)).isNotEqualTo(later);
        assertThat(JobSource.synthetic(Length.parse("uniform:5-50"), Length.parse("exponential:64"), 2, 10)
                        .job(41))
                .isNotEqualTo(later);
    }

    @Test
    void job_synthetic_hasAboutAsManyTokensAsWords() {
        Job job = JobSource.synthetic(new Length.Fixed(40), new Length.Fixed(7), 1, 1)
                .job(0);
        assertThat(texts(job).getFirst().split(" ")).hasSize(40);
        assertThat(job.turns().getFirst().maxTokens()).isEqualTo(7);
    }

    @Test
    void job_scenarioWithTooFewTurns_goesOnWithTheNext() {
        JobSource source = JobSource.ofScenarios(SCENARIOS, new Length.Fixed(1), 3, 1);
        assertThat(texts(source.job(0))).containsExactly("a1", "a2", "b1");
        assertThat(texts(source.job(1))).containsExactly("b1", "a1", "a2");
        assertThat(texts(source.job(2))).isEqualTo(texts(source.job(0)));
    }
}
