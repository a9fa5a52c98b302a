import dagre from "@dagrejs/dagre";

export interface Node {
  name: string;
  height: number;
}

export interface Edge {
  from: string;
  to: string;
}

export interface Placed {
  width: number;
  height: number;
  /** The left upper corner of each node, px. */
  nodes: ReadonlyMap<string, { x: number; y: number }>;
  /** The way of each edge, as an SVG path, and where its label stands. */
  edges: readonly { path: string; x: number; y: number }[];
}

export const WIDTH = 188;
export const LABEL = { width: 84, height: 30 };

/** Nodes from left to right, each right of what it takes from, with room for a label on each edge. */
export function placed(nodes: readonly Node[], edges: readonly Edge[]): Placed {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 22, ranksep: 28, edgesep: 16, marginx: 4, marginy: 4 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name, height } of nodes) graph.setNode(name, { width: WIDTH, height });
  for (const { from, to } of edges) graph.setEdge(from, to, { ...LABEL, labelpos: "c" });
  dagre.layout(graph);
  const size = graph.graph() as { width?: number; height?: number };
  return {
    width: Math.ceil(size.width ?? 0),
    height: Math.ceil(size.height ?? 0),
    nodes: new Map(
      nodes.map(({ name, height }) => {
        const { x, y } = graph.node(name) as { x: number; y: number };
        return [name, { x: Math.round(x - WIDTH / 2), y: Math.round(y - height / 2) }];
      }),
    ),
    edges: edges.map(({ from, to }) => {
      const { points, x, y } = graph.edge(from, to) as { points: Point[]; x: number; y: number };
      return { path: pathOf(points), x, y };
    }),
  };
}

interface Point {
  x: number;
  y: number;
}

/** A line that bends at the points between the first and the last. */
function pathOf(points: readonly Point[]): string {
  const at = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first || !last) return "";
  const bends = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] ?? last;
    const end = index === rest.length - 2 ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${at(point)} ${at(end)}`;
  });
  return `M${at(first)}${bends.join("") || `L${at(last)}`}`;
}
