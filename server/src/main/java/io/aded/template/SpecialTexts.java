package io.aded.template;

/**
 * The texts of the tokens that templates name.
 *
 * @param beginning of the beginning-of-sequence token; empty if there is none
 * @param end of the end-of-sequence token; empty if there is none
 * @param addsBeginning whether the tokeniser puts the beginning in front by itself
 */
public record SpecialTexts(String beginning, String end, boolean addsBeginning) {}
