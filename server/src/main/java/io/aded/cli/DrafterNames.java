package io.aded.cli;

import io.aded.draft.catalogue.Drafters;
import java.util.Iterator;
import java.util.ListResourceBundle;

/** What the catalogue of drafters has to say to users: names to complete, and text for {@code ${bundle:drafters}}. */
final class DrafterNames implements Iterable<String> {

    @Override
    public Iterator<String> iterator() {
        return Drafters.labels().iterator();
    }

    /** Texts that options' descriptions refer to. */
    static final class Texts extends ListResourceBundle {
        @Override
        protected Object[][] getContents() {
            return new Object[][] {{"drafters", Drafters.explained()}};
        }
    }
}
