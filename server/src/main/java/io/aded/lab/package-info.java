/**
 * Measuring: experiments that compare ways of drafting, loads of many callers, recorded answers and what can be told
 * from them without a model. A library as the rest of the house: it prints reports where it is told to and knows no
 * command line.
 */
@NullMarked
package io.aded.lab;

import org.jspecify.annotations.NullMarked;
