/** Act that can be undone for some seconds. */

import { type CSSProperties, useEffect, useRef, useState } from "react";
import { UNDO_MS } from "../../../base/limits-page.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { combined, listen } from "../shell/effects.ts";
import { Icon } from "../shell/icons.tsx";

const UNDO_STEP_MS = 1_000;

interface UndoProps {
  readonly text: string;
  readonly label: string;
  /** Key that undoes. */
  readonly isUndoKey: (event: KeyboardEvent) => boolean;
  readonly onUndo: () => void;
  /** Called when it can no longer be undone. */
  readonly onEnd: () => void;
}

export function UndoToast({ text, label, isUndoKey, onUndo, onEnd }: UndoProps) {
  const [leftMs, setLeft] = useState(UNDO_MS);
  const [isHeld, setHeld] = useState(false);
  const latest = useRef({ isUndoKey, onUndo, onEnd });
  latest.current = { isUndoKey, onUndo, onEnd };
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
      if (!latest.current.isUndoKey(event)) return;
      event.preventDefault();
      latest.current.onUndo();
    };
    const stop = combined(listen(window, "pagehide", end), listen(window, "keydown", onKeyDown));
    return () => {
      stop();
      end();
    };
  }, []);
  return (
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
}
