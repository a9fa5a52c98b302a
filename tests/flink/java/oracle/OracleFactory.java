package oracle;

import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.types.RowKind;

/**
 * Stands for the connectors that need a service: same changelog mode, formats, metadata and abilities, but the
 * messages come from {@link Run#events} and the rows go to {@link Run#output}. Other connectors are Flink's own.
 */
final class OracleFactory implements DynamicTableSourceFactory, DynamicTableSinkFactory {
    private static final Set<String> STOOD_FOR = Set.of("kafka", "upsert-kafka", "filesystem", "jdbc", "iceberg");
    private static final Set<String> SINKS_STOOD_FOR =
            Set.of("kafka", "upsert-kafka", "filesystem", "jdbc", "iceberg", "print");
    private static final Set<String> TEXT_FORMATS =
            Set.of("json", "csv", "raw", "debezium-json", "canal-json", "maxwell-json", "ogg-json");

    @Override
    public String factoryIdentifier() {
        return "oracle";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of();
    }

    @Override
    public DynamicTableSource createDynamicTableSource(Context context) {
        String connector = connector(context);
        Run run = Run.current();
        if (!STOOD_FOR.contains(connector) && !(run.fed && connector.equals("datagen"))) {
            return FactoryUtil.createDynamicTableSource(
                    null,
                    context.getObjectIdentifier(),
                    context.getCatalogTable(),
                    context.getEnrichmentOptions(),
                    context.getConfiguration(),
                    context.getClassLoader(),
                    context.isTemporary());
        }
        requireKey(context, connector);
        DecodingFormat<DeserializationSchema<RowData>> format = format(context);
        boolean upsert = connector.equals("upsert-kafka");
        TableInput input =
                new TableInput(
                        context.getObjectIdentifier().getObjectName(),
                        connector,
                        format,
                        upsert ? ChangelogMode.upsert() : format.getChangelogMode(),
                        context.getPhysicalRowDataType(),
                        context.getPrimaryKeyIndexes());
        if (connector.equals("jdbc")) {
            return new LookupSource(input);
        }
        // Kafka computes watermarks inside the source (a null time is skipped there); others get Flink's own operator
        return run.file.manualWatermarks() || input.isKafka() ? new PushDownSource(input) : new ScanSource(input);
    }

    @Override
    public DynamicTableSink createDynamicTableSink(Context context) {
        String connector = connector(context);
        if (!SINKS_STOOD_FOR.contains(connector)) {
            return FactoryUtil.createDynamicTableSink(
                    null,
                    context.getObjectIdentifier(),
                    context.getCatalogTable(),
                    context.getEnrichmentOptions(),
                    context.getConfiguration(),
                    context.getClassLoader(),
                    context.isTemporary());
        }
        requireKey(context, connector);
        ChangelogMode mode = accepted(context, connector);
        return connector.equals("filesystem") ? new FileSink(context, mode) : new OracleSink(context, mode);
    }

    /** The changes a sink accepts; null: whatever the query makes. */
    private static ChangelogMode accepted(Context context, String connector) {
        switch (connector) {
            case "filesystem":
                return ChangelogMode.insertOnly();
            case "kafka":
                return formatName(context).matches("(debezium|canal|maxwell|ogg)-.*")
                        ? ChangelogMode.all()
                        : ChangelogMode.insertOnly();
            case "upsert-kafka":
                return ChangelogMode.upsert();
            case "iceberg":
                return ChangelogMode.all();
            case "jdbc":
                return context.getPrimaryKeyIndexes().length == 0
                        ? ChangelogMode.insertOnly()
                        : ChangelogMode.newBuilder()
                                .addContainedKind(RowKind.INSERT)
                                .addContainedKind(RowKind.UPDATE_AFTER)
                                .addContainedKind(RowKind.DELETE)
                                .build();
            default:
                return null;
        }
    }

    private static String connector(Context context) {
        return context.getCatalogTable().getOptions().getOrDefault(FactoryUtil.CONNECTOR.key(), "");
    }

    private static String formatName(Context context) {
        Map<String, String> options = context.getCatalogTable().getOptions();
        return options.getOrDefault("format", options.getOrDefault("value.format", ""));
    }

    /** The table's format with its options; formats that are no text are read as JSON. */
    private static DecodingFormat<DeserializationSchema<RowData>> format(Context context) {
        Map<String, String> options = context.getCatalogTable().getOptions();
        String name = formatName(context);
        Configuration own = new Configuration();
        if (TEXT_FORMATS.contains(name)) {
            String prefix = (options.containsKey("value.format") ? "value." : "") + name + ".";
            options.forEach(
                    (key, value) -> {
                        if (key.startsWith(prefix)) {
                            own.setString(key.substring(prefix.length()), value);
                        }
                    });
        }
        return FactoryUtil.discoverFactory(
                        context.getClassLoader(),
                        DeserializationFormatFactory.class,
                        TEXT_FORMATS.contains(name) ? name : "json")
                .createDecodingFormat(context, own);
    }

    private static void requireKey(Context context, String connector) {
        if (connector.equals("upsert-kafka") && context.getPrimaryKeyIndexes().length == 0) {
            throw new ValidationException("'upsert-kafka' tables require to define a PRIMARY KEY constraint.");
        }
    }
}
