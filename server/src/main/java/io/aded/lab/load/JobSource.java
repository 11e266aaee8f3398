package io.aded.lab.load;

import io.aded.lab.prompts.Scenario;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Makes jobs out of a seed. A job is a function of the seed and its number, whoever asks for it and when. */
public final class JobSource {
    /** Common words, most of them one token of any vocabulary that was learned from English. */
    private static final String[] WORDS = ("the of and to in is that it was for on are with as his they be at one have"
        + " this from by hot but some what there we can out other were all your when up use word how said an each she"
        + " which do their time if will way about many then them would write like so these her long make thing see him"
        + " two has look more day could go come did my sound no most number who over know water than call first people"
        + " may down side been now find any new work part take get place made")
            .split(" ");

    private final List<Scenario> scenarios;
    private final Length promptLength;
    private final Length answerLength;
    private final int turns;
    private final long seed;

    private JobSource(List<Scenario> scenarios, Length promptLength, Length answerLength, int turns, long seed) {
        this.scenarios = List.copyOf(scenarios);
        this.promptLength = promptLength;
        this.answerLength = answerLength;
        this.turns = turns;
        this.seed = seed;
    }

    /** Asks what scenarios say, in their order, over and over; a scenario with too few turns goes on with the next. */
    public static JobSource ofScenarios(List<Scenario> scenarios, Length answerLength, int turns, long seed) {
        return new JobSource(scenarios, new Length.Fixed(1), answerLength, turns, seed);
    }

    /** Asks made-up prompts of common words. */
    public static JobSource synthetic(Length promptLength, Length answerLength, int turns, long seed) {
        return new JobSource(List.of(), promptLength, answerLength, turns, seed);
    }

    /** Common words drawn at random, about as many tokens as words. */
    public static String words(int count, SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
        }
        return text.toString();
    }

    Job job(int number) {
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number);
        List<Job.Question> questions = new ArrayList<>();
        int scenario = number;
        int turn = 0;
        while (questions.size() < turns) {
            String text;
            if (scenarios.isEmpty()) {
                text = words(promptLength.draw(random), random);
            } else {
                List<String> said =
                        scenarios.get(Math.floorMod(scenario, scenarios.size())).turns();
                text = said.get(turn++);
                if (turn == said.size()) {
                    scenario++;
                    turn = 0;
                }
            }
            questions.add(new Job.Question(text, answerLength.draw(random), random.nextInt() & 0x7fffffff));
        }
        return new Job(number, questions);
    }
}
