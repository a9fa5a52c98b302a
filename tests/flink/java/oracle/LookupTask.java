package oracle;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.LookupFunction;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.RowKind;

/** Finds the rows of a table that have the looked-up key, as the table is after the events so far. */
public final class LookupTask extends LookupFunction {
    private final String table;
    private final DeserializationSchema<RowData> decoder;
    private final int[] keys;
    private final int[] primaryKey;
    private final RowData.FieldGetter[] columns;
    private final RowData.FieldGetter[] wanted;

    LookupTask(String table, DeserializationSchema<RowData> decoder, RowType type, int[] keys, int[] primaryKey) {
        this.table = table;
        this.decoder = decoder;
        this.keys = keys;
        this.primaryKey = primaryKey;
        this.columns =
                IntStream.range(0, type.getFieldCount())
                        .mapToObj(i -> RowData.createFieldGetter(type.getTypeAt(i), i))
                        .toArray(RowData.FieldGetter[]::new);
        this.wanted =
                IntStream.range(0, keys.length)
                        .mapToObj(i -> RowData.createFieldGetter(type.getTypeAt(keys[i]), i))
                        .toArray(RowData.FieldGetter[]::new);
    }

    @Override
    public void open(FunctionContext context) throws Exception {
        decoder.open(null);
    }

    @Override
    public Collection<RowData> lookup(RowData key) throws IOException {
        List<RowData> found = new ArrayList<>();
        for (RowData row : present()) {
            IntStream places = IntStream.range(0, keys.length);
            if (places.allMatch(i -> sameValue(column(row, keys[i]), wanted[i].getFieldOrNull(key)))) {
                found.add(row);
            }
        }
        return found;
    }

    private Object column(RowData row, int place) {
        return columns[place].getFieldOrNull(row);
    }

    private static boolean sameValue(Object left, Object right) {
        return left != null && Objects.equals(left, right);
    }

    private Collection<RowData> present() throws IOException {
        Map<Object, RowData> rows = new LinkedHashMap<>();
        for (Event event : Run.current().seen.getOrDefault(table, List.of())) {
            RowData row = decoder.deserialize(event.bytes());
            Object id =
                    primaryKey.length == 0
                            ? event.line()
                            : Arrays.stream(primaryKey).mapToObj(i -> column(row, i)).toList();
            if (event.op() == RowKind.DELETE) {
                rows.remove(id);
            } else {
                rows.put(id, row);
            }
        }
        return rows.values();
    }
}
