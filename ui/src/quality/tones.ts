import type { RowState } from "../api/quality";
import type { Tone } from "../pieces/ink";

export const ROW_TONES: Record<RowState, Tone> = {
  open: "attention",
  fixed: "neutral",
  replayed: "good",
  discarded: "neutral",
};
