package io.aded.cli;

import io.aded.draft.catalogue.Drafters;
import java.util.Iterator;
import java.util.ListResourceBundle;

/** What the catalogue of drafters tells users: names to complete, and text for {@code ${bundle:every.drafter}}. */
final class DrafterNames implements Iterable<String> {

    @Override
    public Iterator<String> iterator() {
        return Drafters.labels().iterator();
    }

    /** Texts that options' descriptions refer to. One of an option's name would stand in its description's place. */
    static final class Texts extends ListResourceBundle {
        @Override
        protected Object[][] getContents() {
            return new Object[][] {{"every.drafter", Drafters.explained()}};
        }
    }
}
