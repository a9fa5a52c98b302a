/** Where each operator stands: its column is one beyond the last of its inputs', rows keep crossings few. */

export interface Vertex {
  name: string;
  inputs: readonly string[];
}

export interface Placed {
  name: string;
  column: number;
  row: number;
}

export function layers(vertices: readonly Vertex[]): Placed[] {
  const column = new Map<string, number>();
  for (const { name, inputs } of vertices) {
    column.set(name, Math.max(-1, ...inputs.map((input) => column.get(input) ?? -1)) + 1);
  }
  const columns: Vertex[][] = [];
  for (const vertex of vertices) {
    const at = column.get(vertex.name) ?? 0;
    columns[at] = [...(columns[at] ?? []), vertex];
  }
  const row = new Map<string, number>();
  const mean = (vertex: Vertex) => {
    const rows = vertex.inputs.map((input) => row.get(input) ?? 0);
    return rows.length === 0 ? 0 : rows.reduce((sum, one) => sum + one, 0) / rows.length;
  };
  return columns.flatMap((members, at) => {
    const ordered = at === 0 ? members : [...members].sort((a, b) => mean(a) - mean(b));
    let next = 0;
    return ordered.map((vertex) => {
      const place = Math.max(next, Math.round(mean(vertex)));
      next = place + 1;
      row.set(vertex.name, place);
      return { name: vertex.name, column: at, row: place };
    });
  });
}
