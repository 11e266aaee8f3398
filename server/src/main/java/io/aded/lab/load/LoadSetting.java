package io.aded.lab.load;

/**
 * What a run was, in words and numbers, for its reports.
 *
 * @param load how calls arrived
 * @param prompts where they came from
 * @param answers how long they were to be, and how drawn
 * @param measured how much of it
 * @param bounds of the run
 */
public record LoadSetting(String load, String prompts, String answers, String measured, LoadBounds bounds) {}
