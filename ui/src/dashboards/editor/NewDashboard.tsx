import { Plus } from "lucide-react";
import { useState } from "react";
import { navigate } from "wouter/use-browser-location";
import { useSaveDashboard } from "../../api/dashboards";
import { Button } from "../../pieces/Button";
import { Sheet } from "../../pieces/Sheet";
import { Failure } from "../../pieces/States";
import { freshName } from "./draft";
import own from "./Editor.module.css";

/** Makes a dashboard's file and opens it for editing. */
export function NewDashboard({ taken }: { taken: readonly { name: string }[] }) {
  const [open, setOpen] = useState(false);
  const [title, setTitle] = useState("");
  const name = freshName(
    title,
    taken.map((one) => one.name),
  );
  const save = useSaveDashboard(name);
  const make = () =>
    save.mutate(
      { dashboard: { name, title: title.trim(), panels: [] }, tag: "*" },
      { onSuccess: () => navigate(`/dashboards/${name}?edit=1`) },
    );
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <Plus size={14} />
        New dashboard
      </Button>
      <Sheet
        title="A new dashboard"
        open={open}
        onClose={() => setOpen(false)}
        footer={
          <Button look="main" disabled={!title.trim() || save.isPending} onClick={make}>
            Make it
          </Button>
        }
      >
        <form
          className={own.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (title.trim()) make();
          }}
        >
          <label className={own.whole}>
            Title
            <input value={title} onChange={(event) => setTitle(event.target.value)} />
            <small>
              The file will be <code>dashboards/{title.trim() ? name : "\u2026"}.toml</code>
            </small>
          </label>
        </form>
        {save.error && <Failure error={save.error} />}
      </Sheet>
    </>
  );
}
