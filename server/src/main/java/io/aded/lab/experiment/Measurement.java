package io.aded.lab.experiment;

import io.aded.lab.prompts.Scenario;

/**
 * One answer of one mode.
 *
 * @param scenario what was asked
 * @param scenarioIndex its place among the chosen scenarios
 * @param turn which of its turns, from 0
 * @param repeat from 0
 * @param mode who answered
 * @param place how many modes had answered this prompt before in this repeat
 * @param answer what came
 */
record Measurement(
        Scenario scenario, int scenarioIndex, int turn, int repeat, ModeSpec mode, int place, Answer answer) {}
