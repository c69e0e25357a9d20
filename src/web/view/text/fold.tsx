/** Folds long messages to 20 lines (chat.css), after measuring them before the row appears. */

import {
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTexts } from "../shell/context.tsx";
import { observeSizes } from "../shell/effects.ts";

/** Texts with at most this many lines are never folded. */
const LINES_MAX = 24;
/** Texts up to this length fit on the narrowest phone and need no measuring. */
const SHORT_LENGTH = 300;
/** Number of characters that fill 20 lines in the widest window. */
const DRAWN_LENGTH = 8_000;
const DRAWN_LINES = 60;
const UNFOLDED_MAX = 100;

export class Unfolded {
  readonly #ids = new Set<number | string>();

  has(id: number | string): boolean {
    return this.#ids.has(id);
  }

  set(id: number | string, isOpen: boolean): void {
    this.#ids.delete(id);
    if (!isOpen) return;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (oldest !== undefined && this.#ids.size > UNFOLDED_MAX) this.#ids.delete(oldest);
  }
}

function previewText(text: string): string {
  let offset = 0;
  for (let lines = 0; lines < DRAWN_LINES; lines++) {
    const next = text.indexOf("\n", offset);
    if (next < 0 || next > DRAWN_LENGTH) return text.slice(0, DRAWN_LENGTH);
    offset = next + 1;
  }
  return text.slice(0, offset - 1);
}

function isShort(text: string): boolean {
  return text.length <= SHORT_LENGTH && text.split("\n").length <= LINES_MAX - 4;
}

function useIsLong(box: RefObject<HTMLElement | null>, text: string): boolean {
  const [isLong, setLong] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text may have the same height
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => {
      const linePx = Number.parseFloat(getComputedStyle(element).lineHeight);
      setLong(element.scrollHeight > LINES_MAX * linePx);
    };
    measure();
    return observeSizes([element], measure);
  }, [box, text]);
  return isLong;
}

export interface FoldProps {
  readonly id: number | string;
  readonly text: string;
  readonly unfolded: Unfolded;
  readonly isJumpTarget?: boolean;
  readonly children: (text: string) => ReactNode;
}

export function Foldable(props: FoldProps) {
  return isShort(props.text) ? props.children(props.text) : <FoldedText {...props} />;
}

function FoldedText({ id, text, unfolded, isJumpTarget = false, children }: FoldProps) {
  const texts = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(() => isJumpTarget || unfolded.has(id));
  const isTooTall = useIsLong(box, text);
  const preview = previewText(text);
  const isLong = isTooTall || preview.length < text.length;
  const open = (isOpenNow: boolean) => {
    unfolded.set(id, isOpenNow);
    setOpen(isOpenNow);
  };
  useEffect(() => {
    if (!isJumpTarget) return;
    unfolded.set(id, true);
    setOpen(true);
  }, [isJumpTarget, id, unfolded]);
  return (
    <>
      <div
        ref={box}
        className={isLong && !isOpen ? "fold is-folded" : "fold"}
        // The browser scrolls this box when it finds a match or sets the focus in the hidden part.
        onScroll={() => open(true)}
      >
        {children(isOpen ? text : preview)}
      </div>
      {isLong ? (
        <button
          type="button"
          className="button button-small fold-button"
          aria-expanded={isOpen}
          onClick={() => open(!isOpen)}
        >
          {isOpen ? texts.showLess : texts.showMore}
        </button>
      ) : null}
    </>
  );
}
