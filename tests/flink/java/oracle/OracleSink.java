package oracle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.table.connector.sink.legacy.SinkFunctionProvider;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.catalog.UniqueConstraint;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.abilities.SupportsWritingMetadata;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;

/** A table whose rows become output; it accepts the changes that the connector it stands for accepts. */
class OracleSink implements DynamicTableSink, SupportsWritingMetadata {
    final DynamicTableFactory.Context table;
    final ChangelogMode mode;
    List<String> metadata = List.of();

    /** {@code mode} null: whatever the query makes. */
    OracleSink(DynamicTableFactory.Context table, ChangelogMode mode) {
        this.table = table;
        this.mode = mode;
    }

    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requested) {
        return mode == null ? requested : mode;
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
        ResolvedSchema schema = table.getCatalogTable().getResolvedSchema();
        List<String> key = schema.getPrimaryKey().map(UniqueConstraint::getColumns).orElse(List.of());
        return SinkFunctionProvider.of(SinkTask.ofTable(table.getObjectIdentifier().getObjectName(), rowType(), key));
    }

    /** The physical columns, then the metadata columns that are written, in the order in which they come. */
    private RowType rowType() {
        ResolvedSchema schema = table.getCatalogTable().getResolvedSchema();
        Map<String, Column.MetadataColumn> byKey = new LinkedHashMap<>();
        for (Column column : schema.getColumns()) {
            if (column instanceof Column.MetadataColumn meta) {
                byKey.put(meta.getMetadataKey().orElse(meta.getName()), meta);
            }
        }
        List<Column> columns = new ArrayList<>(schema.getColumns().stream().filter(Column::isPhysical).toList());
        metadata.forEach(key -> columns.add(byKey.get(key)));
        Stream<LogicalType> types = columns.stream().map(column -> column.getDataType().getLogicalType());
        return RowType.of(
                types.toArray(LogicalType[]::new), columns.stream().map(Column::getName).toArray(String[]::new));
    }

    @Override
    public Map<String, DataType> listWritableMetadata() {
        return table.getCatalogTable().getOptions().get("connector").endsWith("kafka")
                ? KafkaMetadata.WRITABLE
                : Map.of();
    }

    @Override
    public void applyWritableMetadata(List<String> keys, DataType type) {
        metadata = keys;
    }

    @Override
    public DynamicTableSink copy() {
        return copyTo(new OracleSink(table, mode));
    }

    <T extends OracleSink> T copyTo(T copy) {
        copy.metadata = metadata;
        return copy;
    }

    @Override
    public String asSummaryString() {
        return table.getCatalogTable().getOptions().get("connector");
    }
}
