package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CellLedgerTest {

    @Test
    void takeSequence_lowestFirst_andTheLastReturnedIsNext() {
        CellLedger ledger = new CellLedger(8, 3);
        assertThat(ledger.sequences()).isEqualTo(3);
        assertThat(ledger.takeSequence()).isZero();
        assertThat(ledger.takeSequence()).isEqualTo(1);
        assertThat(ledger.sequencesFree()).isEqualTo(1);
        ledger.returnSequence(0);
        assertThat(ledger.sequencesFree()).isEqualTo(2);
        assertThat(ledger.takeSequence()).isZero();
        assertThat(ledger.takeSequence()).isEqualTo(2);
        assertThat(ledger.sequencesFree()).isZero();
    }

    @Test
    void commit_andTruncate_takeAndFreeCells() {
        CellLedger ledger = new CellLedger(100, 1);
        CellLedger.Cells cells = ledger.new Cells();
        assertThat(cells.length()).isZero();
        cells.commit(70); // beyond the first size of the list
        assertThat(cells.length()).isEqualTo(70);
        assertThat(ledger.cells()).isEqualTo(100);
        assertThat(ledger.cellsUsed()).isEqualTo(70);
        assertThat(ledger.cellsFree()).isEqualTo(30);
        cells.truncate(50);
        assertThat(cells.length()).isEqualTo(50);
        assertThat(ledger.cellsFree()).isEqualTo(50);
        cells.truncate(60);
        assertThat(cells.length()).as("it never grows").isEqualTo(50);
        cells.commit(50);
        assertThat(ledger.cellsFree()).isZero();
        cells.truncate(0);
        assertThat(ledger.cellsUsed()).isZero();
    }

    @Test
    void share_prefix_isCountedOnceUntilItsLastOwnerGoes() {
        CellLedger ledger = new CellLedger(100, 3);
        CellLedger.Cells first = ledger.new Cells();
        CellLedger.Cells second = ledger.new Cells();
        CellLedger.Cells third = ledger.new Cells();
        first.commit(40);
        second.share(first, 30);
        second.commit(5);
        third.share(second, 32); // 30 of the first's, 2 of the second's own
        assertThat(second.length()).isEqualTo(35);
        assertThat(third.length()).isEqualTo(32);
        assertThat(ledger.cellsUsed()).isEqualTo(45);
        first.truncate(0);
        assertThat(ledger.cellsUsed()).as("30 have other owners").isEqualTo(35);
        second.truncate(0);
        assertThat(ledger.cellsUsed()).isEqualTo(32);
        third.truncate(31);
        assertThat(ledger.cellsUsed()).isEqualTo(31);
        third.truncate(0);
        assertThat(ledger.cellsFree()).isEqualTo(100);
    }

    /**
     * The model: every owner holds a list of cells that are objects; what is used is the set of those that are held.
     */
    @Test
    void ledger_anyOrderOfCalls_agreesWithSetsOfCells() {
        Seeds.with(random -> {
            int size = 60;
            CellLedger ledger = new CellLedger(size, 4);
            List<CellLedger.Cells> owners = new ArrayList<>();
            List<List<Object>> model = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                owners.add(ledger.new Cells());
                model.add(new ArrayList<>());
            }
            Set<Integer> taken = new HashSet<>();
            for (int step = 0; step < 5000; step++) {
                int who = random.nextInt(4);
                List<Object> held = model.get(who);
                switch (random.nextInt(5)) {
                    case 0, 1 -> {
                        int count = random.nextInt(Math.min(10, ledger.cellsFree()) + 1);
                        owners.get(who).commit(count);
                        for (int i = 0; i < count; i++) {
                            held.add(new Object());
                        }
                    }
                    case 2 -> {
                        int keep = random.nextInt(held.size() + 3);
                        owners.get(who).truncate(keep);
                        while (held.size() > keep) {
                            held.removeLast();
                        }
                    }
                    case 3 -> {
                        int donor = random.nextInt(4);
                        if (held.isEmpty() && donor != who) {
                            int count = random.nextInt(model.get(donor).size() + 1);
                            owners.get(who).share(owners.get(donor), count);
                            held.addAll(model.get(donor).subList(0, count));
                        }
                    }
                    default -> {
                        if (ledger.sequencesFree() > 0 && random.nextBoolean()) {
                            assertThat(taken.add(ledger.takeSequence())).isTrue();
                        } else if (!taken.isEmpty()) {
                            int sequence = taken.iterator().next();
                            taken.remove(sequence);
                            ledger.returnSequence(sequence);
                        }
                    }
                }
                Set<Object> used = Collections.newSetFromMap(new IdentityHashMap<>());
                model.forEach(used::addAll);
                assertThat(owners.get(who).length()).isEqualTo(held.size());
                assertThat(ledger.cellsUsed()).as("step %d", step).isEqualTo(used.size());
                assertThat(ledger.cellsFree()).isEqualTo(size - used.size());
                assertThat(ledger.sequencesFree()).isEqualTo(4 - taken.size());
                assertThat(taken).allMatch(sequence -> sequence >= 0 && sequence < 4);
            }
        });
    }
}
