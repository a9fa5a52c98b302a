package oracle;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.abilities.SupportsWatermarkPushDown;
import org.apache.flink.table.data.RowData;

/** A table that makes its watermarks itself: after each row, or by hand (then the declared strategy is ignored). */
class PushDownSource extends ScanSource implements SupportsWatermarkPushDown {
    WatermarkStrategy<RowData> watermarks;

    PushDownSource(TableInput input) {
        super(input);
    }

    @Override
    public void applyWatermark(WatermarkStrategy<RowData> strategy) {
        watermarks = strategy;
    }

    @Override
    public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
        return provider(context, Run.current().file.manualWatermarks() ? null : watermarks);
    }

    @Override
    public DynamicTableSource copy() {
        return copyTo(new PushDownSource(input));
    }

    <T extends PushDownSource> T copyTo(T copy) {
        copy.metadata = metadata;
        copy.watermarks = watermarks;
        return copy;
    }
}
