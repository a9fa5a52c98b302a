package oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.flink.api.common.JobID;
import org.apache.flink.table.types.logical.RowType;

/**
 * One statement's run: what its session and its tasks share.
 *
 * <p>Flink ships functions as bytes, so tasks find it through {@link #current}; one statement runs at a time.
 */
final class Run {
    /** Before any input. */
    static final int START = 0;

    /** The end of input. */
    static final int END = -1;

    private static volatile Run current;

    final SqlFile file;
    final List<Event> events;

    /** Whether events stand for every table's input, so that no connector makes its own. */
    final boolean fed;

    /** The JSON lines printed so far. */
    final Queue<String> output = new ConcurrentLinkedQueue<>();

    /** The sources that run. */
    final List<SourceTask> sources = new CopyOnWriteArrayList<>();

    /** The messages of each table so far, for lookups. */
    final Map<String, List<Event>> seen = new ConcurrentHashMap<>();

    /** The type of a SELECT's rows; null for other statements. */
    volatile RowType selected;

    /** How many sources the submitted graph has. */
    volatile int expectedSources;

    /** The job, once it was submitted. */
    volatile JobID job;

    /** The input line that is being processed. */
    volatile int line = START;

    private Run(SqlFile file, List<Event> events) {
        this.file = file;
        this.events = events;
        this.fed = file.directives().containsKey("events");
    }

    static Run begin(SqlFile file, List<Event> events) {
        current = new Run(file, events);
        return current;
    }

    static Run current() {
        return current;
    }

    void remember(Event row) {
        seen.computeIfAbsent(row.table(), table -> new CopyOnWriteArrayList<>()).add(row);
    }

    /** The printed lines, once. */
    List<String> takeOutput() {
        List<String> lines = new ArrayList<>();
        for (String line = output.poll(); line != null; line = output.poll()) {
            lines.add(line);
        }
        return lines;
    }
}
