import {
  autocompletion,
  closeBrackets,
  completeFromList,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import css from "./SqlEditor.module.css";

/** Names that completion offers: tables with their columns. */
export type Catalog = Readonly<Record<string, readonly string[]>>;

/** A function that completion offers, and what it takes. */
export interface Callable {
  name: string;
  parameters: readonly string[];
}

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onRun: () => void;
  catalog: Catalog;
  functions: readonly Callable[];
  /** Where the server found a mistake: line and column, from 1. */
  mistake?: { line: number; column: number } | undefined;
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--accent)" },
  { tag: [tags.string], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--attention)" },
  { tag: [tags.comment], color: "var(--ink-3)" },
]);

/** SQL with completion from the catalog; Ctrl-Enter runs it. Escape, then Tab, leaves it. */
export function SqlEditor({ label, value, onChange, onRun, catalog, functions, mistake }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const language = useRef(new Compartment());
  const marks = useRef(new Compartment());
  const calls = useRef({ onChange, onRun });
  calls.current = { onChange, onRun };

  useEffect(() => {
    if (!host.current) return;
    const runIt = () => {
      calls.current.onRun();
      return true;
    };
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          Prec.highest(keymap.of([{ key: "Mod-Enter", run: runIt }])),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          highlightActiveLine(),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
          syntaxHighlighting(COLOURS),
          language.current.of(dialect(catalog, functions)),
          marks.current.of([]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) calls.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the editor is made once, what changes is told to it below
  }, []);

  useEffect(() => {
    const made = view.current;
    if (made && made.state.doc.toString() !== value) {
      made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: value } });
    }
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(dialect(catalog, functions)) });
  }, [catalog, functions]);

  useEffect(() => {
    const made = view.current;
    if (!made) return;
    made.dispatch({ effects: marks.current.reconfigure(mistake ? underline(made.state, mistake) : []) });
  }, [mistake]);

  return <div ref={host} className={css.editor} />;
}

function dialect(catalog: Catalog, functions: readonly Callable[]) {
  const called = functions.map(({ name, parameters }) => ({
    label: name,
    type: "function",
    detail: `(${parameters[0] ?? ""})`,
    apply: `${name}(`,
    boost: -1,
  }));
  const known = sql({ dialect: PostgreSQL, schema: catalog, upperCaseKeywords: true });
  return [known, known.language.data.of({ autocomplete: completeFromList(called) })];
}

function underline(state: EditorState, { line, column }: { line: number; column: number }) {
  if (line > state.doc.lines) return [];
  const at = state.doc.line(line);
  const from = Math.min(at.to, at.from + column - 1);
  const to = state.wordAt(from)?.to ?? Math.min(at.to, from + 1);
  if (to <= from) return [];
  return EditorView.decorations.of(Decoration.set(Decoration.mark({ class: css.mistake ?? "" }).range(from, to)));
}
