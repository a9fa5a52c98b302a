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
  const ordered = columns.map((members, at) => {
    const sorted = at === 0 ? members : [...members].sort((a, b) => mean(a) - mean(b));
    let next = 0;
    for (const vertex of sorted) {
      const place = Math.max(next, Math.round(mean(vertex)));
      next = place + 1;
      row.set(vertex.name, place);
    }
    return sorted;
  });
  centre(ordered, row);
  const top = Math.min(...row.values());
  return ordered.flatMap((members, at) =>
    members.map(({ name }) => ({ name, column: at, row: (row.get(name) ?? 0) - top })),
  );
}

/** From right to left each operator moves to the middle of those that it gives rows to; the order in a column stays. */
function centre(columns: readonly (readonly Vertex[])[], row: Map<string, number>): void {
  const outputs = new Map<string, string[]>();
  for (const { name, inputs } of columns.flat()) {
    for (const input of inputs) outputs.set(input, [...(outputs.get(input) ?? []), name]);
  }
  for (const members of columns.toReversed()) {
    let next = -Infinity;
    let moved = 0;
    const places = members.map(({ name }) => {
      const after = (outputs.get(name) ?? [name]).map((one) => row.get(one) ?? 0);
      const wanted = after.reduce((sum, one) => sum + one, 0) / after.length;
      const place = Math.max(next, wanted);
      next = place + 1;
      moved += place - wanted;
      return place;
    });
    members.forEach(({ name }, at) => row.set(name, (places[at] ?? 0) - moved / members.length));
  }
}
