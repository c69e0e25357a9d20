/** Act that can be undone for some seconds. */

import { createPortal } from "preact/compat";
import { type CSSProperties, createContext, useContext, useEffect, useRef, useState } from "react";
import { UNDO_MS } from "../../../base/limits-page.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { combined, listen } from "../shell/effects.ts";
import { Icon } from "../shell/icons.tsx";

const UNDO_STEP_MS = 1_000;

interface UndoProps {
  readonly text: string;
  readonly label: string;
  readonly onUndo: () => void;
  /** Called when it can no longer be undone. */
  readonly onEnd: () => void;
}

/** Element that takes the toast while the list of rooms covers the conversation. */
export const UndoHostContext = createContext<Element | null>(null);

/** Ctrl+Z, unless a field has its own text to undo; Alt+Z everywhere. */
function isUndoKey({ altKey, ctrlKey, metaKey, code, target }: KeyboardEvent): boolean {
  if (code !== "KeyZ") return false;
  if (altKey) return !ctrlKey && !metaKey;
  const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  return (ctrlKey || metaKey) && !(isField && target.value !== "");
}

export function UndoToast({ text, label, onUndo, onEnd }: UndoProps) {
  const host = useContext(UndoHostContext);
  const [leftMs, setLeft] = useState(UNDO_MS);
  const [isHeld, setHeld] = useState(false);
  const latest = useRef({ onUndo, onEnd });
  latest.current = { onUndo, onEnd };
  useEffect(() => {
    if (isHeld) return undefined;
    if (leftMs <= 0) {
      latest.current.onEnd();
      return undefined;
    }
    const timer = setTimeout(() => setLeft(leftMs - UNDO_STEP_MS), UNDO_STEP_MS);
    return () => clearTimeout(timer);
  }, [leftMs, isHeld]);
  useEffect(() => {
    const end = () => latest.current.onEnd();
    const onKeyDown = (event: KeyboardEvent) => {
      if (!isUndoKey(event)) return;
      event.preventDefault();
      latest.current.onUndo();
    };
    const stop = combined(listen(window, "pagehide", end), listen(window, "keydown", onKeyDown));
    return () => {
      stop();
      end();
    };
  }, []);
  const toast = (
    <section
      className="undo board"
      aria-label={text}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span
        className="undo-ring"
        style={{ "--part": leftMs / UNDO_MS } as CSSProperties}
        aria-hidden="true"
      >
        {Math.ceil(leftMs / 1_000)}
      </span>
      <Announced kind="result" className="undo-words">
        {text}
      </Announced>
      <Button onClick={onUndo}>
        <Icon name="reply" />
        {label}
      </Button>
    </section>
  );
  return host === null ? toast : <>{createPortal(toast, host)}</>;
}
