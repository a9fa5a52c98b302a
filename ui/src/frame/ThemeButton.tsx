import { Moon, Sun, SunMoon } from "lucide-react";
import { Button } from "../pieces/Button";
import { setTheme, type Theme, useTheme } from "./theme";

const THEMES: Record<Theme, { label: string; icon: typeof Sun; next: Theme }> = {
  system: { label: "as the system", icon: SunMoon, next: "light" },
  light: { label: "light", icon: Sun, next: "dark" },
  dark: { label: "dark", icon: Moon, next: "system" },
};

/** Light, dark, or as the system has it: one after the other. */
export function ThemeButton() {
  const theme = useTheme();
  const { label, icon: Icon, next } = THEMES[theme];
  const text = `Theme: ${label}. Change to ${THEMES[next].label}`;
  return (
    <Button look="plain" aria-label={text} title={text} onClick={() => setTheme(next)}>
      <Icon size={16} />
    </Button>
  );
}
