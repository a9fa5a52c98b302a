package oracle;

import java.util.List;
import org.apache.flink.streaming.api.functions.sink.legacy.RichSinkFunction;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;

/** Prints each change with the input line that caused it and the watermark that the sink had seen. */
final class SinkTask extends RichSinkFunction<RowData> {
    private final String table;
    private final RowType type;
    private final List<String> key;

    private SinkTask(String table, RowType type, List<String> key) {
        this.table = table;
        this.type = type;
        this.key = key;
    }

    static SinkTask ofTable(String table, RowType type, List<String> key) {
        return new SinkTask(table, type, List.copyOf(key));
    }

    static SinkTask ofQuery(RowType type) {
        return new SinkTask(null, type, List.of());
    }

    /** The table's name, columns and primary key. */
    String describe() {
        Json json = new Json().open('{').name("sink").text(table).name("schema").open('[');
        for (RowType.RowField field : type.getFields()) {
            LogicalType column = field.getType();
            json.open('[').text(field.getName()).text(column.asSummaryString()).close(']');
        }
        json.close(']').name("key").open('[');
        key.forEach(json::text);
        return json.close(']').close('}').toString();
    }

    @Override
    public void invoke(RowData row, Context context) {
        Run run = Run.current();
        Json json = new Json().open('{');
        json.name("op").text(row.getRowKind().shortString());
        json.name("row").row(row, type);
        json.name("in").raw(run.line);
        json.name("wm").watermark(context.currentWatermark());
        if (table != null) {
            json.name("sink").text(table);
        }
        run.output.add(json.close('}').toString());
    }
}
