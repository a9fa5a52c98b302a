package oracle;

import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.functions.Function;
import org.apache.flink.client.deployment.executors.PipelineExecutorUtils;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.PipelineExecutor;
import org.apache.flink.core.execution.PipelineExecutorFactory;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.minicluster.MiniClusterJobClient;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.streaming.api.operators.SimpleOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamSink;
import org.apache.flink.streaming.api.operators.UdfStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.collect.CollectSinkOperatorFactory;

/** {@code execution.target = oracle}: hands each job to the one cluster of this JVM. */
public final class MiniExecutor implements PipelineExecutorFactory {
    private static final String NAME = "oracle";
    private static MiniCluster cluster;

    static void start() throws Exception {
        Configuration options = new Configuration();
        options.setString("rest.bind-port", "0");
        options.setString("rest.address", "127.0.0.1");
        options.setString("web.submit.enable", "false");
        options.setString("jobstore.max-capacity", "5");
        options.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(64));
        options.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(64));
        options.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(64));
        cluster =
                new MiniCluster(
                        new MiniClusterConfiguration.Builder()
                                .setConfiguration(options)
                                .setNumTaskManagers(1)
                                .setNumSlotsPerTaskManager(4)
                                .setCommonBindAddress("127.0.0.1")
                                .build());
        cluster.start();
    }

    /** Parallelism 1, a watermark after every row, UTC, and a failure ends the job. */
    static Configuration jobConfiguration() {
        Configuration options = new Configuration();
        options.setString("execution.target", NAME);
        options.setString("execution.attached", "true");
        options.setString("execution.buffer-timeout.interval", "0 ms");
        options.setString("parallelism.default", "1");
        options.setString("pipeline.auto-watermark-interval", "0 ms");
        options.setString("restart-strategy.type", "none");
        options.setString("table.local-time-zone", "UTC");
        return options;
    }

    @Override
    public String getName() {
        return NAME;
    }

    @Override
    public boolean isCompatibleWith(Configuration options) {
        return NAME.equals(options.get(DeploymentOptions.TARGET));
    }

    @Override
    public PipelineExecutor getExecutor(Configuration unused) {
        return (pipeline, options, classLoader) -> {
            StreamGraph graph = PipelineExecutorUtils.getStreamGraph(pipeline, options);
            prepare(graph, Run.current());
            return cluster.submitJob(graph)
                    .thenApply(
                            submitted ->
                                    new MiniClusterJobClient(
                                            submitted.getJobID(),
                                            cluster,
                                            classLoader,
                                            MiniClusterJobClient.JobFinalizationBehavior.NOTHING));
        };
    }

    /** Whether every task of a job runs (or has run); those of its sources may be first, and must not be fed then. */
    static boolean isDeployed(JobID job) throws Exception {
        for (AccessExecutionVertex task : cluster.getExecutionGraph(job).get().getAllExecutionVertices()) {
            if (task.getExecutionState() != ExecutionState.RUNNING && task.getExecutionState() != ExecutionState.FINISHED) {
                return false;
            }
        }
        return true;
    }

    private static void prepare(StreamGraph graph, Run run) {
        int sources = 0;
        for (StreamNode node : graph.getStreamNodes()) {
            StreamOperatorFactory<?> operator = node.getOperatorFactory();
            if (operator instanceof CollectSinkOperatorFactory) {
                // a SELECT is planned as Flink plans it; only its last operator is ours
                node.setOperatorFactory(SimpleOperatorFactory.of(new StreamSink<>(SinkTask.ofQuery(run.selected))));
            } else if (operator instanceof UdfStreamOperatorFactory<?> factory) {
                Function function = factory.getUserFunction();
                if (function instanceof SourceTask) {
                    sources++;
                } else if (function instanceof SinkTask sink) {
                    run.output.add(sink.describe());
                }
            }
        }
        run.expectedSources = sources;
        run.job = graph.getJobID();
    }
}
