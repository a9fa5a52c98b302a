package oracle;

import org.apache.flink.types.RowKind;

/**
 * One line of input.
 *
 * @param line its number among the lines that are not blank, from 1
 * @param table the table it is for; null: every table
 * @param bytes the message (ROW only)
 * @param op the row kind; null: as the format or connector says (ROW only)
 * @param value ROW: the message's timestamp; WATERMARK: the watermark; SLEEP: how long; in milliseconds
 */
record Event(int line, Kind kind, String table, byte[] bytes, RowKind op, long value) {
    enum Kind {
        ROW,
        WATERMARK,
        SLEEP,
        IDLE,
        END
    }

    static Event of(Kind kind, long value) {
        return new Event(-1, kind, null, null, null, value);
    }

    boolean isFor(String name) {
        return table == null || table.equals(name);
    }
}
