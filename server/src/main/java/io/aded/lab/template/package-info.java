/**
 * Holds our rendering of chat templates against another implementation's, template by template and conversation by
 * conversation. The references are made on the spot by a script ({@code bench/templates}); here they are only compared.
 */
@NullMarked
package io.aded.lab.template;

import org.jspecify.annotations.NullMarked;
