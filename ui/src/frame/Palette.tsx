import { Autocomplete } from "@base-ui/react/autocomplete";
import { Dialog } from "@base-ui/react/dialog";
import { SearchIcon } from "lucide-react";
import { navigate } from "wouter/use-browser-location";
import css from "./Search.module.css";
import { type Found, useFindable } from "./useFindable";

interface Props {
  open: boolean;
  setOpen: (open: boolean) => void;
}

/** The search over everything; loaded when it is first opened. */
export default function Palette({ open, setOpen }: Props) {
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Portal>
        <Dialog.Backdrop className={css.backdrop} />
        <Dialog.Popup className={css.popup} aria-label="Search over everything">
          <Everything onChosen={() => setOpen(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Everything({ onChosen }: { onChosen: () => void }) {
  const groups = useFindable();
  const go = (one: Found) => {
    onChosen();
    navigate(one.href);
  };
  return (
    <Autocomplete.Root
      open
      inline
      items={groups}
      itemToStringValue={(item) => (item as Found).label ?? ""}
      autoHighlight="always"
      keepHighlight
      limit={60}
    >
      <div className={css.field}>
        <SearchIcon size={16} aria-hidden="true" />
        <Autocomplete.Input
          className={css.input}
          aria-label="Search"
          placeholder="Views, dashboards and what they are about, tables, topics, queries…"
        />
      </div>
      <Autocomplete.Empty>
        <p className={css.none}>Nothing is called so.</p>
      </Autocomplete.Empty>
      <Autocomplete.List className={css.list}>
        {(group: { value: string; items: Found[] }) => (
          <Autocomplete.Group key={group.value} items={group.items}>
            <Autocomplete.GroupLabel className={css.group}>{group.value}</Autocomplete.GroupLabel>
            <Autocomplete.Collection>
              {(one: Found) => (
                <Autocomplete.Item key={one.value} value={one} className={css.item} onClick={() => go(one)}>
                  <span>{one.label}</span>
                  {one.note && <small>{one.note}</small>}
                </Autocomplete.Item>
              )}
            </Autocomplete.Collection>
          </Autocomplete.Group>
        )}
      </Autocomplete.List>
    </Autocomplete.Root>
  );
}
