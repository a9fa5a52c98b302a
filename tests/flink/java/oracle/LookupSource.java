package oracle;

import java.util.Arrays;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.LookupTableSource;
import org.apache.flink.table.connector.source.lookup.LookupFunctionProvider;
import org.apache.flink.table.runtime.connector.source.ScanRuntimeProviderContext;
import org.apache.flink.table.types.logical.RowType;

/** A table of a database: it can be scanned, and looked up by key among the events so far. */
final class LookupSource extends PushDownSource implements LookupTableSource {
    LookupSource(TableInput input) {
        super(input);
    }

    @Override
    public LookupRuntimeProvider getLookupRuntimeProvider(LookupContext context) {
        int[] keys = Arrays.stream(context.getKeys()).mapToInt(path -> path[0]).toArray();
        return LookupFunctionProvider.of(
                new LookupTask(
                        input.table(),
                        input.format().createRuntimeDecoder(ScanRuntimeProviderContext.INSTANCE, input.type()),
                        (RowType) input.type().getLogicalType(),
                        keys,
                        input.primaryKey()));
    }

    @Override
    public DynamicTableSource copy() {
        return copyTo(new LookupSource(input));
    }
}
