package oracle;

import java.util.Map;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.abilities.SupportsPartitioning;
import org.apache.flink.table.factories.DynamicTableFactory;

/** A table in files, perhaps partitioned. */
final class FileSink extends OracleSink implements SupportsPartitioning {
    FileSink(DynamicTableFactory.Context table, ChangelogMode mode) {
        super(table, mode);
    }

    /** Flink puts a static partition's values into the rows; there is nothing to do. */
    @Override
    public void applyStaticPartition(Map<String, String> partition) {}

    @Override
    public DynamicTableSink copy() {
        return copyTo(new FileSink(table, mode));
    }
}
