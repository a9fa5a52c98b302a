package oracle;

import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.legacy.table.connector.source.SourceFunctionProvider;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.abilities.SupportsReadingMetadata;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;

/** A table whose messages are events; its watermarks come from Flink's own operator. */
class ScanSource implements ScanTableSource, SupportsReadingMetadata {
    final TableInput input;
    List<String> metadata = List.of();

    ScanSource(TableInput input) {
        this.input = input;
    }

    @Override
    public ChangelogMode getChangelogMode() {
        return input.mode();
    }

    @Override
    public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
        return provider(context, null);
    }

    ScanRuntimeProvider provider(ScanContext context, WatermarkStrategy<RowData> watermarks) {
        DeserializationSchema<RowData> decoder = input.format().createRuntimeDecoder(context, input.type());
        return SourceFunctionProvider.of(
                new SourceTask(input.table(), decoder, input.isUpsert(), watermarks, metadata), false);
    }

    @Override
    public Map<String, DataType> listReadableMetadata() {
        return input.isKafka() ? KafkaMetadata.READABLE : Map.of();
    }

    @Override
    public void applyReadableMetadata(List<String> keys, DataType type) {
        metadata = keys;
    }

    @Override
    public DynamicTableSource copy() {
        ScanSource copy = new ScanSource(input);
        copy.metadata = metadata;
        return copy;
    }

    @Override
    public String asSummaryString() {
        return input.connector();
    }
}
