package oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.RuntimeContextInitializationContextAdapters;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.source.legacy.RichSourceFunction;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.utils.JoinedRowData;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.Collector;
import org.apache.flink.util.clock.RelativeClock;
import org.apache.flink.util.clock.SystemClock;

/** Emits a table's events as they are given, and says when each is done. */
final class SourceTask extends RichSourceFunction<RowData> {
    private final String table;
    private final DeserializationSchema<RowData> decoder;
    private final boolean upsert;
    private final WatermarkStrategy<RowData> watermarks;
    private final ArrayList<String> metadata;
    private transient WatermarkGenerator<RowData> generator;
    private transient long watermark;
    private transient long offset;
    private transient SynchronousQueue<Event> given;
    private transient Semaphore done;

    SourceTask(
            String table,
            DeserializationSchema<RowData> decoder,
            boolean upsert,
            WatermarkStrategy<RowData> watermarks,
            List<String> metadata) {
        this.table = table;
        this.decoder = decoder;
        this.upsert = upsert;
        this.watermarks = watermarks;
        this.metadata = new ArrayList<>(metadata);
    }

    String table() {
        return table;
    }

    /** Hands over an event; false while the source still has another. */
    boolean offer(Event event) {
        try {
            return given.offer(event, 5, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether the event handed over has left the source. */
    boolean taken() {
        return done.tryAcquire();
    }

    @Override
    public void open(OpenContext context) throws Exception {
        decoder.open(RuntimeContextInitializationContextAdapters.deserializationAdapter(getRuntimeContext()));
        generator = watermarks == null ? null : watermarks.createWatermarkGenerator(new GeneratorContext());
        watermark = Long.MIN_VALUE;
        given = new SynchronousQueue<>();
        done = new Semaphore(0);
    }

    @Override
    public void run(SourceContext<RowData> context) throws Exception {
        Run.current().sources.add(this);
        Event event = given.take();
        while (event.kind() != Event.Kind.END) {
            try {
                synchronized (context.getCheckpointLock()) {
                    emit(context, event);
                }
            } finally {
                done.release();
            }
            event = given.take();
        }
        done.release();
    }

    /** A cancelled source is interrupted while it waits for its next event. */
    @Override
    public void cancel() {}

    private void emit(SourceContext<RowData> context, Event event) throws Exception {
        switch (event.kind()) {
            case ROW -> decoder.deserialize(event.bytes(), new Rows(context, event));
            case WATERMARK -> context.emitWatermark(
                    new org.apache.flink.streaming.api.watermark.Watermark(event.value()));
            case IDLE -> context.markAsTemporarilyIdle();
            default -> throw new IllegalStateException(event.toString());
        }
    }

    /** Takes the rows of one message. */
    private final class Rows implements Collector<RowData> {
        private final SourceContext<RowData> context;
        private final Event message;

        Rows(SourceContext<RowData> context, Event message) {
            this.context = context;
            this.message = message;
        }

        @Override
        public void collect(RowData decoded) {
            RowData row = decoded;
            if (!metadata.isEmpty()) {
                row = new JoinedRowData(row.getRowKind(), row, KafkaMetadata.of(metadata, table, offset, message));
            }
            offset++;
            if (message.op() != null) {
                row.setRowKind(message.op());
            } else if (upsert) {
                row.setRowKind(RowKind.UPDATE_AFTER);
            }
            context.collect(row);
            if (generator != null) {
                Rising output = new Rising(context);
                generator.onEvent(row, Long.MIN_VALUE, output);
                generator.onPeriodicEmit(output);
            }
        }

        @Override
        public void close() {}
    }

    /** Emits a watermark only when it is higher than the last. */
    private final class Rising implements WatermarkOutput {
        private final SourceContext<RowData> context;

        Rising(SourceContext<RowData> context) {
            this.context = context;
        }

        @Override
        public void emitWatermark(Watermark next) {
            if (next.getTimestamp() > watermark) {
                watermark = next.getTimestamp();
                context.emitWatermark(new org.apache.flink.streaming.api.watermark.Watermark(watermark));
            }
        }

        @Override
        public void markIdle() {}

        @Override
        public void markActive() {}
    }

    private final class GeneratorContext implements WatermarkGeneratorSupplier.Context {
        @Override
        public MetricGroup getMetricGroup() {
            return getRuntimeContext().getMetricGroup();
        }

        @Override
        public RelativeClock getInputActivityClock() {
            return SystemClock.getInstance();
        }
    }
}
