import { Plus } from "lucide-react";
import { useState } from "react";
import { navigate } from "wouter/use-browser-location";
import { useSaveDashboard } from "../../api/dashboards";
import { Button } from "../../pieces/Button";
import { Form, TextField } from "../../pieces/Form";
import { Sheet } from "../../pieces/Sheet";
import { Failure } from "../../pieces/States";
import { freshName } from "./draft";

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
        <Form onSubmit={() => title.trim() && make()}>
          <TextField
            label="Title"
            whole
            value={title}
            onChange={setTitle}
            note={
              <>
                The file will be <code>dashboards/{title.trim() ? name : "\u2026"}.toml</code>
              </>
            }
          />
        </Form>
        {save.error && <Failure error={save.error} />}
      </Sheet>
    </>
  );
}
