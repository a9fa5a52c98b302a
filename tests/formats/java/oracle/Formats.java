package oracle;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.file.src.FileSourceSplit;
import org.apache.flink.connector.file.src.reader.BulkFormat;
import org.apache.flink.connector.file.table.factories.BulkReaderFormatFactory;
import org.apache.flink.connector.file.table.format.BulkDecodingFormat;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.table.connector.Projection;
import org.apache.flink.table.connector.format.ProjectableDecodingFormat;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.factories.SerializationFormatFactory;
import org.apache.flink.table.runtime.connector.sink.SinkRuntimeProviderContext;
import org.apache.flink.table.runtime.connector.source.ScanRuntimeProviderContext;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.utils.LogicalTypeParser;
import org.apache.flink.table.types.utils.TypeConversions;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.apache.flink.util.UserCodeClassLoader;

/**
 * Flink's formats without a job. A line in, a line out: {"format", "options", "type", and "decode": messages in base64,
 * "file": a file in base64, "encode": rows as JSON with ISO-8601 timestamps, or "schema": whether timestamps are mapped
 * as of old}. Out comes {"answers": [one a message or row]} or {"refused": why}; what cannot be read gives {"fails": why}.
 */
public final class Formats {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ClassLoader LOADER = Formats.class.getClassLoader();
    private static final int MAX_ROWS = 1000;

    private final String format;
    private final Configuration options = new Configuration();
    private final RowType type;
    private final DataType data;
    private final RowDataSerializer stored;

    private Formats(JsonNode question) {
        format = question.get("format").asText();
        question.path("options").fields().forEachRemaining(e -> options.setString(e.getKey(), e.getValue().asText()));
        type = (RowType) LogicalTypeParser.parse(question.get("type").asText(), LOADER);
        data = TypeConversions.fromLogicalToDataType(type);
        stored = new RowDataSerializer(type);
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            Json answer = new Json().open('{');
            try {
                String answers = new Formats(JSON.readTree(line)).answers(JSON.readTree(line));
                answer.name("answers").raw(answers);
            } catch (Throwable e) {
                answer = new Json().open('{').name("refused").text(reason(e));
            }
            out.println(answer.close('}'));
        }
    }

    private String answers(JsonNode question) throws Exception {
        if (question.has("schema")) {
            return schema(question.get("schema").asBoolean());
        }
        Json all = new Json().open('[');
        if (question.has("file")) {
            file(question.get("file").binaryValue(), all);
        } else if (question.has("decode")) {
            DeserializationSchema<RowData> decoder = decoder(format, options);
            for (JsonNode message : question.get("decode")) {
                if (!message(decoder, message.isNull() ? null : message.binaryValue(), all)) {
                    decoder = decoder(format, options); // a job would have ended, and some keep what they did not read
                }
            }
        } else {
            Configuration iso = new Configuration();
            iso.setString("timestamp-format.standard", "ISO-8601");
            DeserializationSchema<RowData> reader = decoder("json", iso);
            SerializationSchema<RowData> encoder = encoder();
            for (JsonNode row : question.get("encode")) {
                encoded(encoder, reader.deserialize(row.asText().getBytes(StandardCharsets.UTF_8)), all);
            }
        }
        return all.close(']').toString();
    }

    private String schema(boolean legacy) throws Exception {
        return Class.forName("org.apache.flink.formats.avro.typeutils.AvroSchemaConverter")
                .getMethod("convertToSchema", LogicalType.class, boolean.class)
                .invoke(null, type, legacy)
                .toString();
    }

    /** Whether it could be read. */
    private boolean message(DeserializationSchema<RowData> decoder, byte[] message, Json all) {
        List<RowData> rows = new ArrayList<>();
        try {
            decoder.deserialize(message, new Bounded(rows));
        } catch (Throwable e) {
            fails(e, all);
            return false;
        }
        all.open('[');
        rows.stream().filter(row -> row != null).forEach(row -> all.row(stored.toBinaryRow(row), type));
        all.close(']');
        return true;
    }

    private static void encoded(SerializationSchema<RowData> encoder, RowData row, Json all) {
        try {
            byte[] bytes = encoder.serialize(row);
            if (bytes == null) {
                all.raw(null);
            } else {
                all.text(Base64.getEncoder().encodeToString(bytes));
            }
        } catch (Throwable e) {
            fails(e, all);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private void file(byte[] content, Json all) throws Exception {
        BulkDecodingFormat decoding =
                FactoryUtil.discoverFactory(LOADER, BulkReaderFormatFactory.class, format)
                        .createDecodingFormat(null, options);
        var context = ScanRuntimeProviderContext.INSTANCE;
        Object decoder =
                decoding instanceof ProjectableDecodingFormat projectable
                        ? projectable.createRuntimeDecoder(context, data, Projection.all(data).toNestedIndexes())
                        : decoding.createRuntimeDecoder(context, data);
        Path file = Files.write(Files.createTempFile("formats", ".file"), content);
        try {
            var split =
                    new FileSourceSplit(
                            "1", new org.apache.flink.core.fs.Path(file.toUri()), 0, content.length, 0, content.length);
            var reader = ((BulkFormat<RowData, FileSourceSplit>) decoder).createReader(new Configuration(), split);
            for (BulkFormat.RecordIterator<RowData> batch; (batch = reader.readBatch()) != null; ) {
                for (var row = batch.next(); row != null; row = batch.next()) {
                    if (row.getRecord() != null) {
                        all.row(stored.toBinaryRow(row.getRecord()), type);
                    }
                }
                batch.releaseBatch();
            }
        } catch (Throwable e) {
            fails(e, all);
        } finally {
            Files.delete(file);
        }
    }

    private DeserializationSchema<RowData> decoder(String name, Configuration options) throws Exception {
        DeserializationSchema<RowData> schema =
                FactoryUtil.discoverFactory(LOADER, DeserializationFormatFactory.class, name)
                        .createDecodingFormat(null, options)
                        .createRuntimeDecoder(ScanRuntimeProviderContext.INSTANCE, data);
        schema.open(new Opening());
        return schema;
    }

    private SerializationSchema<RowData> encoder() throws Exception {
        SerializationSchema<RowData> schema =
                FactoryUtil.discoverFactory(LOADER, SerializationFormatFactory.class, format)
                        .createEncodingFormat(null, options)
                        .createRuntimeEncoder(new SinkRuntimeProviderContext(false), data);
        schema.open(new Opening());
        return schema;
    }

    private static void fails(Throwable error, Json all) {
        all.open('{').name("fails").text(reason(error)).close('}');
    }

    /** The innermost cause, in one line. */
    private static String reason(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    }

    /** Some broken messages make Flink collect for ever. */
    private static final class Bounded extends ListCollector<RowData> {
        private final List<RowData> rows;

        Bounded(List<RowData> rows) {
            super(rows);
            this.rows = rows;
        }

        @Override
        public void collect(RowData row) {
            if (rows.size() == MAX_ROWS) {
                throw new IllegalStateException("more than " + MAX_ROWS + " rows");
            }
            super.collect(row);
        }
    }

    private static final class Opening
            implements DeserializationSchema.InitializationContext, SerializationSchema.InitializationContext {
        @Override
        public MetricGroup getMetricGroup() {
            return new UnregisteredMetricsGroup();
        }

        @Override
        public UserCodeClassLoader getUserCodeClassLoader() {
            return SimpleUserCodeClassLoader.create(LOADER);
        }
    }
}
